/** What a file says that a page saw of a run is believed only where it can be drawn and gone on with. */
import { expect, test } from "vitest";
import { packBits } from "../../metrics/bits";
import { initViT } from "../../models/vit/config";
import { SCHEMA } from "../../tasks";
import { sealed } from "../../train/bundle";
import { writeCheckpoint } from "../../train/checkpoint";
import { History } from "./history";
import { openRunFile } from "./runFile";

const PLAIN = { image: 8, patch: 4, channels: 3, width: 8, heads: 2, headDim: 4, mlp: 8, qkvBias: true, projBias: true, eps: 1e-6 };
const RUN = writeCheckpoint({
  ...{ settings: SCHEMA.defaults(), given: [], step: 3, changes: [], dataset: { id: "scenes-1", name: "Scenes" } },
  ...{ weights: initViT({ ...PLAIN, classes: 2, depth: 1, activation: "gelu" }, 1), extras: new Map() },
  optimizer: { step: 3, first: new Float32Array(4), second: new Float32Array(4) },
});
const report = (step: number) => ({ step, losses: { ce: step }, rates: { student: 0.5 }, lr: 1e-3, ms: 10, imagesPerSecond: 100 });

/** What was seen of a run of 2,000 steps up to its third: a point is being made. */
function seen(): Record<string, unknown> {
  const history = new History(2000);
  for (const step of [1, 2, 3]) history.push(report(step));
  history.tested({ step: 3, scores: { top1: 0.5 }, count: 9, right: packBits([1, 0, 1, 0, 0, 0, 0, 0, 1]) });
  return JSON.parse(JSON.stringify(history));
}

/** The history in a file that says this of it. */
async function opened(text: string): Promise<History> {
  const file = new File([(await sealed(RUN, "a GPU", text)) as BlobPart], "mine.safetensors");
  return (await openRunFile(file, "a GPU")).history!;
}

test("what was seen goes on where it was", async () => {
  const history = await opened(JSON.stringify(seen()));
  for (const step of [4, 5]) history.push(report(step));
  expect(history.points).toMatchObject([
    { step: 4, losses: { ce: 2.5 } },
    { step: 5, losses: { ce: 5 } },
  ]);
});

test("a point without losses is one without losses", async () => {
  const history = await opened(JSON.stringify({ ...seen(), points: [{ step: 1 }] }));
  history.push(report(4));
  expect(history.points).toMatchObject([{ step: 4, losses: { ce: 4 } }]);
});

test.each([
  ["replaces what it does", (text: string) => text.replace("{", '{"__proto__":{"push":1},')],
  ["names what it does", (text: string) => text.replace("{", '{"push":1,"keep":1,')],
])("a text that %s changes nothing", async (_, edited) => {
  const history = await opened(edited(JSON.stringify(seen())));
  history.push(report(4));
  history.keep("naming", "maps", { step: 4, value: 1 }, 9);
  expect(history.points).toHaveLength(1);
});

test.each([
  ["a point under way that is not there", { points: [] }],
  ["a place in it that is no number", { inPoint: "x" }],
  ["means that are none", { means: null }],
  ["a mean without its parts", { means: { student: 5 } }],
  ["nothing measured last", { latest: null }],
  ["a speed that is a word", { ms: "fast" }],
  ["a loss scale that is a word", { scaled: "x" }],
  ["fewer steps than none", { total: -5 }],
  ["answers that are none", { evaluations: [{ step: 1, scores: { top1: 1 }, count: 8, right: {} }] }],
  ["answers to other images", { evaluations: [{ step: 1, scores: { top1: 1 }, count: 8, right: "AAAA" }] }],
])("%s is refused", async (_, part) => {
  await expect(opened(JSON.stringify({ ...seen(), ...part }))).rejects.toThrow(
    "mine.safetensors is damaged or was edited: what was seen of the run cannot be read.",
  );
});
