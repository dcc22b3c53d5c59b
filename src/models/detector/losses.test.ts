/** Loss and gradient of whole detectors, for every parameter, against a float64 reference and its differences. */
import { expect, test } from "vitest";
import { Graph } from "../../engine/graph";
import { Program } from "../../engine/program";
import type { GroundTruth } from "../../geometry/boxes";
import { compare, randoms, testEngine, upload } from "../../ops/check";
import { gradientReader } from "../gradients.fixture";
import { Params } from "../params";
import type { Weights } from "../weights";
import { assigner } from "./assign";
import { DETECTORS, type DetectorConfig, smallDetector } from "./config";
import { detector } from "./detector";
import { weightsOf } from "./detector.fixture";
import { detectorForward64, type Weights64 } from "./detector.reference";
import { detectorLosses } from "./losses";
import { detachedOf, detectorLoss64 } from "./losses.reference";
import { Targets } from "./targets";

/** Small, large and nested objects of each class. */
const TRUTHS: GroundTruth[] = [
  { category: 1, box: [10, 6, 31, 29] },
  { category: 2, box: [4, 2, 60, 62] },
  { category: 0, box: [40, 44, 53, 55] },
];

const TERMS = {
  retinanet: ["cls", "box"],
  fcos: ["cls", "box", "centerness"],
  atss: ["cls", "box", "centerness"],
  gfl: ["cls", "box", "dfl"],
};

/** Every parameter is checked for one kind; for the others the head and, of what all share, the first layer and a lateral. */
const SHARED = /^bbox_head|^backbone\.conv1|^neck\.lateral_convs\.0/;

test.each(DETECTORS)("%s", async (kind) => {
  const config: DetectorConfig = { ...smallDetector(kind, "student", 3, 64), width: 4, channels: 8 };
  const weights = weightsOf(config);
  const image = randoms(64 * 64 * 3, 5);
  const { losses, gradients } = await ours(config, weights, image);
  expect(Object.keys(losses)).toEqual(TERMS[kind]);
  const reference = referenceLoss(config, weights, image);
  compare("loss", [Object.values(losses).reduce((a, b) => a + b)], [reference(weights)], 1e-5);
  const checked = [...weights].filter(([name]) => kind === "gfl" || SHARED.test(name));
  for (const [i, [name, { shape, data }]] of checked.entries()) {
    const along = randoms(data.length, 50 + i);
    const moved = (by: number): Weights64 =>
      new Map<string, { shape: number[]; data: ArrayLike<number> }>(weights).set(name, {
        shape,
        data: along.map((v, j) => data[j] + by * v),
      });
    const slope = (reference(moved(1e-6)) - reference(moved(-1e-6))) / 2e-6;
    const gradient = gradients.get(name)!;
    const scale = Math.hypot(...gradient) + 1e-6;
    compare(`${name}, along a random direction`, [gradient.reduce((sum, g, j) => sum + g * along[j], 0) / scale], [slope / scale], 1e-4);
  }
});

async function ours(config: DetectorConfig, weights: Weights, image: ArrayLike<number>) {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const params = new Params(engine, weights);
  const targets = new Targets(engine, config, 1);
  targets.load([assigner(config)(TRUTHS)]);
  const pixels = graph.fixed(upload(engine, image, "f32"), [1, 64, 64, 3]);
  const losses = detectorLosses(config, detector(params.on(graph, true), config, pixels).levels, targets);
  const grads = graph.gradients((g) => {
    for (const loss of Object.values(losses)) loss.seed(1, g);
  });
  const reader = gradientReader(params, grads);
  const values = Object.fromEntries(Object.entries(losses).map(([name, { value }]) => [name, value]));
  const fetched = await (await Program.compile(graph, { ...values, ...reader.outputs })).fetch();
  return {
    losses: Object.fromEntries(Object.keys(losses).map((name) => [name, fetched[name][0]])),
    gradients: reader.read(fetched),
  };
}

/** The loss as a function of the weights; what carries no gradient stays as it is at `weights`. */
function referenceLoss(config: DetectorConfig, weights: Weights, image: ArrayLike<number>): (weights: Weights64) => number {
  const targets = [assigner(config)(TRUTHS)];
  const said = (w: Weights64) => [detectorForward64(config, w, image)];
  const detached = config.kind === "gfl" ? detachedOf(config, said(weights), targets) : undefined;
  return (w) => detectorLoss64(config, said(w), targets, detached);
}
