/** G2SD's first stage as a run: a masked autoencoder's file teaches a smaller one, and that one's encoder begins the second stage. */
import { beforeAll, expect, test } from "vitest";
import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from "../models/safetensors";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime as supervised } from "../tasks/classification/runtime";
import { type MaeNetwork, readMae } from "../tasks/mim/network";
import { runtime } from "../tasks/mim/runtime";
import type { MaskedModelling } from "../tasks/mim/task";
import { dataset, G2SD, SETTINGS, teacherFile } from "../tasks/mim/task.fixture";
import type { MimViews } from "../tasks/mim/views";
import type { ViewEvent } from "../tasks/task";
import { Session } from "./session";

let bytes: Uint8Array;
let teacher: MaeNetwork;
beforeAll(async () => {
  bytes = teacherFile();
  teacher = await readMae(bytes, "mae.safetensors");
});

const begun = async (changed: object = {}, sources: object = { teacher }): Promise<Session<MaskedModelling>> =>
  Session.create({
    ...{ engine: await testEngine(), runtime, sources: { dataset, ...sources } },
    settings: { ...G2SD, ...changed } as typeof G2SD,
  });

async function losses(session: Session<MaskedModelling>, steps: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < steps; i++) found.push((await session.advance()).losses.g2sd);
  return found;
}

test("a file of preset=mim has its decoder, and says how it computes", () => {
  expect(teacher.decoder).toEqual({ width: 12, depth: 1, heads: 2 });
  expect(teacher.target).toBe("normalised");
  expect(runtime.networks.describe(teacher)).toBe("ViT, width 16, 2 blocks, 2 heads, and a decoder of width 12, 1 block");
});

test("learns the teacher's features, which stay as they are", { timeout: 120_000 }, async () => {
  const before = new Map([...teacher.weights].map(([name, { data }]) => [name, data.slice()]));
  const session = await begun({ lr: 5e-3, crop: 1, decay: 0, steps: 80 });
  const found = await losses(session, 80);
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  // Normalised features have a variance of 1: who tells zero everywhere is about a quarter away.
  expect(mean(found.slice(0, 5))).toBeGreaterThan(0.15);
  expect(mean(found.slice(-10))).toBeLessThan(0.5 * mean(found.slice(0, 5)));
  for (const [name, data] of before) expect(teacher.weights.get(name)?.data, name).toEqual(data);
  session.destroy();
});

test("saved, continues with the same bits; what is compared may change meanwhile", { timeout: 60_000 }, async () => {
  const whole = await begun();
  await losses(whole, 2);
  whole.set("g2sd.tokens", "hidden");
  whole.set("g2sd.layer", "last");
  const half = Session.restore({ engine: await testEngine(), runtime, sources: { dataset, teacher } }, await whole.save());
  expect(await losses(half, 2)).toEqual(await losses(whole, 2));
  for (const one of [whole, half]) one.destroy();
});

test("is refused without a teacher, or with one of other patches, another side or other channels", async () => {
  await expect(begun({}, {})).rejects.toThrow("g2sd needs a masked autoencoder as its teacher.");
  await expect(begun({ patch: 8 })).rejects.toThrow("The teacher mae.safetensors has patches of 4 pixels, the student of 8.");
  const other = (config: object) => ({ teacher: { ...teacher, config: { ...teacher.config, ...config } } });
  await expect(begun({}, other({ image: 20 }))).rejects.toThrow("mae.safetensors sees 25 patches of an image, the student 16.");
  await expect(begun({}, other({ channels: 1 }))).rejects.toThrow("was trained on images of 1 channel; these have 3.");
});

test("a teacher's file is refused by name where its decoder is missing, unknown or broken", async () => {
  const [tensors, told] = [readSafetensors(bytes), readSafetensorsMetadata(bytes)];
  const without = (name: RegExp) => new Map([...tensors].filter(([tensor]) => !name.test(tensor)));
  const read = (file: typeof tensors, metadata = told) => readMae(writeSafetensors(file as never, metadata), "odd.safetensors");
  await expect(read(without(/^(decoder_|mask_token)/))).rejects.toThrow("odd.safetensors has no decoder: it is an encoder alone.");
  const { decoder: _, ...rest } = told;
  await expect(read(tensors, rest)).rejects.toThrow("odd.safetensors does not say how its decoder computes");
  await expect(read(without(/^decoder_norm/))).rejects.toThrow('odd.safetensors: tensor "decoder_norm.weight" of shape [12] is missing');
  await expect(read(tensors, { ...told, decoder: '{"heads":5,"target":"normalised"}' })).rejects.toThrow("which cannot be");
});

test("shows what both see, what the teacher tells, and how far each patch's features are", async () => {
  const session = await begun();
  const shown: ViewEvent[] = [];
  const { task, settings, extras } = session;
  await runtime.monitor({ task, dataset, settings, extras, step: () => 0, show: (view) => void shown.push(view) }).introduce();
  const snapshot = shown[0].value as MimViews["snapshot"];
  expect(snapshot.errors).toHaveLength(6 * 16);
  expect(Math.min(...snapshot.errors!)).toBeGreaterThan(0);
  expect(snapshot.told).toHaveLength(6 * 3 * 256);
  session.destroy();
});

test("its encoder begins a student with hard labels: the second stage", { timeout: 60_000 }, async () => {
  const engine = await testEngine();
  const session = await begun();
  await losses(session, 2);
  const weights = await session.task.weights();
  const start = await supervised.networks.read(await runtime.networks.write(session.task, dataset), "encoder.safetensors", {});
  session.destroy();
  const wanted = { ...SCHEMA.defaults("maskedkd"), side: 16, batch: 4, steps: 2, teacher: "none", family: "deit-distilled" };
  const sizes = supervised.networks.sizesOf!(start, wanted as never);
  expect(sizes).toEqual({ family: "deit-distilled", patch: 4, width: 8, depth: 1, heads: 2 });
  const settings = { ...wanted, ...sizes, base: "hard" };
  const student = Session.create({ engine, runtime: supervised, sources: { dataset, start }, settings: settings as never });
  const begins = await student.task.weights();
  for (const [name, weight] of weights) if (name !== "pos_embed") expect(begins.get(name), name).toEqual(weight);
  // The token that it gains has no position.
  const [before, after] = [weights.get("pos_embed")!.data, begins.get("pos_embed")!.data];
  expect([...after.subarray(8, 16)]).toEqual(Array(8).fill(0));
  expect([...after.subarray(0, 8), ...after.subarray(16)]).toEqual([...before]);
  expect(begins.get("head_dist.weight")?.shape).toEqual([dataset.classes.length, 8]);
  await student.advance();
  student.destroy();
  expect(supervised.networks.sizesOf!(start).family).toBe("deit");
});

test("is refused on a ResNet, which has no tokens", async () => {
  await expect(begun({ backbone: "resnext", patch: 32 })).rejects.toThrow(
    "G2SD compares tokens of decoders, which only vision transformers have.",
  );
});

test("mim still takes no teacher", async () => {
  const engine = await testEngine();
  expect(() => Session.create({ engine, runtime, sources: { dataset, teacher }, settings: SETTINGS })).toThrow("mim takes no teacher");
});
