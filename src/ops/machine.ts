/**
 * A model of an adapter by two numbers: how much it does at once, and what it costs to sum in parts. From it follow into how many parts a sum
 * over k falls, and which products are too small. `tune.ts` fits it; both numbers are powers of two, so that noise does not change them, nor
 * with them the bits of a run.
 */
import type { AdapterFacts } from "../engine/device";
import { EngineError } from "../engine/errors";

export interface Machine {
  /** Workgroups of 64 lanes that keep the adapter busy: fewer take as long. */
  groups: number;
  /** Floats of a part that are written and read again in the time in which a workgroup takes a step along k; infinite where they cost nothing. */
  floats: number;
}

/** A product whose sum over k may fall into parts. */
export interface Sum {
  /** Workgroups of 64 lanes of one part. */
  groups: number;
  k: number;
  /** Floats of the result. */
  size: number;
}

/** Floats along k that a part has at least: a launch more, or a shorter part, costs as much as they do. */
const LEAST_K = 64;
/** Workgroups along z. */
const MOST_PARTS = 65535;

/** The time of a sum in parts, counted in steps of a workgroup along k. */
export function timeOf({ groups, floats }: Machine, sum: Sum, parts: number): number {
  const walk = (sum.k / parts) * Math.max(1, (parts * sum.groups) / groups);
  return walk + (parts > 1 ? (parts * sum.size) / floats : 0);
}

/**
 * The number of parts that takes the least time. Until the adapter is busy, twice the parts halve the walk and double what is summed again: best
 * is the root of the ratio. Beyond that parts only cost.
 */
export function partsOf({ groups, floats }: Machine, { groups: each, k, size }: Sum): number {
  const busy = Math.ceil(groups / each);
  const cheap = Math.floor(Math.sqrt((k * floats) / size));
  return Math.max(1, Math.min(busy, cheap, Math.ceil(k / LEAST_K), MOST_PARTS));
}

/** Workgroups of which a product with fewer leaves so much of the adapter idle that smaller tiles, four times as many and more, may be faster. */
export const fewestGroups = ({ groups }: Machine): number => groups / 4;

/** Before anything was measured. A software adapter has few lanes, and what they sum again lies in a cache. */
export const usualMachine = ({ software }: AdapterFacts): Machine =>
  software ? { groups: 32, floats: Number.POSITIVE_INFINITY } : { groups: 512, floats: 4096 };

/** What is timed to fit a machine. */
export interface Timed {
  /** Milliseconds of one workgroup that takes so many steps along k. */
  alone: { ms: number; k: number };
  /** Of many workgroups, more than the adapter does at once. */
  many: { ms: number; k: number; groups: number };
  /** Of kernels that read and write so many floats of memory. */
  moved: { ms: number; floats: number };
}

const [LEAST, MOST] = [1, 2 ** 24];
const powerOfTwo = (x: number) => Math.min(MOST, Math.max(LEAST, 2 ** Math.round(Math.log2(x))));

/** As many workgroups are under way as steps are taken in the time of one. */
export function fitted({ alone, many, moved }: Timed): Machine {
  const step = alone.ms / alone.k;
  const groups = powerOfTwo((step * many.k * many.groups) / many.ms);
  return { groups, floats: powerOfTwo((step * moved.floats) / moved.ms / 2) };
}

/** As `kernels=machine=512/4096` names it; where parts cost nothing, the first number alone. */
export const machineInWords = ({ groups, floats }: Machine): string => (Number.isFinite(floats) ? `${groups}/${floats}` : `${groups}`);

/** Reads those words. Throws an EngineError when they are none. */
export function machineOf(words: string): Machine {
  const [, groups, floats] = /^(\d{1,8})(?:\/(\d{1,8}))?$/.exec(words) ?? [];
  const machine = { groups: Number(groups), floats: floats === undefined ? Number.POSITIVE_INFINITY : Number(floats) };
  const fits = (value: number) => value >= LEAST && value <= MOST;
  if (!fits(machine.groups) || !(floats === undefined || fits(machine.floats)))
    throw new EngineError(
      `machine cannot be "${words}".`,
      `Use workgroups that keep the GPU busy and floats that cost a step along k, each from ${LEAST} to ${MOST}, such as 512/4096.`,
    );
  return machine;
}
