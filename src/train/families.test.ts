/** A student of every family learns a few images by heart, and its file gives the same network back. */
import { describe, expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { FAMILIES, type FamilyName } from "../models/vit/families";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
import { readNetwork } from "../tasks/vitNetwork";
import { Session } from "./session";

// Layer scale begins near zero: without it a third as many would do.
const STEPS = 180;
const dataset = scenes({ side: 16, train: 8, test: 8, seed: 3 });
const settings = { ...SCHEMA.defaults(), width: 24, depth: 2, heads: 2, batch: 8, steps: STEPS, lr: 5e-3, augment: "none", seed: 5 };

describe.each(Object.keys(FAMILIES) as FamilyName[])("%s", (family) => {
  test("learns, is written and read", async () => {
    const session = await Session.create({ engine: await testEngine(), runtime, sources: { dataset }, settings: { ...settings, family } });
    const first = (await session.advance()).losses.ce;
    let last = first;
    for (let step = 1; step < STEPS; step++) last = (await session.advance()).losses.ce;
    expect(last).toBeLessThan(first / 4);
    const { config } = session.task;
    expect(config.family ?? "deit").toBe(family);
    const read = await readNetwork(await runtime.networks.write(session.task, dataset, 0.5), "student.safetensors");
    expect(read.config).toEqual(config);
    expect(new Map([...read.weights].sort())).toEqual(new Map([...(await session.task.weights())].sort()));
    session.destroy();
  });
});
