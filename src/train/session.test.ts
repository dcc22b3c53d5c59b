/** A run is a function of its seed: saved and continued, it ends with the same bits. */
import { expect, test, vi } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { scenes } from "../data/scenes";
import { openEngine } from "../engine/device";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
import { readCheckpoint, writeCheckpoint } from "./checkpoint";
import { Session } from "./session";

const dataset = scenes({ side: 16, train: 24, test: 12, seed: 3 });
const sources = { dataset };
const settings = { ...SCHEMA.defaults(), width: 8, depth: 1, heads: 2, batch: 4, steps: 6, seed: 5 };

async function losses(session: Session, steps: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < steps; i++) found.push((await session.advance()).losses.ce);
  return found;
}

test("a saved run continues with the same bits", async () => {
  const engine = await testEngine();
  const whole = Session.create({ engine, runtime, sources, settings });
  const expected = await losses(whole, 5);
  const half = Session.create({ engine, runtime, sources, settings });
  const first = await losses(half, 2);
  const continued = Session.restore({ engine, runtime, sources }, await half.save());
  expect(continued.step).toBe(2);
  expect([...first, ...(await losses(continued, 3))]).toEqual(expected);
  expect(await continued.task.weights()).toEqual(await whole.task.weights());
  for (const session of [whole, half, continued]) session.destroy();
});

test("what belongs to the next run is refused during one, and a live change acts", async () => {
  const session = Session.create({ engine: await testEngine(), runtime, sources, settings });
  expect(() => session.set("width", 16)).toThrow(/width cannot change during a run/);
  expect(() => session.set("lr", 99)).toThrow(/lr cannot be "99"/);
  expect(session.set("lr", 2e-3)).toEqual({ step: 0, key: "lr", from: 1e-3, to: 2e-3 });
  expect(session.settings.lr).toBe(2e-3);
  session.destroy();
});

test("memory is planned before the first step takes it, to the byte", async () => {
  const engine = await openEngine(await nodeGPU());
  const session = Session.create({ engine, runtime, sources, settings });
  const { parameters, moments, gradients, activations, others, total, batch, fits } = session.plan();
  expect(parameters + moments + gradients + activations + others).toBe(total);
  expect([moments, batch, fits]).toEqual([2 * parameters, 4, 4]);
  expect(others).toBeGreaterThan(0);
  await session.advance();
  expect(engine.usedBytes).toBe(total);
  engine.destroy();
});

test("a step that a GPU's limits do not allow is refused with the batch that they do", async () => {
  const engine = await openEngine(await nodeGPU());
  const session = Session.create({ engine, runtime, sources, settings: { ...settings, batch: 24 } });
  const largest = vi.spyOn(engine, "largestBuffer", "get");
  largest.mockReturnValue(session.plan().largest - 1);
  await expect(session.advance()).rejects.toThrow(/^One buffer needs .* Use a batch of at most 23\.$/);
  expect(session.plan().fits).toBe(23);
  largest.mockReturnValue(100);
  await expect(session.advance()).rejects.toThrow(/Use smaller images or a smaller model\.$/);
  largest.mockRestore();
  await session.advance();
  expect(session.step).toBe(1);
  engine.destroy();
});

test("a file that is no run, or a damaged one, is refused by name", async () => {
  const engine = await testEngine();
  const session = Session.create({ engine, runtime, sources, settings });
  const saved = await session.save();
  expect(() => Session.restore({ engine, runtime, sources }, saved.slice(0, 200))).toThrow(/the saved run/);
  const text = new TextDecoder("latin1").decode(saved).replace('\\"step\\":0', '\\"stop\\":0');
  const edited = Uint8Array.from(text, (c) => c.charCodeAt(0));
  expect(() => Session.restore({ engine, runtime, sources }, edited)).toThrow(/damaged or was edited/);
  session.destroy();
});

test("sgd updates as it is told to: by the learning rate, and from the second step with momentum", async () => {
  const engine = await testEngine();
  const moved = async (changed: object, steps: number) => {
    const session = Session.create({ engine, runtime, sources, settings: { ...settings, optimizer: "sgd", decay: 0, ...changed } });
    const before = await session.task.weights();
    await losses(session, steps);
    const after = await session.task.weights();
    session.destroy();
    return [...after].flatMap(([name, { data }]) => Array.from(data, (v, i) => v - before.get(name)!.data[i]));
  };
  const once = await moved({ lr: 0.004 }, 1);
  const twice = await moved({ lr: 0.008 }, 1);
  const length = Math.hypot(...once);
  expect(length).toBeGreaterThan(1e-4);
  expect(Math.hypot(...twice.map((v, i) => v - 2 * once[i]))).toBeLessThan(1e-2 * length);
  expect(await moved({ lr: 0.004, momentum: 0 }, 1)).toEqual(once);
  const [plain, rolling] = [await moved({ lr: 0.004, momentum: 0 }, 2), await moved({ lr: 0.004, momentum: 0.9 }, 2)];
  expect(Math.hypot(...rolling)).toBeGreaterThan(1.3 * Math.hypot(...plain));
  expect(await moved({ lr: 0.004, optimizer: "adamw" }, 1)).not.toEqual(once);
});

test("a schedule of steps falls after 8 and 11 of 12 parts of the run", async () => {
  const engine = await testEngine();
  const session = Session.create({ engine, runtime, sources, settings: { ...settings, steps: 24, schedule: "step", lr: 0.01 } });
  const rates: number[] = [];
  for (let i = 0; i < 24; i++) rates.push((await session.advance()).lr);
  const expected = Array.from({ length: 24 }, (_, i) => (i + 1 < 2 ? 0.005 : i + 1 < 16 ? 0.01 : i + 1 < 22 ? 0.001 : 0.0001));
  for (const [i, rate] of rates.entries()) expect(rate).toBeCloseTo(expected[i], 8);
  session.destroy();
});

test("a run by sgd in steps continues with the same bits; one saved before there was a choice goes on by adamw and a cosine", async () => {
  const engine = await testEngine();
  const own = { ...settings, optimizer: "sgd", schedule: "step", momentum: 0.8, lr: 0.01 } as const;
  const whole = Session.create({ engine, runtime, sources, settings: own });
  const expected = await losses(whole, 5);
  const half = Session.create({ engine, runtime, sources, settings: own });
  await losses(half, 2);
  const continued = Session.restore({ engine, runtime, sources }, await half.save());
  expect(continued.settings).toMatchObject({ optimizer: "sgd", schedule: "step", momentum: 0.8 });
  expect(await losses(continued, 3)).toEqual(expected.slice(2));
  const old = readCheckpoint(await whole.save());
  const { optimizer: _, schedule: __, momentum: ___, ...before } = old.settings;
  const restored = Session.restore({ engine, runtime, sources }, writeCheckpoint({ ...old, settings: before as never }));
  expect(restored.settings).toMatchObject({ optimizer: "adamw", schedule: "cosine" });
  for (const session of [whole, half, continued, restored]) session.destroy();
});
