/** Holds every kernel variant that an adapter can run against its float64 reference, and times it. */
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { deviation, expected, observed, type Part } from "./evidence";
import { FAMILIES, type Family, runnable } from "./families";
import { bankConflicts, liveFloats } from "./inspect";
import { recorded, Stopwatch } from "./timing";
import { choice, choose } from "./variants";

/** What was found of one variant. */
export interface Verdict {
  /** The family and the variant, as `kernels=` names them. */
  kernel: string;
  variant: string;
  /** Largest |difference| / max(1, |reference|) of values and gradients; null when it did not compute at all. */
  error: number | null;
  /** Milliseconds of the family's first class of shapes; null when it did not compute. */
  ms: number | null;
  /** Floats a lane holds at once, at most, over the family's classes of shapes: attention spills where registers are fewer. */
  registers?: number;
  /** Lanes that wait for one bank of workgroup memory, at most; absent for kernels that use none. */
  conflicts?: number;
  /** Where it strayed too far, or why it did not run; absent when it is right. */
  wrong?: string;
}

/** Measurements of a variant, of which the shortest counts. */
const ROUNDS = 3;

/** How many verdicts there will be. */
export const countOf = ({ facts }: Engine): number => FAMILIES.reduce((sum, family) => sum + runnable(family, facts).length, 0);

/** Verdicts one after the other, of all families or of the one named. Only the variant under test differs from the choice in force, which holds again afterwards. */
export async function* verify(engine: Engine, only?: string): AsyncGenerator<Verdict> {
  const usual = choice(engine);
  try {
    for (const family of FAMILIES.filter(({ key }) => only === undefined || key === only)) {
      const references = new Map<string, Part[]>();
      for (const variant of runnable(family, engine.facts)) {
        choose(engine, { ...usual, [family.key]: variant });
        yield await verdict(engine, family, variant, references);
      }
    }
  } finally {
    choose(engine, usual);
  }
}

async function verdict(engine: Engine, family: Family, variant: string, references: Map<string, Part[]>): Promise<Verdict> {
  const named = { kernel: family.key, variant };
  try {
    const found = await worst(engine, family, variant, references);
    return { ...named, ...found, ms: await timed(engine, family), ...told(engine, family) };
  } catch (error) {
    engine.assertAlive(); // of a lost device nothing more can be said
    if (!(error instanceof EngineError)) throw error;
    return { ...named, error: null, ms: null, wrong: error.message };
  }
}

/** The largest error over the family's proofs, and the first that is too large. */
async function worst(
  engine: Engine,
  { proofs, tolerance }: Family,
  variant: string,
  references: Map<string, Part[]>,
): Promise<Pick<Verdict, "error" | "wrong">> {
  let most = 0;
  let wrong: string | undefined;
  for (const [name, spec] of Object.entries(proofs)) {
    const found = await observed(engine, spec);
    if (!references.has(name)) references.set(name, expected(spec));
    for (const [i, { what, values, gradient }] of (references.get(name) as Part[]).entries()) {
      const { error, at } = deviation(found[i].values, values);
      if (!(error <= most)) most = error;
      const allowed = (gradient ? 10 : 1) * tolerance(variant);
      if (!(error <= allowed))
        wrong ??= `${name}, ${what}[${at}]: ${found[i].values[at]}, expected ${values[at]} (error ${error}, allowed ${allowed})`;
    }
  }
  return { error: most, ...(wrong && { wrong }) };
}

/** What the texts of the kernels in force tell, the worst over the family's classes of shapes. */
function told(engine: Engine, { key, shapes }: Family): Pick<Verdict, "registers" | "conflicts"> {
  const shaders = Object.values(shapes).flatMap((trace) => {
    const { launches, release } = recorded(engine, trace);
    release();
    return launches.map(({ shader }) => shader);
  });
  const conflicts = Math.max(...shaders.map(bankConflicts));
  const attention = key === "attentionForward" || key === "attentionBackward";
  return { ...(attention && { registers: Math.max(...shaders.map(liveFloats)) }), ...(conflicts > 0 && { conflicts }) };
}

async function timed(engine: Engine, { shapes }: Family): Promise<number> {
  const watch = await Stopwatch.of(engine, Object.values(shapes)[0]);
  const times: number[] = [];
  await watch.measure();
  for (let round = 0; round < ROUNDS; round++) times.push(await watch.measure());
  watch.dispose();
  return Math.min(...times);
}
