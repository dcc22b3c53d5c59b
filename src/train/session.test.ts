/** A run is a function of its seed: saved and continued, it ends with the same bits. */
import { expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
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
