/** A student learns from saved answers as from the network that gave them; what cannot be is refused by name and reason. */
import { expect, test } from "vitest";
import type { Dataset } from "../data/dataset";
import { scenes } from "../data/scenes";
import { readSafetensorsMetadata, writeSafetensors } from "../models/safetensors";
import { initViT, type ViTConfig } from "../models/vit/config";
import { DEIT_S } from "../models/vit/vit.fixture";
import { compare, testEngine } from "../ops/check";
import { SCHEMA } from "../tasks";
import { questions } from "../tasks/classification/answers";
import { runtime } from "../tasks/classification/runtime";
import type { Network } from "../tasks/vitNetwork";
import { Session } from "./session";

const dataset = scenes({ side: 16, train: 20, test: 12, seed: 3 });
const K = dataset.classes.length;
const CONFIG: ViTConfig = { ...DEIT_S, image: 16, patch: 4, classes: K, width: 12, depth: 1, heads: 2, headDim: 6, mlp: 24 };
const network: Network = {
  id: "t",
  name: "teacher",
  config: CONFIG,
  weights: initViT(CONFIG, 5),
  classes: dataset.classes,
  moments: dataset.moments,
};
for (const { data } of network.weights.values()) for (let i = 0; i < data.length; i++) data[i] *= 4;

const SIZES = { patch: 4, width: 8, depth: 1, heads: 2, batch: 8, steps: 4, side: 16, keep: 1, augment: "none" };
const settings = (more: object = {}) => ({ ...SCHEMA.defaults(), ...SIZES, ...more }) as never;

const sessionOf = async (teacher: Network | Awaited<ReturnType<typeof answers>>, more = {}) =>
  Session.create({ engine: await testEngine(), runtime, sources: { dataset, teacher }, settings: settings(more) });

/** What the network says of the images, as a file. */
async function fileOf(data: Dataset = dataset, change: (words: Record<string, string>) => object = () => ({})): Promise<Uint8Array> {
  const session = await sessionOf(network);
  const halves = { logits: dataset.train, heldout: dataset.test };
  const tensors = new Map<string, { shape: number[]; data: Float32Array }>();
  for (const [name, split] of Object.entries(halves)) {
    const { teacherLogits } = await session.task.snapshot(
      Array.from({ length: split.count }, (_, i) => i),
      split,
    );
    tensors.set(name, { shape: [split.count, K], data: teacherLogits as Float32Array });
  }
  session.destroy();
  const { answers: format, ...words } = readSafetensorsMetadata(questions(data));
  return writeSafetensors(tensors, { format, ...words, ...change({ format, ...words }) });
}

const answers = async (bytes?: Uint8Array) => runtime.networks.read(bytes ?? (await fileOf()), "answers.safetensors", {});

test.each([{}, { base: "hard" }])(
  "losses are those of the network itself, where it sees all and nothing is augmented: %j",
  async (more) => {
    const losses = async (teacher: Parameters<typeof sessionOf>[0]) => {
      const session = await sessionOf(teacher, more);
      const found: number[] = [];
      for (let step = 0; step < 4; step++) found.push(...Object.values((await session.advance()).losses));
      session.destroy();
      return found;
    };
    compare("losses", await losses(await answers()), await losses(network), 1e-5);
  },
);

test("the file says how good the answers are, and the run goes on from a checkpoint with the same teacher", async () => {
  const teacher = await answers();
  expect(await runtime.networks.measure(await testEngine(), teacher, dataset)).toBeCloseTo(
    await runtime.networks.measure(await testEngine(), network, dataset),
    6,
  );
  const session = await sessionOf(teacher);
  await session.advance();
  const saved = await session.save();
  const { losses } = await session.advance();
  const options = { engine: await testEngine(), runtime, sources: { dataset, teacher } };
  const again = Session.restore(options, saved);
  expect((await again.advance()).losses).toEqual(losses);
  expect(() => Session.restore({ ...options, sources: { dataset, teacher: network } }, saved)).toThrow(/saved with the teacher answers/);
  for (const one of [session, again]) one.destroy();
});

test.each([
  [{ augment: "light" }, "augment cannot be light: the teacher's answers are to the images as they are"],
  [{ augment: "heavy" }, "augment cannot be heavy"],
  [{ base: "manifold" }, "base cannot be manifold: of the teacher there are answers alone"],
  [{ masked: "student" }, "masked cannot be student"],
  [{ tome: 2 }, "tome cannot be 2"],
])("%j is refused with the reason, at the start and during a run", async (more, why) => {
  const teacher = await answers();
  await expect(sessionOf(teacher, more)).rejects.toThrow(why);
  const session = await sessionOf(teacher);
  const [[key, value]] = Object.entries(more);
  expect(() => session.set(key, value)).toThrow(why);
  expect(session.settings[key]).not.toBe(value);
  session.destroy();
});

test("answers to other images, about other classes, of a newer version or broken ones are refused by name", async () => {
  const fits = async (bytes: Uint8Array) => runtime.networks.assertFits(await answers(bytes), dataset);
  const other = scenes({ side: 16, train: 20, test: 12, seed: 4 });
  await expect(fits(await fileOf(other))).rejects.toThrow(
    /answers\.safetensors holds answers to other images: Scenes \(scenes-16-20-12-4\), not Scenes \(scenes-16-20-12-3\)/,
  );
  const renamed = JSON.stringify(dataset.classes.toReversed());
  await expect(fits(await fileOf(dataset, () => ({ classes: renamed })))).rejects.toThrow(
    / knows the classes .*: they are in another order\. /,
  );
  const last = JSON.stringify([...dataset.classes.slice(0, -1), "boat"]);
  await expect(fits(await fileOf(dataset, () => ({ classes: last })))).rejects.toThrow(
    `: only it knows boat, and it does not know ${dataset.classes.at(-1)}. Open`,
  );
  await expect(fits(await fileOf(dataset, () => ({ classes: '["cat"]' })))).rejects.toThrow(/it names 1 classes, but tells 12 apart/);
  await expect(fits(await fileOf(dataset, () => ({ format: "masked-distillation-answers-2" })))).rejects.toThrow(/newer version/);
  await expect(fits(await fileOf(dataset, () => ({ data: "" })))).rejects.toThrow(/does not say which images/);
  const file = await fileOf();
  new DataView(file.buffer).setFloat32(file.length - 4, Number.NaN, true);
  await expect(fits(file)).rejects.toThrow(/is NaN for image/);
  await expect(fits((await fileOf()).subarray(0, -8))).rejects.toThrow(/truncated/);
});

test("no student begins as answers", async () => {
  const start = await answers();
  expect(() => runtime.networks.sizesOf?.(start)).toThrow(/holds answers, and no student can begin as those/);
});
