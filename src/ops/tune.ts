/**
 * Measures which kernel variants are fastest on this adapter, on shapes like a small ViT's, and puts them in force.
 *
 * Candidates take turns, so that a machine's slow moments fall on all of them. The result is kept per adapter in whatever
 * store the caller has (a file, the browser's storage); `choose` in variants.ts overrides it.
 */
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { Graph, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import { selfAttention } from "./attention";
import { linear } from "./linear";
import { layerNorm } from "./norm";
import { ATTENTION, type Choice, choice, choose, GEMM, ROWS } from "./variants";

export interface TuneStore {
  get(key: string): Promise<string | undefined> | string | undefined;
  set(key: string, value: string): Promise<void> | void;
}

const ROUNDS = 5;
/** Times a candidate's launch is repeated in one measurement, so that it outweighs the submit. */
const REPEATS = 8;

interface Family {
  key: keyof Choice;
  candidates(engine: Engine): string[];
  /** Records what to measure and returns its result. */
  trace(graph: Graph, input: (shape: number[]) => Tensor): Tensor;
}

const runnable = (table: Record<string, { runs(facts: Engine["facts"]): boolean }>) => (engine: Engine) =>
  Object.keys(table).filter((name) => table[name].runs(engine.facts));

const BATCH = 16;
const TOKENS = 65;
const HEADS = { batch: BATCH, heads: 4, headDim: 16 };

const FAMILIES: Family[] = [
  {
    key: "gemm",
    // Half precision changes results, so it is never chosen for its speed alone; the smallest tile is always in use anyway.
    candidates: (engine) => runnable(GEMM)(engine).filter((name) => !name.startsWith("register4x4") && !GEMM[name].constants.HALF),
    trace: (_, input) => linear(input([BATCH * TOKENS, 64]), input([192, 64]), { bias: input([192]) }),
  },
  {
    key: "attentionForward",
    candidates: runnable(ATTENTION),
    trace: (_, input) => selfAttention(input([BATCH * TOKENS, 192]), HEADS).out,
  },
  {
    key: "attentionBackward",
    candidates: runnable(ATTENTION),
    trace: (graph, input) => {
      const qkv = input([BATCH * TOKENS, 192]);
      const { out } = selfAttention(qkv, HEADS);
      return graph.gradients((g) => g.alias(out, input([BATCH * TOKENS, 64]))).of(qkv) as Tensor;
    },
  },
  {
    key: "rows",
    candidates: runnable(ROWS),
    trace: (_, input) => layerNorm(input([BATCH * TOKENS, 64]), input([64]), input([64])),
  },
];

/** The fastest choice for this adapter: from the store, else measured now and stored. It is in force when this resolves. */
export async function tune(engine: Engine, store?: TuneStore): Promise<Choice> {
  const key = `mdp-kernels-2 ${engine.facts.name}`;
  const known = parse(engine, await store?.get(key));
  if (known) choose(engine, known);
  else {
    for (const family of FAMILIES) choose(engine, { [family.key]: await fastest(engine, family) });
    await store?.set(key, JSON.stringify(choice(engine)));
  }
  return choice(engine);
}

/** A stored choice, if it names variants that exist and run here. */
function parse(engine: Engine, text: string | undefined): Choice | undefined {
  try {
    const stored = JSON.parse(text ?? "") as Choice;
    return FAMILIES.every((f) => f.candidates(engine).includes(stored[f.key])) ? stored : undefined;
  } catch {
    return undefined;
  }
}

async function fastest(engine: Engine, family: Family): Promise<string> {
  const before = choice(engine);
  const lanes: { name: string; program: Program; times: number[] }[] = [];
  for (const name of family.candidates(engine)) {
    choose(engine, { [family.key]: name });
    lanes.push({ name, program: await record(engine, family), times: [] });
  }
  choose(engine, before);
  for (const { program } of lanes) await program.time();
  for (let round = 0; round < ROUNDS; round++) for (const lane of lanes) lane.times.push(await lane.program.time());
  for (const { program } of lanes) program.dispose();
  return lanes.sort((a, b) => Math.min(...a.times) - Math.min(...b.times))[0].name;
}

async function record(engine: Engine, family: Family): Promise<Program> {
  const graph = new Graph(engine);
  const buffers: GPUBuffer[] = [];
  const input = (shape: number[]) => {
    const buffer = engine.takeBuffer(shape.reduce((a, b) => a * b, 4));
    buffers.push(buffer);
    return graph.fixed(buffer, shape, "f32", 0, true);
  };
  const outputs = Object.fromEntries(Array.from({ length: REPEATS }, (_, i) => [`t${i}`, family.trace(graph, input)]));
  const program = await Program.compile(graph, outputs);
  for (const buffer of buffers) engine.giveBuffer(buffer);
  return program;
}

/** Forces variants, all or none, named as `gemm=quad8x4,rows=lane`. Throws an EngineError that lists what there is to choose from. */
export function override(engine: Engine, text: string): void {
  const pairs = text.split(",").map((pair) => pair.split("="));
  for (const [key, name] of pairs) {
    const family = FAMILIES.find((f) => f.key === key);
    const names = family?.candidates(engine) ?? [];
    if (!family) throw new EngineError(`There is no kernel family "${key}".`, `Use ${FAMILIES.map((f) => f.key).join(", ")}.`);
    if (!names.includes(name)) throw new EngineError(`${key} cannot be "${name}" on this adapter.`, `Use ${names.join(", ")}.`);
  }
  choose(engine, Object.fromEntries(pairs));
}
