/**
 * CIFAR-10 and CIFAR-100 in their binary form: records of one label byte (CIFAR-100: coarse, then fine) and 3 x 32 x 32
 * bytes in planes. The files have no header; which of the two they are follows from their length and from labels in range.
 */
import { DataError } from "./dataset";

export const CIFAR_SIDE = 32;
const PIXELS = 3 * CIFAR_SIDE * CIFAR_SIDE;

/** What the two have in common: label bytes per record, and how many values each may take. The last one is the class. */
const KINDS = [
  { name: "CIFAR-10", limits: [10] },
  { name: "CIFAR-100", limits: [20, 100] },
] as const;

export const CIFAR10_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"];

export interface Cifar {
  name: (typeof KINDS)[number]["name"];
  count: number;
  /** CIFAR-100: the fine ones. */
  labels: Uint8Array;
  /** Planes u8 [count, 3, 32, 32]. */
  planes: Uint8Array;
}

/** Reads a CIFAR-10 or CIFAR-100 binary file. */
export function readCifar(bytes: Uint8Array, name: string): Cifar {
  const fitting = KINDS.filter(({ limits }) => bytes.length > 0 && bytes.length % (limits.length + PIXELS) === 0);
  if (fitting.length === 0) {
    const what = `${name} has ${bytes.length} bytes, which is no whole number of CIFAR records (3,073 bytes each, CIFAR-100: 3,074).`;
    throw new DataError(what, "It may be cut short: download it again. If it is no CIFAR file, leave it out.");
  }
  const kind = fitting.find(({ limits }) => labelsInRange(bytes, limits));
  if (!kind) {
    const what = `${name} has labels that ${fitting.map((k) => k.name).join(" and ")} do not have.`;
    throw new DataError(what, "It may be damaged: download it again. If it is no CIFAR file, leave it out.");
  }
  return records(bytes, kind);
}

function labelsInRange(bytes: Uint8Array, limits: readonly number[]): boolean {
  for (let at = 0; at < bytes.length; at += limits.length + PIXELS) {
    if (limits.some((limit, i) => bytes[at + i] >= limit)) return false;
  }
  return true;
}

function records(bytes: Uint8Array, { name, limits }: (typeof KINDS)[number]): Cifar {
  const size = limits.length + PIXELS;
  const count = bytes.length / size;
  const labels = new Uint8Array(count);
  const planes = new Uint8Array(count * PIXELS);
  for (let i = 0; i < count; i++) {
    labels[i] = bytes[i * size + limits.length - 1];
    planes.set(bytes.subarray(i * size + limits.length, (i + 1) * size), i * PIXELS);
  }
  return { name, count, labels, planes };
}
