/** What the page hears of a GPU that is lost, or is not there. */
import { expect, test } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { openEngine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { SCHEMA } from "../tasks";
import { IMAGES, SETTINGS, TestHost } from "./host.fixture";

test("a GPU that refuses before it is known to be lost is told as lost, not as a run that went wrong", async () => {
  const engine = await openEngine(await nodeGPU());
  const page = await TestHost.ready("maskedkd", async () => engine);
  page.send({ type: "start", settings: { ...SETTINGS, steps: 100_000, evaluate: 100_000 } });
  await page.next("step");
  engine.device.queue.submit = () => {
    setTimeout(() => engine.device.destroy(), 20);
    throw new Error("An operation was refused.");
  };
  await page.next("failed");
  expect(page.last("failed")).toMatchObject({ fatal: true, message: expect.stringContaining("The GPU device was lost") });
  expect(page.all("failed")).toHaveLength(1);
});

test("a GPU that is known to be lost only after what it refused has spoiled the run is told all the same", async () => {
  const engine = await openEngine(await nodeGPU());
  const page = await TestHost.ready("maskedkd", async () => engine);
  page.send({ type: "start", settings: { ...SETTINGS, steps: 100_000, evaluate: 100_000 } });
  await page.next("step");
  engine.device.queue.submit = () => {
    throw new EngineError("The GPU refused a command.", "Reload.");
  };
  await page.next("failed");
  expect(page.last("failed")).toMatchObject({ fatal: false, spoiled: true });
  engine.device.destroy();
  await engine.lost;
  await page.host.idle();
  expect(page.all("failed").map(({ fatal }) => fatal)).toEqual([false, true]);
});

test("a GPU that is lost while its kernels are measured is told as lost; opened again it is not measured, and the page is ready", async () => {
  const hardware = async () => {
    const engine = await openEngine(await nodeGPU());
    engine.facts = { ...engine.facts, software: false };
    return engine;
  };
  const page = new TestHost(async () => {
    const engine = await hardware();
    const pipeline = engine.pipeline.bind(engine);
    engine.pipeline = (shader) => {
      engine.device.destroy();
      return pipeline(shader);
    };
    return engine;
  });
  page.send({ type: "open", base: "http://localhost/", settings: SCHEMA.defaults() });
  await page.host.idle();
  expect(page.all("failed")).toHaveLength(1);
  expect(page.last("failed")).toMatchObject({ fatal: true, message: expect.stringContaining("The GPU device was lost") });
  const key = `mdp-kernels ${page.last("adapter").facts.name}`;
  const again = new TestHost(hardware);
  await again.store.keep(key, await page.store.recall(key));
  again.send({ type: "open", base: "http://localhost/", settings: SCHEMA.defaults() });
  again.send({ type: "generate", id: IMAGES });
  await again.host.idle();
  expect(again.all("failed")).toEqual([]);
  expect(again.last("loaded").data.id).toBe(IMAGES);
});

test("without a GPU the failure is fatal and says what to do", async () => {
  const page = new TestHost(() => Promise.reject(new EngineError("There is no GPU.", "Use another browser.")));
  page.send({ type: "open", base: "http://localhost/", settings: SCHEMA.defaults() });
  page.send({ type: "generate", id: IMAGES });
  await page.host.idle();
  expect(page.all("failed")).toHaveLength(1);
  expect(page.last("failed")).toMatchObject({ message: "There is no GPU.", remedy: "Use another browser.", fatal: true });
  expect(page.last("loaded").data.id).toBe(IMAGES);
  expect(page.phases().at(-1)).toBe("failed");
});
