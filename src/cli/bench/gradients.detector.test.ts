/** Two automatic derivatives, one loss: a detector's first loss and every gradient agree with jax-js, for each kind. */
import { beforeAll, expect, test } from "vitest";
import { Program } from "../../engine/program";
import { DETECTORS, type DetectorConfig, smallDetector } from "../../models/detector/config";
import { weightsOf } from "../../models/detector/detector.fixture";
import { toTorch } from "../../models/detector/names";
import { gradientReader } from "../../models/gradients.fixture";
import { compare, randoms, testEngine } from "../../ops/check";
import type { Setup } from "./contest";
import { jaxGradients } from "./jax";
import { offerGPU } from "./navigator.node";
import { traceDetector } from "./ours.detector";

beforeAll(async () => {
  await offerGPU();
});

/** Two images of 64 pixels with small, large, nested and no objects. */
function setupOf(kind: DetectorConfig["kind"]): Setup {
  const config: DetectorConfig = { ...smallDetector(kind, "student", 3, 64), width: 4, channels: 8 };
  const imageShape = [2, 3, 64, 64];
  return {
    ...{ task: "detector-step", teacher: new Map(), heads: [1, 1], keep: 1, seed: 0, labels: new Int32Array() },
    student: toTorch(weightsOf(config)),
    ...{ images: Float32Array.from(randoms(2 * 3 * 64 * 64, 5)), imageShape },
    detector: {
      config,
      truths: [
        [
          { category: 1, box: [10, 6, 31, 29] },
          { category: 2, box: [4, 2, 60, 62] },
          { category: 0, box: [40, 44, 53, 55] },
        ],
        [],
      ],
    },
  };
}

/** jax-js compiles for minutes before it answers: one kind is compared by default. MDP_EVERY_DETECTOR=1 compares them all. */
const KINDS = process.env.MDP_EVERY_DETECTOR ? DETECTORS : (["gfl"] as const);

test.each(KINDS)(
  "%s",
  async (kind) => {
    const setup = setupOf(kind);
    const { params, grads, outputs } = traceDetector(await testEngine(), setup);
    const reader = gradientReader(params, grads);
    const fetched = await (await Program.compile(grads.graph, { ...outputs, ...reader.outputs })).fetch();
    const found = toTorch(
      new Map(
        [...reader.read(fetched)].map(([name, data]) => [name, { shape: params.places.get(name)!.shape, data: Float32Array.from(data) }]),
      ),
    );
    const expected = await jaxGradients(setup);
    const loss = Object.keys(outputs).reduce((sum, name) => sum + fetched[name][0], 0);
    compare("loss", [loss / expected.loss], [1], 1e-5);
    expect([...found.keys()]).toEqual([...expected.grads.keys()]);
    for (const [name, { data }] of expected.grads) {
      const largest = data.reduce((top, v) => Math.max(top, Math.abs(v)), 0) || 1;
      const scaled = (values: Float32Array) => Array.from(values, (v) => v / largest);
      compare(name, scaled(found.get(name)!.data), scaled(data), 1e-4);
    }
  },
  600_000,
);
