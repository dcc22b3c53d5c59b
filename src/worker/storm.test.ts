/** Haste: starts, presets, images and settings, fifty at a time, while the worker compiles and while it trains. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { uniform } from "../engine/random";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { IMAGES, SETTINGS, TestHost } from "./host.fixture";
import type { Command } from "./protocol";

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const WITHOUT_END = { ...SETTINGS, steps: 100_000, evaluate: 100_000 };
const DINO = {
  ...SCHEMA.defaults("dino"),
  ...{ width: 8, depth: 1, heads: 2, outputs: 16, hidden: 8, bottleneck: 4, crops: 1, localSide: 8 },
  ...{ batch: 3, side: 16, steps: 100_000, evaluate: 100_000 },
};

/** What somebody in haste does with the page. */
const HASTE: ((draw: number) => Command[])[] = [
  (draw) => [{ type: "start", settings: { ...WITHOUT_END, seed: 1 + Math.floor(99 * draw) } }],
  (draw) => [{ type: "start", settings: { ...WITHOUT_END, width: draw < 0.5 ? 8 : 16 }, paused: true }],
  () => [
    { type: "want", settings: DINO },
    { type: "start", settings: DINO },
  ],
  () => [{ type: "generate", id: IMAGES }],
  (draw) => [{ type: "set", key: "lr", value: 1e-4 + 1e-3 * draw }],
  (draw) => [{ type: "set", key: "augment", value: draw < 0.5 ? "heavy" : "none" }],
  () => [{ type: "pause" }, { type: "save" }, { type: "play" }],
];
/** After so many the worker has time to make a step. */
const BREATH = 10;

async function storm(page: TestHost, seed: number): Promise<void> {
  for (let i = 1; i <= 50; i++) {
    const draw = (which: number) => uniform(seed, i, which, 0);
    for (const command of HASTE[Math.floor(draw(0) * HASTE.length)](draw(1))) page.send(command);
    if (i % BREATH) continue;
    page.send({ type: "start", settings: { ...WITHOUT_END, seed: i } });
    await page.next("step");
  }
  page.send({ type: "want", settings: SETTINGS });
  page.send({ type: "start", settings: SETTINGS });
  await page.host.idle();
}

test("a storm of fifty leaves one run, the last one asked for, and neither GPU memory nor heap behind", async () => {
  const engine = await testEngine();
  const page = await TestHost.ready("maskedkd", async () => engine);
  const held: { gpu: number; heap: number }[] = [];
  for (const seed of [1, 2, 3]) {
    await storm(page, seed);
    const begun = page.events.findLastIndex(({ type }) => type === "started");
    const steps = page.events.slice(begun).flatMap((event) => (event.type === "step" ? [event.report.step] : []));
    expect(page.last("started")).toMatchObject({ restored: false, settings: { preset: "maskedkd", width: 8, steps: 6 } });
    expect([steps, page.phases().at(-1)]).toEqual([[1, 2, 3, 4, 5, 6], "finished"]);
    // Some commands come before there is a run that could carry them out; none of them spoils one.
    expect(page.all("failed").filter(({ fatal, spoiled }) => fatal || spoiled)).toEqual([]);
    page.events.length = 0;
    collectGarbage();
    held.push({ gpu: engine.usedBytes, heap: process.memoryUsage().heapUsed });
  }
  const [, second, third] = held;
  // Measured: the same 311,296 bytes after seven of eight storms; a small buffer may be a free one of up to twice the size.
  expect(Math.abs(third.gpu - second.gpu)).toBeLessThan(1024);
  // Measured: 0.01 to 0.2 MB a storm. The first one also loads what is used.
  expect(third.heap - second.heap).toBeLessThan(2e6);
});
