/** Masked image modelling with a ResNet: it learns, is saved and continued, is shown, and what it makes begins a detector's student. */
import { expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { sizesOf } from "../tasks/detection/beginning";
import { readDetector } from "../tasks/detection/network";
import { settingsOf, taskOf } from "../tasks/detection/task.fixture";
import { runtime } from "../tasks/mim/runtime";
import type { MaskedModelling } from "../tasks/mim/task";
import type { MimViews } from "../tasks/mim/views";
import type { ViewEvent } from "../tasks/task";
import { Session } from "./session";

const dataset = scenes({ side: 64, train: 8, test: 4, seed: 3 });
const SETTINGS = {
  ...SCHEMA.defaults("mim"),
  ...{
    backbone: "resnet",
    side: 64,
    patch: 32,
    stem: 4,
    blocks: 1,
    "mim.decoderWidth": 16,
    "mim.ratio": 0.6,
    batch: 4,
    steps: 60,
    seed: 5,
  },
};
const sources = { dataset };
const begun = async (changed: object = {}): Promise<Session<MaskedModelling>> =>
  Session.create({ engine: await testEngine(), runtime, sources, settings: { ...SETTINGS, ...changed } as never });

async function losses(session: Session<MaskedModelling>, steps: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < steps; i++) found.push((await session.advance()).losses.mim);
  return found;
}

const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;

test("learns to tell hidden patches, backbone and decoder", { timeout: 120_000 }, async () => {
  const session = await begun({ lr: 1e-2, crop: 1, decay: 0 });
  const before = await session.task.params.read();
  const found = await losses(session, 60);
  // Who tells the mean of a normalised patch everywhere is 1 away.
  expect(mean(found.slice(-10))).toBeLessThan(0.95);
  const after = await session.task.params.read();
  for (const name of ["backbone.conv1.weight", "densify.0.mask_token", "densify.3.proj.weight", "decoder.4.conv2.weight"])
    expect(after.get(name), name).not.toEqual(before.get(name));
  session.destroy();
});

test("saved, continues with the same bits, running statistics of batch norms included", async () => {
  const whole = await begun({ norm: "bn", backbone: "resnext", cardinality: "4" });
  await losses(whole, 2);
  const half = Session.restore({ engine: await testEngine(), runtime, sources }, await whole.save());
  expect(await losses(half, 2)).toEqual(await losses(whole, 2));
  for (const one of [whole, half]) one.destroy();
});

test("shows what is hidden and what is told at the very pixels, and scores pooled features", async () => {
  const session = await begun({ "mim.target": "pixels" });
  const shown: ViewEvent[] = [];
  const { task, settings, extras } = session;
  const monitor = runtime.monitor({ task, dataset, settings, extras, step: () => session.step, show: (view) => void shown.push(view) });
  monitor.gallery();
  await monitor.introduce();
  const [gallery, snapshot] = shown.map(({ value }) => value) as [MimViews["gallery"], MimViews["snapshot"]];
  expect([gallery.grid, snapshot.kept.length]).toEqual([[2, 2], 4 * 2]);
  // Told pixel by pixel and shown plane by plane: the difference of the pictures is the loss.
  const { told } = await task.snapshot([0, 1, 2, 3]);
  const { std } = dataset.moments;
  const squares = [...snapshot.told].map((v, i) => ((v - gallery.images[i]) / 255 / std[Math.floor(i / 64 ** 2) % 3]) ** 2);
  const hidden = squares.length / 2;
  expect(told).toHaveLength(4 * 3 * 64 ** 2);
  expect(Math.abs(squares.reduce((a, b) => a + b, 0) / hidden - snapshot.loss)).toBeLessThan(0.2 * snapshot.loss);
  expect(Object.keys(await task.evaluate(4))).toEqual(["linear_top1", "knn_top1"]);
  session.destroy();
});

test("is refused where patches are no cells of its coarsest map, or an image is one of them", async () => {
  await expect(begun({ patch: 16 })).rejects.toThrow("The coarsest map of a ResNet has a stride of 32: patches have to be as large.");
  await expect(begun({ stem: 6 })).rejects.toThrow("Channels are normalised by fours: 6 is no multiple.");
  const small = scenes({ side: 32, train: 2, test: 2, seed: 3 });
  const create = async () =>
    Session.create({ engine: await testEngine(), runtime, sources: { dataset: small }, settings: SETTINGS as never });
  await expect(create()).rejects.toThrow("is a single patch");
});

test("is not handed over or written as ONNX, and says so", async () => {
  const session = await begun();
  const { task } = session;
  await expect(task.handedOver()).rejects.toThrow("is not handed over to PyTorch yet");
  await expect(runtime.networks.onnx!(task, dataset)).rejects.toThrow("is not written as ONNX yet");
  session.destroy();
});

test("hands out a backbone that a detector's student begins as, of which no teacher is made", async () => {
  const engine = await testEngine();
  for (const [sizes, told] of [
    [{}, { backbone: "resnet", block: "basic" }],
    [
      { backbone: "resnext", cardinality: "4", norm: "bn" },
      { backbone: "resnext", block: "bottleneck", cardinality: "4" },
    ],
  ] as const) {
    const session = await begun(sizes);
    await losses(session, 1);
    const weights = await session.task.weights();
    const start = await readDetector(await runtime.networks.write(session.task, dataset), "spark.safetensors");
    session.destroy();
    expect(sizesOf(start)).toEqual({ stem: 4, blocks: 1, ...told });
    const norm = "norm" in sizes ? "frozen" : "gn";
    const student = taskOf(engine, undefined, settingsOf("samkd", { ...sizesOf(start), norm }), start);
    const begins = await student.weights();
    for (const [name, weight] of weights) expect(begins.get(name), name).toEqual(weight);
    student.destroy();
    const other = norm === "gn" ? "bn" : "gn";
    const wrong = () => taskOf(engine, undefined, settingsOf("samkd", { ...sizesOf(start), norm: other }), start);
    expect(wrong).toThrow("The student's backbone is another than spark.safetensors.");
    expect(() => taskOf(engine, start, settingsOf("samkd"))).toThrow("spark.safetensors is a backbone, no detector.");
  }
});
