/** A student whose features are frozen (Table 8): what learns, what its masks do, what it costs; and a student that begins as another. */
import { expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { configMacs, probingMacs } from "../metrics/cost";
import { initViT, type ViTConfig } from "../models/vit/config";
import type { Weights } from "../models/weights";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
import type { Network } from "../tasks/vitNetwork";
import { Session } from "./session";
import { STUDENT } from "./step.fixture";

const dataset = scenes({ side: 16, train: 8, test: 8, seed: 3 });
const { classes, moments } = dataset;
const config: ViTConfig = { ...STUDENT, image: 16, patch: 4, channels: 3, classes: classes.length };
const teacher: Network = { id: "t", name: "teacher", weights: initViT(config, 1), config, moments, classes };
/** A self-supervised network, as one may begin: no head, another normalisation. */
const start: Network = {
  ...teacher,
  id: "s",
  name: "features",
  config: { ...config, classes: 0 },
  weights: initViT({ ...config, classes: 0 }, 2),
};
const own = { batch: 8, steps: 6, augment: "none", keep: 0.5, decay: 0.1, lr: 1e-2, frozen: "on" };
const settings = { ...SCHEMA.defaults(), ...own, ...runtime.networks.sizesOf?.(start) };

const changed = (a: Weights, b: Weights) => [...a.keys()].filter((name) => String(a.get(name)!.data) !== String(b.get(name)!.data));

test("only the head learns, and an image's mask stays as it is", async () => {
  const session = await Session.create({ engine: await testEngine(), runtime, sources: { dataset, teacher, start }, settings });
  const before = await session.task.weights();
  expect([...before.get("blocks.1.mlp.fc1.weight")!.data]).toEqual([...start.weights.get("blocks.1.mlp.fc1.weight")!.data]);
  const first = await session.task.snapshot([0, 1, 2, 3]);
  const losses: number[] = [];
  for (let step = 0; step < 6; step++) losses.push((await session.advance()).losses.ce);
  expect(changed(before, await session.task.weights())).toEqual(["head.weight", "head.bias"]);
  expect(losses[5]).toBeLessThan(losses[0]);
  const last = await session.task.snapshot([0, 1, 2, 3]);
  expect(last.kept).toEqual(first.kept);
  expect(last.logits).not.toEqual(first.logits);
  const macs = configMacs(config);
  expect(session.task.cost()?.studentMacs).toBe(macs.total + macs.head);
  expect(probingMacs(config)).toBe(macs.total + macs.head);
  session.destroy();
});

test("a run that began as a file goes on only with it, and a file that knows the classes keeps its head", async () => {
  const engine = await testEngine();
  const session = await Session.create({
    engine,
    runtime,
    sources: { dataset, start: teacher },
    settings: { ...settings, teacher: "none" },
  });
  expect(changed(await session.task.weights(), teacher.weights)).toEqual([]);
  await session.advance();
  const saved = await session.save();
  expect(() => Session.restore({ engine, runtime, sources: { dataset } }, saved)).toThrow(/began as teacher/);
  const restored = Session.restore({ engine, runtime, sources: { dataset, start: teacher } }, saved);
  expect((await restored.advance()).losses).toEqual((await session.advance()).losses);
  for (const one of [session, restored]) one.destroy();
});
