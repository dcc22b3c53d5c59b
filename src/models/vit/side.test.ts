/** A ViT on smaller and larger images than it was made for, against the float64 reference with positions interpolated there. */
import { expect, test } from "vitest";
import { Graph } from "../../engine/graph";
import { Program } from "../../engine/program";
import { compare, randoms, testEngine, upload } from "../../ops/check";
import { positions64 } from "../../ops/positions.fixture";
import { Params } from "../params";
import type { Weight } from "../weights";
import { initViT, type ViTConfig } from "./config";
import { vit } from "./model";
import { vitForward64 } from "./reference";
import { atSide } from "./side";
import { DEIT_S } from "./vit.fixture";

const CONFIG: ViTConfig = { ...DEIT_S, image: 12, patch: 3, classes: 4, width: 8, depth: 2, heads: 2, headDim: 4, mlp: 16 };
/** Positions large enough to be seen in what the network says. */
const weights = new Map(
  [...initViT(CONFIG, 3)].map(([name, w]) => [name, name === "pos_embed" ? { ...w, data: w.data.map((v) => 50 * v) } : w]),
);

test.each([6, 9, 15])("images of %i pixels are answered with interpolated positions", async (side) => {
  const engine = await testEngine();
  const graph = new Graph(engine);
  const pixels = randoms(2 * 3 * side * side, side);
  const params = new Params(engine, weights);
  const small = atSide(params.on(graph, false), CONFIG, side);
  const { logits } = vit(small.params, small.config, graph.fixed(upload(engine, pixels, "f32"), [2, 3, side, side]));
  const program = await Program.compile(graph, { logits });
  const positions = positions64((weights.get("pos_embed") as Weight).data, 4, side / 3, 8);
  const fitted = new Map<string, { data: ArrayLike<number> }>(weights).set("pos_embed", { data: positions });
  compare("logits", (await program.fetch()).logits, vitForward64({ ...CONFIG, image: side }, fitted, pixels, 2).logits.flat(), 1e-4);
  program.dispose();
  params.destroy();
});

test("patches have to tile the other side, too", async () => {
  const graph = new Graph(await testEngine());
  const params = new Params(graph.engine, weights);
  expect(() => atSide(params.on(graph, true), CONFIG, 7)).toThrow(/patches of 3 do not tile an image of 7/);
  params.destroy();
});
