/** A run of self-distillation: how teacher, centre and last layer move; saved and continued, shown, written, used as a guide. */
import { describe, expect, test } from "vitest";
import { decayAt, momentumAt } from "../methods/dino/dino";
import { LAST_LAYER } from "../models/projection";
import { initViT, type ViTConfig, vitShapes } from "../models/vit/config";
import type { Weights } from "../models/weights";
import { compare, testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime as supervised } from "../tasks/classification/runtime";
import { CENTRE } from "../tasks/dino/pair";
import { runtime } from "../tasks/dino/runtime";
import type { SelfDistillation } from "../tasks/dino/task";
import { dataset, SETTINGS } from "../tasks/dino/task.fixture";
import type { DinoViews } from "../tasks/dino/views";
import type { ViewEvent } from "../tasks/task";
import { Session } from "./session";

const sources = { dataset };
const engine = () => testEngine();

async function begun(changed: object = {}): Promise<Session<SelfDistillation>> {
  return Session.create({ engine: await engine(), runtime, sources, settings: { ...SETTINGS, ...changed } as typeof SETTINGS });
}

const dataOf = (weights: Weights, name: string) => weights.get(name)!.data;
const pairOf = async ({ task: { student, teacher } }: Session<SelfDistillation>) => ({
  student: await student.params.read(),
  teacher: await teacher.params.read(),
});

describe("the teacher", () => {
  test("begins as the student, stays as it is with m = 1, and is the student after a step with m = 0", async () => {
    for (const momentum of [1, 0]) {
      const session = await begun({ "dino.momentum": momentum });
      const before = await pairOf(session);
      await session.advance();
      const after = await pairOf(session);
      for (const name of before.student.keys()) {
        expect(dataOf(before.teacher, name), name).toEqual(dataOf(before.student, name));
        expect(dataOf(after.teacher, name), name).toEqual(dataOf(momentum ? before.teacher : after.student, name));
      }
      expect(dataOf(after.student, "cls_token")).not.toEqual(dataOf(before.student, "cls_token"));
      session.destroy();
    }
  });

  test("moves towards the updated student, in between", async () => {
    const session = await begun({ "dino.momentum": 0.75 });
    const { student: start } = await pairOf(session);
    await session.advance();
    const { student, teacher } = await pairOf(session);
    for (const name of start.keys()) {
      const expected = dataOf(start, name).map((v, i) => 0.75 * v + 0.25 * dataOf(student, name)[i]);
      compare(name, dataOf(teacher, name), expected, 1e-6);
    }
    session.destroy();
  });

  test("has a centre that is 0 at first and a tenth of the mean answer after one step", async () => {
    const centres: Float32Array[] = [];
    for (const centring of [0, 0.9]) {
      const session = await begun({ "dino.centring": centring });
      expect(dataOf((await pairOf(session)).teacher, CENTRE)).toEqual(new Float32Array(20));
      await session.advance();
      centres.push(dataOf((await pairOf(session)).teacher, CENTRE));
      session.destroy();
    }
    expect(Math.max(...centres[0].map(Math.abs))).toBeGreaterThan(0.01);
    compare(
      "centre",
      centres[1],
      centres[0].map((v) => 0.1 * v),
      1e-6,
    );
  });
});

test("the last layer waits for its share of the run, and nothing else does", async () => {
  const session = await begun({ frozen: 0.2 });
  const layers: Float32Array[] = [];
  const others: Float32Array[] = [];
  for (let i = 0; i < 3; i++) {
    const { student } = await pairOf(session);
    layers.push(dataOf(student, LAST_LAYER));
    others.push(dataOf(student, "head.mlp.4.weight"));
    await session.advance();
  }
  const { student } = await pairOf(session);
  expect(layers[1]).toEqual(layers[0]);
  expect(layers[2]).toEqual(layers[0]);
  expect(dataOf(student, LAST_LAYER)).not.toEqual(layers[0]);
  expect(others[1]).not.toEqual(others[0]);
  session.destroy();
});

test("momentum rises to 1 and weight decay to its end, along half a cosine", async () => {
  expect([0, 50, 100].map((step) => momentumAt(0.996, step, 100))).toEqual([0.996, 0.998, 1]);
  const decays = [0, 50, 100].map((step) => decayAt(0.04, 0.4, step, 100));
  compare("decay", decays, [0.04, 0.22, 0.4], 1e-12);
  const session = await begun({ decay: 0.1, decayEnd: 0.3 });
  expect([0, 5, 10].map((step) => Math.round(1e6 * session.task.decayAt(step)) / 1e6)).toEqual([0.1, 0.2, 0.3]);
  session.destroy();
});

test("a saved run continues with the same bits, teacher and centre included", async () => {
  const steps = async (session: Session, count: number) => {
    const found = [];
    for (let i = 0; i < count; i++) found.push((await session.advance()).losses);
    return found;
  };
  const whole = await begun();
  const expected = await steps(whole, 5);
  const half = await begun();
  const first = await steps(half, 2);
  const continued = Session.restore({ engine: await engine(), runtime, sources }, await half.save()) as Session<SelfDistillation>;
  expect([...first, ...(await steps(continued, 3))]).toEqual(expected);
  expect(await pairOf(continued)).toEqual(await pairOf(whole));
  for (const session of [whole, half, continued]) session.destroy();
});

test("every setting of the mask and the crops acts on the very next step", async () => {
  const session = await begun();
  const kept = async () => (await session.advance()).kept?.length;
  expect(await kept()).toBe(6 * 8);
  for (const criterion of ["teacher", "random", "bottom", "late-random"]) {
    session.set("criterion", criterion);
    expect(await kept(), criterion).toBe(6 * 8);
  }
  session.set("queries", "patches");
  session.set("keep", 0.25);
  expect(await kept()).toBe(6 * 4);
  session.set("crops", 0);
  expect(await kept()).toBe(6 * 4);
  session.set("keep", 1);
  expect(await kept()).toBeUndefined();
  expect(() => session.set("criterion", "guide")).toThrow(/criterion cannot be "guide"/);
  session.destroy();
});

test("what it costs: both crops of the teacher, all crops of the student, an extra pass where the teacher chooses", async () => {
  const session = await begun();
  const macs = (tokens: number) => 2 * 2 * (12 * tokens * 16 ** 2) + 2 * 2 * (2 * tokens ** 2 * 16);
  const embedding = 2 * 16 * 48 * 16;
  const head = 2 * (16 * 24 + 24 * 24 + 24 * 8 + 8 * 20);
  const cost = session.task.cost();
  expect(cost).toMatchObject({
    kept: 8,
    patches: 16,
    macs: macs(9) + embedding + head,
    fullMacs: macs(17) + embedding + head,
    extraMacs: 0,
  });
  session.set("criterion", "teacher");
  expect(session.task.cost().macs).toBe(macs(9) + embedding + head + macs(17) + embedding);
  const time = await session.task.teacherTime();
  expect(time.ms).toBeGreaterThan(0);
  session.destroy();
});

test("the monitor shows images, crops of them, attention, and what is kept", async () => {
  const session = await begun();
  const shown: ViewEvent[] = [];
  const { task, extras } = session;
  const show = (view: ViewEvent) => void shown.push(view);
  const monitor = runtime.monitor({ task, dataset, settings: session.settings, extras, step: () => session.step, show });
  const last = <N extends keyof DinoViews>(name: N) => shown.findLast((view) => view.name === name)?.value as DinoViews[N];
  monitor.gallery();
  await monitor.introduce();
  expect(last("gallery")).toMatchObject({ side: 16, channels: 3, grid: [4, 4], classes: dataset.classes });
  expect(last("gallery").images.subarray(768, 1536)).toEqual(dataset.test.image(1));
  const { student, teacher, kept, keptOfCrops, global, local, localSide } = last("snapshot");
  expect([student.length, teacher.length, kept?.length, keptOfCrops?.length]).toEqual([96, 96, 48, 96]);
  expect([global.length, local?.length, localSide]).toEqual([12 * 768, 12 * 192, 8]);
  // Before the first step both are the same network.
  compare("attention", teacher, student, 1e-6);
  session.destroy();
});

test("the teacher is written as a ViT without a head, measured alike, and chooses patches as a guide", async () => {
  const session = await begun();
  for (let i = 0; i < 2; i++) await session.advance();
  const scores = await session.evaluate();
  expect(Object.keys(scores)).toEqual(["knn_top1", "linear_top1"]);
  const { networks } = runtime;
  const bytes = await networks.write(session.task, dataset, scores.knn_top1);
  const network = await networks.read(bytes, "mine.safetensors", {});
  expect(network.config).toEqual(session.task.config);
  expect([...network.weights.keys()].sort()).toEqual([...vitShapes(network.config).keys()].sort());
  const { teacher } = await pairOf(session);
  for (const [name, { data }] of network.weights) expect(data, name).toEqual(dataOf(teacher, name));
  expect(await networks.measure(await engine(), network, dataset)).toBe(scores.knn_top1);
  session.destroy();

  const guide = (await supervised.networks.readGuide!(bytes, "guide.safetensors", {})).network;
  const config: ViTConfig = { ...network.config, classes: dataset.classes.length };
  const taught = { id: "t", name: "teacher", weights: initViT(config, 2), config };
  const settings = { ...SCHEMA.defaults(), criterion: "guide", width: 8, depth: 1, heads: 2, batch: 4, side: 16, steps: 4 };
  const guided = Session.create({
    engine: await engine(),
    runtime: supervised,
    sources: { dataset, teacher: taught, guide },
    settings,
  });
  expect((await guided.advance()).kept).toHaveLength(4 * 8);
  guided.destroy();
});

test("refuses a teacher, and settings that do not go together", async () => {
  const config: ViTConfig = { ...(await begun()).task.config, classes: 2 };
  const teacher = { id: "t", name: "teacher", weights: initViT(config, 1), config };
  const options = { engine: await engine(), runtime, settings: SETTINGS };
  expect(() => Session.create({ ...options, sources: { dataset, teacher } })).toThrow(/takes no teacher/);
  await expect(begun({ patch: 3 })).rejects.toThrow(/Patches of 3 pixels do not tile crops of 16/);
  await expect(begun({ localSide: 10 })).rejects.toThrow(/do not tile local crops of 10/);
  await expect(begun({ heads: 3 })).rejects.toThrow(/cannot be shared by 3 heads/);
});
