/**
 * Answers that some network gave for each image, saved: a teacher of any architecture, of which nothing is computed any more. They are answers
 * to the images as they are. To an image that augmentation has changed they are wrong, which is why such a teacher forbids augmentation; that
 * a masked teacher allows it is what the paper holds against saved answers (Son et al. 2024, sections 1 and 2, Table 9, on FastKD).
 */
import type { Dataset, Pictures } from "../../data/dataset";
import { packed } from "../../data/dataset";
import { digest } from "../../data/digest";
import { EngineError } from "../../engine/errors";
import { topk } from "../../metrics/topk";
import { mean } from "../../metrics/verdicts";
import { namesIn, parsed } from "../../models/metadata";
import { readSafetensors, readSafetensorsMetadata, type TensorFile, type Writable, writeSafetensors } from "../../models/safetensors";
import { WeightsError } from "../../models/weights";
import { SettingError } from "../../settings/schema";
import { otherNames, sameNames } from "../names";
import type { Reference } from "../task";
import type { Network } from "../vitNetwork";
import type { ClassificationSettings } from "./settings";

export interface Answers extends Reference {
  /** The images that were asked about. */
  data: Reference;
  classes: string[];
  /** Logits [images, classes], of the images to learn from and of those held out. */
  train: Float32Array;
  test: Float32Array;
  score?: number;
}

/** What can teach: a network, or what one has answered. */
export type Teacher = Network | Answers;

export const areAnswers = (teacher: Teacher): teacher is Answers => "train" in teacher;

/** The number rises when what is in such a file changes. */
const NUMBER = 1;
const FORMAT = /^masked-distillation-answers-(\d+)$/;
const REMEDY = "Make it with answers.py, from the images that this program wrote.";

/** Whether a file says that it holds answers. Throws as `readSafetensors` does. */
export const isAnswersFile = (bytes: Uint8Array, name: string): boolean => FORMAT.test(readSafetensorsMetadata(bytes, name).format ?? "");

/** Rejects with an EngineError that names the file and what is wrong with it. */
export async function readAnswers(bytes: Uint8Array, name: string): Promise<Answers> {
  const { format, data, data_name: dataName, classes } = readSafetensorsMetadata(bytes, name);
  if (Number(FORMAT.exec(format)?.[1]) > NUMBER)
    throw new WeightsError(`${name} was made for a newer version of this program (${format}).`, "Use that version.");
  if (!data) throw new WeightsError(`${name} does not say which images its answers are for.`, REMEDY);
  const tensors = readSafetensors(bytes, name);
  const train = logitsIn(tensors.get("logits"), "logits", name);
  const test = logitsIn(tensors.get("heldout"), "heldout", name);
  if (train.columns !== test.columns)
    throw new WeightsError(
      `${name}: its answers are about ${train.columns} classes, those to held-out images about ${test.columns}.`,
      REMEDY,
    );
  return {
    ...{ id: await digest([bytes]), name, data: { id: data, name: dataName ?? data }, train: train.values, test: test.values },
    classes: namesIn(parsed(classes, "classes", "file of answers", name), train.columns, name),
  };
}

function logitsIn(tensor: TensorFile | undefined, part: string, name: string): { values: Float32Array; columns: number } {
  if (!tensor) throw new WeightsError(`${name} has no tensor "${part}".`, REMEDY);
  const { shape, data } = tensor;
  if (shape.length !== 2 || !(data instanceof Float32Array))
    throw new WeightsError(`${name}: "${part}" is no table of floats [images, classes].`, REMEDY);
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw new WeightsError(`${name}: "${part}" is ${data[bad]} for image ${Math.floor(bad / shape[1])}.`, REMEDY);
  return { values: data, columns: shape[1] };
}

/** Throws an EngineError unless these are answers to the images of this data, about its classes. */
export function assertAnswersFit({ name, data, classes, train, test }: Answers, dataset: Pictures): void {
  const refuse = (what: string): never => {
    throw new EngineError(
      `${name} ${what}.`,
      "Open the images that it was made for, or have these answered (answers=DIR, or the teacher's card).",
    );
  };
  if (!sameNames(classes, dataset.classes)) refuse(otherNames(classes, dataset.classes));
  if (data.id !== dataset.id) refuse(`holds answers to other images: ${data.name} (${data.id}), not ${dataset.name} (${dataset.id})`);
  const counts = [train, test].map((all) => all.length / classes.length);
  if (counts[0] !== dataset.train.count || counts[1] !== dataset.test.count)
    refuse(`holds answers to ${counts.join(" and ")} images; this data has ${dataset.train.count} and ${dataset.test.count}`);
}

/** Share of held-out images, of all or the first `limit`, that are answered right. */
export function rightAnswers({ test, classes }: Answers, dataset: Pictures, limit = Number.POSITIVE_INFINITY): number {
  const labels = Uint32Array.from({ length: Math.min(limit, dataset.test.count) }, (_, i) => dataset.test.label(i));
  return mean(topk(test.subarray(0, labels.length * classes.length), labels, classes.length, 1));
}

/** The answers to these images, one row after the other. */
export function answersTo({ train, classes: { length } }: Answers, images: ArrayLike<number>): Float32Array {
  const rows = new Float32Array(images.length * length);
  for (let i = 0; i < images.length; i++) rows.set(train.subarray(images[i] * length, (images[i] + 1) * length), i * length);
  return rows;
}

/** Throws a SettingError for a setting that needs a teacher which looks at the images itself. */
export function assertAllowed({ augment, base, masked, tome }: ClassificationSettings): void {
  const forbidden: [key: string, value: string | number, allowed: string | number, why: string][] = [
    ["augment", augment, "none", "the teacher's answers are to the images as they are, not as augmentation changes them"],
    ["base", base, base === "hard" ? "hard" : "logit", "of the teacher there are answers alone, no tokens to compare"],
    ["masked", masked, "teacher", "the teacher's answers are saved, so nothing is masked"],
    ["tome", tome, 0, "the teacher's answers are saved, so it has no tokens to merge"],
  ];
  for (const [key, value, allowed, why] of forbidden)
    if (value !== allowed) throw new SettingError(`${key} cannot be ${value}: ${why}.`, `Use ${key}=${allowed}, or another teacher.`);
}

/** The data as a file for whoever answers: u8 images [N, C, side, side], labels, and what the answers have to say of them. */
export function questions(dataset: Dataset): Uint8Array {
  const { train, test } = packed(dataset);
  const { id, name, classes, side, channels, moments } = dataset;
  const halves = { train, test };
  const tensors = Object.entries(halves).flatMap(([half, { count, images, labels }]): [string, Writable][] => [
    [`${half}.images`, { shape: [count, channels, side, side], data: images }],
    [`${half}.labels`, { shape: [count], data: Int32Array.from(labels) }],
  ]);
  const { mean, std } = moments;
  return writeSafetensors(new Map(tensors), {
    ...{ answers: `masked-distillation-answers-${NUMBER}`, data: id, data_name: name, classes: JSON.stringify(classes) },
    ...{ mean: JSON.stringify(mean), std: JSON.stringify(std) },
  });
}
