/** CaiT on the GPU against the float64 reference: answers, saliency, gradients, and its file under timm's names. */
import { describe, expect, test } from "vitest";
import { Graph } from "../../engine/graph";
import { Program } from "../../engine/program";
import { compare, randoms, testEngine, upload } from "../../ops/check";
import { crossEntropy } from "../../ops/losses";
import { gradientReader } from "../gradients.fixture";
import { Params } from "../params";
import { caitForward64 } from "./cait.reference";
import type { ViTConfig } from "./config";
import { look } from "./forward.fixture";
import { vit } from "./model";
import { inferViT, timmNames, toTimm } from "./names";
import { ODD, weightsOf } from "./odd.fixture";

const BATCH = 3;
const CAIT: ViTConfig = { ...ODD, family: "cait", classDepth: 2, heads: 3, headDim: 4, width: 12 };
const WEIGHTS = weightsOf(CAIT);
const IMAGES = randoms(BATCH * CAIT.channels * CAIT.image ** 2, 9);
const KEEP = [
  [3, 1, 8, 0],
  [7, 6, 4, 5],
  [0, 1, 2, 3],
];

describe.each([
  ["all", undefined],
  ["kept", KEEP],
])("%s patches", (_, keep) => {
  const expected = caitForward64(CAIT, WEIGHTS, IMAGES, BATCH, keep);

  test("give the reference's answers, and saliency from the last class attention", async () => {
    const found = await look(CAIT, WEIGHTS, IMAGES, {
      keep,
      extra: ({ saliency }) => ({ mean: saliency(), each: saliency({ perHead: true }), eq2: saliency({ reading: "eq2" }) }),
    });
    compare("logits", found.logits, expected.logits.flat(), 1e-5);
    const each = expected.attention.map((heads) => heads.map((row) => row.slice(1)));
    compare("per head", found.each, each.flat(2), 1e-5);
    const meanOf = (rows: number[][]) => rows[0].map((_, i) => rows.reduce((sum, row) => sum + row[i], 0) / rows.length);
    compare("mean", found.mean, each.flatMap(meanOf), 1e-5);
    const alone = each.map((heads) => heads.map((row) => row.map((v) => v / row.reduce((a, b) => a + b))));
    compare("eq2", found.eq2, alone.flatMap(meanOf), 1e-5);
  });
});

test("gradients of every parameter are those of differences", async () => {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const params = new Params(engine, WEIGHTS);
  const images = graph.fixed(upload(engine, IMAGES, "f32"), [BATCH, CAIT.channels, CAIT.image, CAIT.image]);
  const labels = [0, 2, 1];
  const { logits } = vit(params.on(graph, true), CAIT, images);
  const loss = crossEntropy(logits, { labels: graph.fixed(upload(engine, labels, "u32"), [BATCH], "u32") });
  const reader = gradientReader(
    params,
    graph.gradients((grads) => loss.seed(1, grads)),
  );
  const fetched = await (await Program.compile(graph, { ...reader.outputs, loss: loss.value })).fetch();
  const found = reader.read(fetched);
  const loss64 = (weights: ReadonlyMap<string, { data: ArrayLike<number> }>) =>
    caitForward64(CAIT, weights, IMAGES, BATCH).logits.reduce(
      (sum, z, b) => sum - z[labels[b]] + Math.log(z.reduce((s, v) => s + Math.exp(v), 0)),
      0,
    ) / BATCH;
  compare("loss", fetched.loss, [loss64(WEIGHTS)], 1e-5);
  for (const [name, { data }] of WEIGHTS) {
    const at = Math.floor(data.length / 3);
    const moved = (by: number) => {
      const values = Float64Array.from(data);
      values[at] += by;
      return loss64(new Map<string, { data: ArrayLike<number> }>([...WEIGHTS, [name, { data: values }]]));
    };
    compare(`gradient of ${name}[${at}]`, [found.get(name)![at]], [(moved(1e-5) - moved(-1e-5)) / 2e-5], 1e-4);
  }
});

test("is written under timm's names and read again", () => {
  const saved = timmNames(WEIGHTS, CAIT);
  expect([...saved.keys()]).toEqual(
    expect.arrayContaining(["blocks.0.gamma_1", "blocks.1.attn.proj_l.weight", "blocks_token_only.1.gamma_2"]),
  );
  const read = toTimm(new Map([...saved].map(([name, weight]) => [`module.${name}`, weight])));
  expect(new Map([...read].sort())).toEqual(new Map([...WEIGHTS].sort()));
  expect(inferViT(read, 3)).toEqual(CAIT);
});
