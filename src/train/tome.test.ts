/** A run whose teacher merges tokens: what it costs, that it can change while it runs, and what it does not go with. */
import { expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { configMacs } from "../metrics/cost";
import { initViT, type ViTConfig } from "../models/vit/config";
import { testEngine } from "../ops/check";
import { SCHEMA, TASKS } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
import type { Network } from "../tasks/vitNetwork";
import { Session } from "./session";
import { STUDENT } from "./step.fixture";

const dataset = scenes({ side: 16, train: 16, test: 8, seed: 3 });
const { classes, moments } = dataset;
const config: ViTConfig = { ...STUDENT, image: 16, patch: 4, channels: 3, classes: classes.length };
const teacher: Network = { id: "t", name: "teacher", weights: initViT(config, 1), config, moments, classes };
const settings = { ...SCHEMA.defaults(), ...{ width: 24, depth: 2, heads: 2, batch: 8, steps: 4, keep: 1 } };

test("merging is live, is counted, and answers otherwise than all tokens", async () => {
  const session = await Session.create({ engine: await testEngine(), runtime, sources: { dataset, teacher }, settings });
  const images = [0, 1, 2, 3];
  const [whole, full] = [await session.task.snapshot(images), session.task.cost()!];
  session.set("tome", 3);
  const [merged, less] = [await session.task.snapshot(images), session.task.cost()!];
  expect(merged.logits).toEqual(whole.logits);
  expect(merged.teacherLogits).not.toEqual(whole.teacherLogits);
  expect([full.macs, less.macs]).toEqual([configMacs(config).total, configMacs(config, 16, 3).total]);
  expect(less.fullMacs).toBe(full.macs);
  expect(Number.isFinite((await session.advance()).losses.kd)).toBe(true);
  expect((await session.task.teacherTime())!.bytes).toBeGreaterThan(0);
  expect(() => session.set("base", "manifold")).toThrow(/tome cannot be 3.*compares tokens/);
  session.destroy();
});

test("a loss that compares tokens one by one is told at the setting", () => {
  const { conflicts } = TASKS.classification;
  expect(conflicts?.({ ...settings, tome: 2, base: "attention" } as never)).toHaveProperty("tome");
  expect(conflicts?.({ ...settings, tome: 2, base: "hard" } as never)).toEqual({});
  expect(conflicts?.({ ...settings, patch: 5 } as never)).toEqual({ patch: "Patches of 5 pixels do not tile images of 32." });
});
