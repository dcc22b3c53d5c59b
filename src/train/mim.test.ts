/** A run of masked image modelling: it learns, is saved and continued, is shown, and what it makes begins a student. */
import { expect, test } from "vitest";
import { testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { runtime as supervised } from "../tasks/classification/runtime";
import { runtime } from "../tasks/mim/runtime";
import type { MaskedModelling } from "../tasks/mim/task";
import { dataset, SETTINGS } from "../tasks/mim/task.fixture";
import type { MimViews } from "../tasks/mim/views";
import type { ViewEvent } from "../tasks/task";
import { Session } from "./session";

const sources = { dataset };
const begun = async (changed: object = {}): Promise<Session<MaskedModelling>> =>
  Session.create({ engine: await testEngine(), runtime, sources, settings: { ...SETTINGS, ...changed } as typeof SETTINGS });

async function losses(session: Session<MaskedModelling>, steps: number): Promise<number[]> {
  const found: number[] = [];
  for (let i = 0; i < steps; i++) found.push((await session.advance()).losses.mim);
  return found;
}

test("learns to tell hidden patches, and positions stay as they are", { timeout: 60_000 }, async () => {
  const session = await begun({ lr: 5e-3, crop: 1, "mim.ratio": 0.3, decay: 0, steps: 150 });
  const before = await session.task.params.read();
  const found = await losses(session, 150);
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  // A normalised patch has a variance of 47 / 48: who tells its mean everywhere is as far away.
  expect(mean(found.slice(-20))).toBeLessThan(0.92);
  const after = await session.task.params.read();
  expect(after.get("pos_embed")).toEqual(before.get("pos_embed"));
  for (const name of ["mask_token", "cls_token", "decoder_pred.weight", "blocks.0.attn.qkv.weight"])
    expect(after.get(name), name).not.toEqual(before.get(name));
  session.destroy();
});

test("saved, continues with the same bits; the hidden share may change meanwhile", async () => {
  const whole = await begun();
  await losses(whole, 2);
  whole.set("mim.ratio", 0.5);
  const half = Session.restore({ engine: await testEngine(), runtime, sources }, await whole.save());
  expect(await losses(half, 2)).toEqual(await losses(whole, 2));
  for (const one of [whole, half]) one.destroy();
});

test("is refused where a teacher is brought along, or where patches do not tile", async () => {
  const engine = await testEngine();
  const teacher = { id: "t", name: "t" } as never;
  expect(() => Session.create({ engine, runtime, sources: { dataset, teacher }, settings: SETTINGS })).toThrow("mim takes no teacher");
  await expect(begun({ patch: 5 })).rejects.toThrow("Patches of 5 pixels do not tile images of 16.");
  await expect(begun({ "mim.decoderHeads": 5 })).rejects.toThrow("A decoder of width 12 cannot be split into 5 heads.");
});

test("shows what is hidden and what is told, and scores features", async () => {
  const session = await begun();
  const shown: ViewEvent[] = [];
  const { task, settings, extras } = session;
  const monitor = runtime.monitor({ task, dataset, settings, extras, step: () => session.step, show: (view) => void shown.push(view) });
  monitor.gallery();
  await monitor.introduce();
  const [gallery, snapshot] = shown.map(({ value }) => value) as [MimViews["gallery"], MimViews["snapshot"]];
  expect(gallery.grid).toEqual([4, 4]);
  expect(snapshot.kept).toHaveLength(6 * 4);
  expect(snapshot.told).toHaveLength(gallery.images.length);
  expect(snapshot.told).not.toEqual(gallery.images);
  expect(Object.keys(await session.task.evaluate(6))).toEqual(["linear_top1", "knn_top1"]);
  session.destroy();
});

test("hands out an encoder that a student begins as", async () => {
  const engine = await testEngine();
  const session = await begun();
  await losses(session, 2);
  const weights = await session.task.weights();
  const start = await runtime.networks.read(await runtime.networks.write(session.task, dataset), "mae.safetensors", {});
  session.destroy();
  const sizes = supervised.networks.sizesOf!(start);
  const settings = { ...SCHEMA.defaults("maskedkd"), side: 16, batch: 4, steps: 2, teacher: "none", ...sizes };
  const student = Session.create({ engine, runtime: supervised, sources: { dataset, start }, settings: settings as never });
  const begins = await student.task.weights();
  for (const [name, weight] of weights) expect(begins.get(name), name).toEqual(weight);
  await student.advance();
  student.destroy();
});
