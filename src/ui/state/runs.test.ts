/** Which run is set beside which, and what is said of them: from made-up runs whose answers can be worked out by hand. */
import { expect, test } from "vitest";
import { packBits } from "../../metrics/bits";
import type { Settings } from "../../settings/run";
import { SCHEMA } from "../../tasks";
import { pageOf } from "../tasks";
import { difference } from "./difference";
import { isSame, partnerOf, type Run, reason, runOf } from "./runs";
import { run } from "./runs.fixture";
import { scoreOf } from "./score";
import type { State } from "./store";
import { besideOf, offerOf, verdict } from "./summary";

/** A state in which this run has just ended. */
function ended({ settings, evaluations, sums, teacher, changes, step, total, points }: Run, runs: Run[], baseline?: number): State {
  const history = { points, evaluations, sums, total, moments: () => [] };
  const views = { classification: { gallery: { classes: new Array(12).fill("class") } } };
  return { active: settings, history, teacher, changes, step, runs, baseline, views } as unknown as State;
}

const masked = run(3, { keep: 0.5 }, 0.497);
const full = run(1, { keep: 1 }, 0.5);
const alone = run(2, { keep: 1, "maskedkd.lambda": 0 }, 0.3);

test("a masked run is set beside its pair that keeps every patch, else beside the student alone, else the run before", () => {
  const other = run(4, { keep: 1, seed: 2 });
  expect(partnerOf(masked, { runs: [full, alone, other] })).toMatchObject({ run: { id: 1 }, as: "all patches" });
  expect(partnerOf(masked, { runs: [alone, other] })).toMatchObject({ run: { id: 2 }, as: "alone" });
  expect(partnerOf(masked, { runs: [other] })).toMatchObject({ run: { id: 4 }, as: "before" });
  expect(partnerOf(full, { runs: [masked] })).toMatchObject({ run: { id: 3 }, as: "masked" });
  expect(partnerOf(masked, { runs: [masked] })).toBeUndefined();
  const elsewhere = { ...full, dataset: { id: "files-1", name: "pets" } };
  expect(partnerOf(masked, { runs: [elsewhere] })).toBeUndefined();
});

test("what is pinned comes first, and a run that was changed on the way is no pair", () => {
  const other = run(4, { width: 96 });
  expect(partnerOf(masked, { runs: [full, other], baseline: 4 })).toMatchObject({ run: { id: 4 }, as: "baseline" });
  const steered = { ...full, changes: [{ step: 3, key: "lr", from: 1e-3, to: 1e-2 }] } as Run;
  expect(partnerOf(masked, { runs: [steered] })?.as).toBe("before");
  expect(partnerOf(masked, { runs: [run(5, { keep: 1 }, 0.5, { step: 400 })] })?.as).toBe("before");
});

test("errors measured at its last step are kept with a run, those measured earlier are not", () => {
  const errors = { step: 1000, images: 200, classes: [], student: { overall: {} } };
  const state = { ...ended(masked, []), errors } as unknown as State;
  expect(runOf(state)?.errors).toEqual({ student: errors.student, images: 200 });
  expect(runOf({ ...state, step: 999 })?.errors).toBeUndefined();
});

test("a run of the same settings and seed is the same run", () => {
  expect(isSame(masked, run(9, { keep: 0.5 }, 0.497))).toBe(true);
  expect(isSame(masked, run(9, { keep: 0.5, seed: 2 }, 0.497))).toBe(false);
});

test("what is changed after the last step belongs to the next run", () => {
  const state = ended(masked, []);
  const after = { step: 1000, key: "keep", from: 0.5, to: 0.25 } as const;
  const moved = { ...state, changes: [after], active: { ...masked.settings, keep: 0.25 } };
  expect(isSame(runOf(moved) as Run, runOf(state) as Run)).toBe(true);
});

test("noise is that of shares of independent images", () => {
  // 1.96 sqrt(0.5 x 0.5 / 1000)
  expect(scoreOf(full).margin).toBeCloseTo(0.03099, 5);
  expect(difference(masked, full).by).toBeCloseTo(-0.003, 12);
  expect(difference(masked, full).interval?.[0]).toBeCloseTo(-0.003 - 0.04383, 5);
  expect(
    scoreOf({ settings: SCHEMA.defaults("samkd"), evaluations: [{ step: 1, scores: { map: 0.3 }, count: 100 }] }).margin,
  ).toBeUndefined();
});

test("the verdict of a pair says what the mask cost, that one pair cannot tell, and what it saved", () => {
  const said = verdict(ended(masked, [full])).join(" ");
  expect(said).toContain("The student classifies 49.7 % of 1,000 held-out images correctly (± 3.1 points); guessing would give 8.3 %.");
  expect(said).toContain(
    "Keeping 50 % of the patches cost 0.3 points against all of them (Run 1). The 95 % interval on these images is −4.7 to +4.1: one pair of runs cannot tell.",
  );
  expect(said).toContain("The mask saved 51 % of the teacher's multiply-adds.");
  expect(said).toContain("Advice takes pairs of 3 seeds or more.");
});

test("what was looked up from the second epoch on is no saving of the mask", () => {
  const lookedUp = {
    sums: { macs: 20, fullMacs: 100 },
    points: [{ smooth: {}, figures: { macs: 0, fullMacs: 5 } }] as unknown as Run["points"],
  };
  const said = (keep: number) => verdict(ended(run(3, { keep, frozen: "on" }, 0.5, lookedUp), [])).join(" ");
  expect(said(0.5)).toContain("The mask, and looking up what is the same in every epoch, saved 80 % of the teacher's multiply-adds.");
  expect(said(1)).toContain("Looking up what is the same in every epoch saved 80 % of the teacher's multiply-adds.");
});

test("a pair whose partner was deleted is one run again, and making the pair anew is offered", () => {
  const pair = ended(masked, [full]);
  expect(verdict(pair).join(" ")).toContain("(Run 1)");
  const left = { ...pair, runs: [] };
  expect(verdict(left).join(" ")).not.toContain("Run 1");
  expect(verdict(left).at(-1)).toContain("this run alone cannot tell");
  expect(offerOf(left)).toMatchObject({ settings: { keep: 1 } });
});

test("what is beyond noise, measured or unpaired is said, too", () => {
  const worse = verdict(ended(run(3, { keep: 0.1 }, 0.4, { sums: { macs: 10, fullMacs: 100 } }), [full])).join(" ");
  expect(worse).toContain(
    "cost 10.0 points against all of them (Run 1). The 95 % interval on these images is −14.3 to −5.7: these two students differ, but",
  );
  expect(worse).toContain("saved 90 % of the teacher's multiply-adds.");
  expect(worse).not.toContain("Try to keep");
  expect(verdict(ended(masked, [])).at(-1)).toContain("run the same seed with every patch");
  expect(verdict(ended(full, [alone])).join(" ")).toContain(
    "Learning from the teacher gained 20.0 points against labels alone (Run 2). The 95 %",
  );
  expect(verdict(ended(run(3, { keep: 0.25 }, 0.5), [masked], 3)).join(" ")).toContain(
    "0.3 points above the baseline, Run 3 (keep 50 % → 25 %)",
  );
});

const answered = (id: number, settings: Partial<Settings>, right: number[]): Run =>
  run(id, settings, 0, {
    evaluations: [
      { step: 1000, scores: { top1: right.filter(Boolean).length / right.length }, count: right.length, right: packBits(right) },
    ],
  });

test("two runs whose answers are known are compared image by image", () => {
  // Of 40 images one is right in 10 and 12 alone, 18 in both: 12 against 0 discordant pairs.
  const first = Array.from({ length: 40 }, (_, i) => Number(i < 30));
  const second = Array.from({ length: 40 }, (_, i) => Number(i < 18));
  const [now, other] = [answered(3, { keep: 0.5 }, first), answered(1, { keep: 1 }, second)];
  const { by, p, interval } = difference(now, other);
  expect(by).toBeCloseTo(0.3, 12);
  expect(p).toBeCloseTo(2 / 2 ** 12, 9);
  expect(interval?.[0]).toBeGreaterThan(0);
  expect(verdict(ended(now, [other])).join(" ")).toContain("(McNemar's test, p < 0.001): these two students differ");
  const elsewhere = { ...other, dataset: { id: "files-1", name: "pets" } };
  expect(difference(now, elsewhere).p).toBeUndefined();
});

test("several seeds are judged by their paired differences; then advice is given, and no further run is offered", () => {
  const seeded = (id: number, seed: number, keep: number, top1: number) => run(id, { seed, keep }, top1);
  const runs = [1, 2, 3].flatMap((seed) => [
    seeded(2 * seed, seed, 1, 0.5 + seed / 100),
    seeded(2 * seed + 1, seed, 0.5, 0.4 + seed / 100),
  ]);
  const now = seeded(9, 3, 0.5, 0.432);
  const said = verdict(ended(now, runs)).join(" ");
  // Differences -10, -10 and -9.8 points.
  expect(said).toContain("Over 3 seeds it is −9.9 points on average, 95 % interval −10.2 to −9.6: a difference.");
  expect(said).toContain("Try to keep more patches.");
  const { pairs } = pageOf("maskedkd");
  expect(pairs?.offer(now, besideOf(now, ended(now, runs)))).toBeUndefined();
  const [first] = [runs.slice(0, 2)];
  const alike = seeded(3, 1, 0.5, 0.41);
  expect(pairs?.offer(alike, besideOf(alike, ended(alike, first)))).toMatchObject({ settings: { seed: 2 } });
  const steered = runs.map((one) => ({ ...one, changes: [{ step: 1, key: "lr", from: 1, to: 2 }] }) as Run);
  expect(difference(now, runs[4], steered).seeds).toBeUndefined();
});

test("detectors are set beside detectors, of any method, and described by their mean average precision", () => {
  const detector = (id: number, settings: Partial<Settings>, map: number): Run => ({
    ...run(id, { ...SCHEMA.defaults("samkd"), ...settings }),
    ...{ evaluations: [{ step: 1000, scores: { map, ap50: 0.5 }, count: 100 }], sums: {} },
  });
  const [now, other] = [detector(6, {}, 0.3), detector(5, SCHEMA.defaults("mgd"), 0.25)];
  expect(partnerOf(now, { runs: [other, masked] })).toMatchObject({ run: { id: 5 }, as: "before" });
  const said = verdict(ended(now, [other, masked])).join(" ");
  expect(said).toContain("100 held-out images with a mean average precision of 30 %, 50 % where half a box is enough (AP50)");
  expect(said).toContain("5.0 points above Run 5 (preset mgd → samkd");
  expect(said).not.toContain("patches");
});

test("reasons name what differs, in the words of the address", () => {
  const parts = reason(SCHEMA.defaults(), { ...SCHEMA.defaults(), keep: 0.25, criterion: "random", seed: 7 }).split(", ");
  expect(parts.sort()).toEqual(["criterion student → random", "keep 50 % → 25 %", "seed 1 → 7"]);
});
