/** What methods are told of the objects on an image. */
import { expect, test } from "vitest";
import { Graph } from "../../engine/graph";
import { Program } from "../../engine/program";
import { testEngine } from "../../ops/check";
import { mix } from "../../ops/features";
import { DetectorInputs } from "./step";
import { config } from "./task.fixture";

test("crowds and difficult objects are kept out of the boxes of methods", async () => {
  const engine = await testEngine();
  const inputs = new DetectorInputs(engine, config, 2);
  const [one, two, three] = [[1, 2, 30, 40] as const, [5, 6, 20, 21] as const, [8, 9, 50, 60] as const];
  inputs.load(new Float32Array(2 * 64 * 64 * 3), [
    [
      { category: 0, box: one, crowd: true },
      { category: 0, box: two },
      { category: 0, box: three, difficult: true },
    ],
    [
      { category: 0, box: three },
      { category: 0, box: one },
    ],
  ]);
  const graph = new Graph(engine);
  const { boxes } = inputs.on(graph);
  const program = await Program.compile(graph, { boxes: mix(boxes, boxes, { lambda: 1, mu: 0 }) });
  const found = Array.from((await program.fetch()).boxes);
  const slots = found.length / 8;
  expect(found.slice(0, 8)).toEqual([...two, 0, 0, 0, 0]);
  expect(found.slice(4 * slots, 4 * slots + 12)).toEqual([...three, ...one, 0, 0, 0, 0]);
  program.dispose();
  inputs.destroy();
});
