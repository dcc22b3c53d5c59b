/** What a network's file says of it beside its weights, checked: names of classes, moments of its images, its score. */
import { WeightsError } from "./weights";

/** Mean and standard deviation of each channel, of pixels in 0..1, with which a network's images were normalised. */
interface Moments {
  mean: number[];
  std: number[];
}

const NOT_OURS = "Choose a file that this program wrote.";

function refuse(name: string, what: string): never {
  throw new WeightsError(`${name}: ${what}.`, NOT_OURS);
}

/** A part that is JSON. `kind` is what a file without it is not: "Segmenter". All here throw a WeightsError that names the file (`name`) and the part. */
export function parsed(text: string | undefined, part: string, kind: string, name: string): unknown {
  if (text === undefined) return refuse(name, `its metadata has no "${part}", so it is no ${kind} of this program`);
  try {
    return JSON.parse(text);
  } catch {
    return refuse(name, `"${part}" in its metadata is not readable as JSON`);
  }
}

/** A name for each of so many classes, as data sets have them. */
export function namesIn(value: unknown, count: number, name: string): string[] {
  if (!Array.isArray(value) || !value.every((one) => typeof one === "string" && one.trim() !== ""))
    return refuse(name, "its classes are no list of names");
  if (value.length !== count) return refuse(name, `it names ${value.length} classes, but tells ${count} apart`);
  // JSON can hold half a letter, which neither files nor the page can write.
  return value.map((one) => one.toWellFormed());
}

/** The same, where each has to be another: of two by one name the data could have but one. */
export function distinctNamesIn(value: unknown, count: number, name: string): string[] {
  const names = namesIn(value, count, name);
  const twice = names.find((one, i) => names.indexOf(one) < i);
  return twice === undefined ? names : refuse(name, `it names the class "${twice}" twice`);
}

export function momentsIn(value: unknown, channels: number, name: string): Moments {
  const { mean, std } = (value ?? {}) as Partial<Moments>;
  const whole = [mean, std].every((list) => Array.isArray(list) && list.length === channels && list.every(Number.isFinite));
  if (!whole) return refuse(name, `its moments are not a mean and a deviation of ${channels} channels`);
  const bad = std!.find((s) => s <= 0);
  if (bad !== undefined) return refuse(name, `a channel's deviation is ${bad}, which is not positive`);
  return { mean: mean!, std: std! };
}

/** A share, from 0 to 1; `what` it is of, such as "mean IoU". */
export function scoreIn(text: string, what: string, name: string): number {
  const score = Number(text);
  return text.trim() !== "" && score >= 0 && score <= 1 ? score : refuse(name, `its ${what} is "${text}", which is not between 0 and 1`);
}
