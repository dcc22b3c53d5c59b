import { describe, expect, test } from "vitest";
import { testEngine } from "../../ops/check";
import { mapName, type View, type ViewSpec } from "../method";
import { distill, SMALL } from "./distill.fixture";
import { awake, checkGradients } from "./gradients.fixture";
import { DETECTION_METHODS } from "./index";
import type { DetectionMethod } from "./method";
import { FEATURES } from "./views";

/** What a map of such a kind measures, its pixels aside. */
function expectedShape({ kind }: ViewSpec, { at: { regions }, tensor: { shape } }: View): readonly number[] {
  if (kind === "regions") return [SMALL.batch, regions! ** 2];
  if (kind === "logits") return [SMALL.batch, regions! ** 2 * SMALL.classes * SMALL.anchors];
  if (kind === "mask") return [SMALL.batch, ...shape.slice(1, 3)];
  if (kind === "heat") return [SMALL.batch, ...shape.slice(1, 4)];
  return regions ? [SMALL.batch, regions ** 2, SMALL.teacher] : [SMALL.batch, SMALL.teacher];
}

const methods: DetectionMethod[] = Object.values(DETECTION_METHODS);
describe.each(methods.map((method) => ({ name: method.name, method })))("$name", ({ method }) => {
  /** MKD's loss on the encoder and SAMKD's on its projection are off by default. */
  const encoder: Record<string, string> = "encoder" in method.knobs ? { encoder: "on" } : {};
  const all: Record<string, string> = "projection" in method.knobs ? { projection: "aligned" } : encoder;

  test("declares what it uses: every term has a number knob and a loss", async () => {
    const { terms, run } = await distill(await testEngine(), method, { knobs: all });
    expect(terms.sort()).toEqual(Object.keys(method.terms).sort());
    for (const { weight } of Object.values(method.terms)) expect(method.knobs[weight].kind).toBe("number");
    for (const [term, value] of Object.entries((await run()).values)) expect(value, term).toBeGreaterThan(0);
  });

  test("its terms are called otherwise than those of any detector, beside which they are reported", () => {
    expect(Object.keys(method.terms).filter((term) => ["cls", "box", "centerness", "dfl"].includes(term))).toEqual([]);
  });

  test("declares every picture it makes, and makes every picture it declares", async () => {
    const { views } = await distill(await testEngine(), method, { knobs: all });
    for (const one of views) {
      const spec = method.views[one.view];
      expect(Object.keys(one.at), one.view).toEqual(spec.axes);
      expect(one.tensor.shape, one.view).toEqual(expectedShape(spec, one));
      if (spec.threshold) expect(method.knobs[spec.threshold].kind).toBe("number");
      if (spec.mask) expect(views.map(mapName)).toContain(mapName({ view: spec.mask, at: one.at }));
    }
    expect(new Set(views.map(mapName)).size).toBe(views.length);
    const made = new Set([...views.map(({ view }) => view), ...Object.keys(FEATURES)]);
    expect([...made].sort()).toEqual(Object.keys(method.views).sort());
  });

  test("its gradients agree with differences of its value", async () => {
    // W, detached by default, changes the value without a gradient.
    const knobs = "detach" in method.knobs ? { detach: "on" } : encoder;
    // Differences of a wide decoder's value need steps that float32 does not resolve.
    const narrow: Record<string, string> = "decoderWidth" in method.knobs ? { decoderWidth: "teacher" } : {};
    await checkGradients(await distill(await testEngine(), method, { knobs: { ...knobs, ...narrow }, modules: awake }));
  });
});
