/** Holds every kernel that an adapter can run, of those with variants each of them, against its float64 reference, and times it. */
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { type Check, deviation, expected, inHalves, observed, type Part } from "./evidence";
import { everywhere, FAMILIES, type Family, runnable, shapesOf } from "./families";
import { bankConflicts, liveFloats } from "./inspect";
import { PROOFS } from "./proofs";
import { straying } from "./roundings";
import { recorded, Stopwatch, shortest } from "./timing";
import { choice, choose } from "./variants";

/** What was found of one variant, or of one proof of a kernel that has none. */
export interface Verdict {
  /** The family and the variant, as `kernels=` names them; else the file in `shaders/` and what was proven of it. Followed by ", f16" where its arrays are kept so. */
  kernel: string;
  variant: string;
  /** Largest |difference| / max(1, |reference|) of values and gradients; null when it did not compute at all. */
  error: number | null;
  /** Milliseconds of what the family is first timed on, or of the proof; null when it did not compute. */
  ms: number | null;
  /** Floats a lane holds at once, at most, over what the family is timed on: kernels spill where registers are fewer. */
  registers?: number;
  /** Lanes that wait for one bank of workgroup memory, at most; absent for kernels that use none. */
  conflicts?: number;
  /** Where it strayed too far, or why it did not run; absent when it is right. */
  wrong?: string;
}

/** By how much of max(1, |reference|) f32 may stray, at least: WGSL allows exp, division and square roots that a tighter test of one adapter does not. */
const LEAST_TOLERANCE = 5e-5;

/** By how much a part of a proof may stray. */
type Allowed = (part: Part) => number;

/** Gradients may stray ten times as far as values. */
const within =
  (tolerance: number): Allowed =>
  ({ gradient }) =>
    (gradient ? 10 : 1) * tolerance;

/** The same, and where f16 is used what its roundings do. */
const allowed =
  ({ halves, roundings }: Family, variant: string, kept: Kept): Allowed =>
  (part) => {
    const half = kept === "f16" || halves?.(variant);
    return within(LEAST_TOLERANCE)(part) + (half ? straying(roundings[part.gradient ? "gradients" : "values"], part.values) : 0);
  };

/** Proves something of a kernel on an adapter. Rejects with an EngineError where it does not compute. */
export type Proof = (engine: Engine) => Promise<Found>;

/** Proofs of kernels that are no ops, by file in `shaders/` and by what is proven. */
export type Proofs = Readonly<Record<string, Readonly<Record<string, Proof>>>>;

const entriesOf = (proofs: Readonly<Record<string, object>>): number =>
  Object.values(proofs).reduce((sum, of) => sum + Object.keys(of).length, 0);

/** How many verdicts there will be, with `further` proofs. */
export const countOf = ({ facts }: Engine, further: Proofs = {}): number =>
  (facts.half ? 2 : 1) * (FAMILIES.reduce((sum, family) => sum + runnable(family, facts).length, 0) + entriesOf(PROOFS)) +
  entriesOf(further);

/** How arrays of floats are kept. */
type Kept = "f32" | "f16";
const keptOn = ({ facts }: Engine): Kept[] => (facts.half ? ["f32", "f16"] : ["f32"]);

const named = (variant: string, kept: Kept) => (kept === "f16" ? `${variant}, f16` : variant);

/** A family whose arrays are kept in f16. */
const halved = (family: Family): Family => ({
  ...family,
  proofs: Object.fromEntries(Object.entries(family.proofs).map(([name, spec]) => [name, inHalves(spec)])),
});

/**
 * Verdicts one after the other, of all families and other kernels and of `further` proofs, or of the one named. Only the variant under test
 * differs from the choice in force, which holds again afterwards.
 */
export async function* verify(engine: Engine, only?: string, further: Proofs = {}): AsyncGenerator<Verdict> {
  const usual = choice(engine);
  const wanted = (name: string) => only === undefined || name === only;
  try {
    for (const family of FAMILIES.filter(({ key }) => wanted(key)))
      for (const kept of keptOn(engine)) {
        const proven = kept === "f16" ? halved(family) : family;
        for (const variant of runnable(family, engine.facts)) {
          choose(engine, { ...usual, ...everywhere(family, variant) });
          const about = { kernel: family.key, variant: named(variant, kept) };
          yield await verdict(engine, about, () => ofVariant(engine, proven, variant, kept));
        }
      }
  } finally {
    choose(engine, usual);
  }
  for (const [kernel, proofs] of Object.entries(PROOFS).filter(([file]) => wanted(file)))
    for (const [variant, spec] of Object.entries(proofs))
      for (const kept of keptOn(engine)) {
        const about = { kernel, variant: named(variant, kept) };
        yield await verdict(engine, about, () => ofCheck(engine, variant, kept === "f16" ? inHalves(spec) : spec));
      }
  for (const [kernel, proofs] of Object.entries(further).filter(([file]) => wanted(file)))
    for (const [variant, prove] of Object.entries(proofs)) yield await verdict(engine, { kernel, variant }, () => prove(engine));
}

type Named = Pick<Verdict, "kernel" | "variant">;
export type Found = Omit<Verdict, keyof Named>;

async function verdict(engine: Engine, about: Named, find: () => Promise<Found>): Promise<Verdict> {
  try {
    return { ...about, ...(await find()) };
  } catch (error) {
    engine.assertAlive(); // of a lost device nothing more can be said
    if (!(error instanceof EngineError)) throw error;
    return { ...about, error: null, ms: null, wrong: error.message };
  }
}

async function ofVariant(engine: Engine, family: Family, variant: string, kept: Kept): Promise<Found> {
  const found = await worst(engine, family, allowed(family, variant, kept));
  return { ...found, ms: await timed(engine, family, kept), ...(kept === "f32" && told(engine, family)) };
}

async function ofCheck(engine: Engine, name: string, spec: Check): Promise<Found> {
  let ms = Number.NaN;
  const found = await observed(engine, spec, async (program) => {
    ms = await shortest(new Stopwatch(program));
  });
  return { ...judged(name, found, expected(spec), within(Math.max(spec.tolerance ?? 0, LEAST_TOLERANCE))), ms };
}

/** The largest error over the family's proofs, and the first that is too large. */
async function worst(engine: Engine, { proofs }: Family, allowed: Allowed): Promise<Judged> {
  let most: Judged = { error: 0 };
  for (const [name, spec] of Object.entries(proofs)) {
    const { error, wrong } = judged(name, await observed(engine, spec), expected(spec), allowed);
    most = { error: error <= most.error ? most.error : error, ...((most.wrong ?? wrong) && { wrong: most.wrong ?? wrong }) };
  }
  return most;
}

interface Judged {
  error: number;
  wrong?: string;
}

/** The largest error of what a proof found, and the first that is too large. */
export function judged(name: string, found: Part[], reference: Part[], allowed = within(LEAST_TOLERANCE)): Judged {
  let most = 0;
  let wrong: string | undefined;
  for (const [i, part] of reference.entries()) {
    const { error, at } = deviation(found[i].values, part.values);
    if (!(error <= most)) most = error;
    const limit = allowed(part);
    if (!(error <= limit))
      wrong ??= `${name}, ${part.what}[${at}]: ${found[i].values[at]}, expected ${part.values[at]} (error ${error}, allowed ${limit})`;
  }
  return { error: most, ...(wrong && { wrong }) };
}

/** What the texts of the kernels in force tell, the worst over what the family is timed on. */
function told(engine: Engine, family: Family): Pick<Verdict, "registers" | "conflicts"> {
  const shaders = Object.values(shapesOf(family)).flatMap((trace) => {
    const { launches, release } = recorded(engine, trace);
    release();
    return launches.map(({ shader }) => shader);
  });
  const conflicts = Math.max(...shaders.map(bankConflicts));
  // Before the backward pass of attention there is a forward one, in the variant in force.
  const counted = { gemm: "", attentionForward: "forward", attentionBackward: "backward" }[family.key as string];
  const own = counted === undefined ? [] : shaders.filter(({ entry }) => entry.includes(counted));
  return { ...(own.length > 0 && { registers: Math.max(...own.map(liveFloats)) }), ...(conflicts > 0 && { conflicts }) };
}

async function timed(engine: Engine, family: Family, kept: Kept): Promise<number> {
  const watch = await Stopwatch.of(engine, Object.values(shapesOf(family))[0], kept);
  const ms = await shortest(watch);
  watch.dispose();
  return ms;
}
