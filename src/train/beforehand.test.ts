/** FreeKD's prompts are learned before the student: on tiny detectors and 64-pixel scenes. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Engine } from "../engine/device";
import { Graph } from "../engine/graph";
import { Program } from "../engine/program";
import { gradientReader } from "../models/gradients.fixture";
import type { Weights } from "../models/weights";
import { randoms, testEngine } from "../ops/check";
import type { TeacherStage } from "../tasks/detection/beforehand";
import type { DetectorNetwork } from "../tasks/detection/network";
import { runtime } from "../tasks/detection/runtime";
import { dataset, network, settingsOf, taskOf } from "../tasks/detection/task.fixture";
import type { Beforehand } from "../tasks/task";
import { learnBeforehand } from "./beforehand";
import { readCheckpoint, writeCheckpoint } from "./checkpoint";
import { Session } from "./session";

const LEARNED = { "freekd.prompts": "learned", "freekd.promptSteps": 30 };
const total = (losses: Record<string, number>) => Object.values(losses).reduce((a, b) => a + b, 0);

/** Learns from one batch again and again, so that what falls has been learned and is no luck of the batch. */
const ofOneBatch = (stage: TeacherStage): Beforehand => ({
  ...{ label: stage.label, params: stage.params, steps: stage.steps },
  begin: () => stage.begin(),
  trace: (graph) => stage.trace(graph),
  load: () => stage.load(0),
  learned: (losses) => stage.learned(losses),
});

describe("what is learned before a detector's student", () => {
  let engine: Engine;
  let teacher: DetectorNetwork;
  beforeAll(async () => {
    engine = await testEngine();
    teacher = await network();
  });

  const stageOf = (more = {}) => {
    const task = taskOf(engine, teacher, settingsOf("freekd", { ...LEARNED, ...more }));
    return { task, stage: task.beforehand as TeacherStage };
  };

  test("has gradients of the teacher's loss on masked features, and of the penalty", async () => {
    // Not GFL's: the targets of its classes are measured overlaps, which differences see and gradients do not.
    const task = taskOf(engine, await network("fcos"), settingsOf("freekd", { ...LEARNED, "freekd.boxes": "off" }));
    const stage = task.beforehand as TeacherStage;
    const graph = new Graph(engine);
    const { grads, outputs } = stage.trace(graph);
    const reader = gradientReader(stage.params, grads);
    const program = await Program.compile(graph, { ...outputs, ...reader.outputs });
    stage.load(0);
    const begun = await stage.params.read();
    const value = async (weights: Weights) => {
      stage.params.write(weights);
      const found = await program.fetch();
      return Object.keys(outputs).reduce((sum, name) => sum + found[name][0], 0);
    };
    const gradients = reader.read(await program.fetch());
    // 8, 4 and 2 pixels a side: three, two and one wavelet levels, and a low band each.
    expect(gradients.size).toBe(4 + 3 + 2);
    for (const [i, [name, gradient]] of [...gradients].entries()) {
      const direction = gradient.map((v, k) => v + 0.1 * randoms(gradient.length, 5 + i)[k] * Math.hypot(...gradient));
      const length = Math.hypot(...direction);
      const moved = (by: number): Weights =>
        new Map(
          [...begun].map(([n, { shape, data }]) => [
            n,
            { shape, data: n === name ? data.map((v, k) => v + (by * direction[k]) / length) : data },
          ]),
        );
      const eps = 0.003;
      const slope = ((await value(moved(eps))) - (await value(moved(-eps)))) / (2 * eps);
      const expected = gradient.reduce((sum, v, k) => sum + (v * direction[k]) / length, 0);
      expect(Math.abs(slope - expected), `${name}: ${slope}, not ${expected}`).toBeLessThan(0.01 * Math.abs(expected) + 1e-3);
    }
    program.dispose();
    task.destroy();
  });

  test.each([
    { lambda: 0, falls: "the teacher's loss", part: (losses: Record<string, number>) => total(losses) - losses.dice },
    { lambda: 1, falls: "the penalty", part: ({ dice }: Record<string, number>) => dice },
  ])("learns: $falls falls with λ = $lambda", async ({ lambda, part }) => {
    const { task, stage } = stageOf({ "freekd.lambda": lambda });
    await learnBeforehand(engine, ofOneBatch(stage), { lr: 0.01 });
    expect(stage.curve).toHaveLength(30);
    const [first, last] = [stage.curve[0], stage.curve[29]];
    expect(Object.keys(first)).toEqual(["teacher.cls", "teacher.box", "teacher.dfl", "dice"]);
    expect(part(last)).toBeLessThan(0.97 * part(first));
    expect(await task.outcome()).toMatchObject({ beforehand: { steps: 30, first, last } });
    task.destroy();
  });

  test("comes to the same when it is learned again, stays as it is from the first step on, and is saved", async () => {
    const settings = settingsOf("freekd", { ...LEARNED, "freekd.promptSteps": 3 });
    const options = { engine, runtime, sources: { dataset, teacher } };
    const told: number[] = [];
    const session = Session.create({ ...options, settings, beforehand: ({ step }) => told.push(step) });
    const fresh = await session.task.carried?.read();
    const unlearned = await session.save();
    await session.advance();
    expect(told).toEqual([1, 2, 3]);
    const prompts = await session.task.carried?.read();
    expect(prompts).not.toEqual(fresh);
    const again = Session.restore(options, unlearned);
    await again.advance();
    const saved = Session.restore(options, await session.save());
    await saved.advance();
    const { losses } = await session.advance();
    expect((await again.advance()).losses).toEqual(losses);
    for (const one of [session, again, saved]) {
      expect(await one.task.carried?.read()).toEqual(prompts);
      expect(await one.task.weights()).toEqual(await session.task.weights());
      one.destroy();
    }
  });

  test("is refused by name where a saved run has prompts of another width, or none", async () => {
    const options = { engine, runtime, sources: { dataset, teacher } };
    const session = Session.create({ ...options, settings: settingsOf("freekd", LEARNED) });
    const { carried = new Map(), ...run } = readCheckpoint(await session.save());
    session.destroy();
    const [name, { shape }] = [...carried][0];
    const wide = [shape[0], shape[1] + 4];
    const wider = { shape: wide, data: new Float32Array(wide[0] * wide[1]) };
    const restoring = (other: Weights) => () => Session.restore(options, writeCheckpoint({ ...run, carried: other }));
    expect(restoring(new Map([...carried, [name, wider]]))).toThrow(
      `the saved run: tensor "${name}" has the shape [${wide}], but this model needs [${shape}]`,
    );
    expect(restoring(new Map())).toThrow(`the saved run: tensor "${name}" of shape [${shape}] is missing`);
  });

  test("is nothing where prompts are random, and then nothing is carried", async () => {
    const task = taskOf(engine, teacher, settingsOf("freekd"));
    expect([task.beforehand, task.carried]).toEqual([undefined, undefined]);
    expect(await task.outcome()).not.toHaveProperty("beforehand");
    task.destroy();
  });

  test("asks the teacher by its own anchors, of whatever kind it is", async () => {
    const fcos = await network("fcos");
    const task = taskOf(engine, fcos, settingsOf("freekd", { ...LEARNED, "freekd.boxes": "off" }));
    const stage = task.beforehand as TeacherStage;
    await learnBeforehand(engine, { ...ofOneBatch(stage), steps: 1 }, { lr: 0.01 });
    expect(Object.keys(stage.curve[0])).toEqual(["teacher.cls", "teacher.box", "teacher.centerness", "dice"]);
    task.destroy();
  });
});
