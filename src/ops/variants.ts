/**
 * The ways each hot kernel can run, and which one an adapter gets. All variants compute the same thing; `tune.ts`
 * measures which is fastest here, tests run every one of them.
 */
import type { AdapterFacts, Engine } from "../engine/device";
import type { Constants } from "../engine/wgsl";
import { type Machine, machineInWords, machineOf, usualMachine } from "./machine";

/** A matrix product: entry point, constants and the shape of C one team of lanes computes. */
export interface GemmVariant {
  entry: "quad" | "coop" | "shared_tiles";
  constants: Constants;
  tile: [number, number];
  /** Tiles per workgroup. */
  tiles: number;
  /** Lanes per workgroup. */
  workgroup: number;
  runs(facts: AdapterFacts): boolean;
}

/** Lanes per workgroup of the barrier-free variants: few, so that even small products make many workgroups. */
const GEMM_WORKGROUP = 8;

const gemm = (
  entry: GemmVariant["entry"],
  lanes: number,
  a: number,
  b: number,
  runs: GemmVariant["runs"],
  workgroup = GEMM_WORKGROUP,
): GemmVariant => {
  const sharesColumns = entry === "quad" ? 4 : lanes;
  return {
    entry,
    constants: { A_BLOCKS: a, B_BLOCKS: b, WORKGROUP: workgroup, ...(entry === "coop" && { LANES: lanes }) },
    tile: [4 * a * lanes, 4 * b * sharesColumns],
    tiles: workgroup / lanes,
    workgroup,
    runs,
  };
};

/** Tiles in workgroup memory, of lanes that sum 4 `fours` columns of so many rows each. */
function shared(tile: [number, number], rows: number, fours: number, half: boolean): GemmVariant {
  const [m, n] = tile;
  const workgroup = (m * n) / (rows * 4 * fours);
  const turn = m + n <= workgroup ? m / n : 0; // other lanes load B where there are enough
  return {
    entry: "shared_tiles",
    constants: { TILE_M: m, TILE_N: n, LANE_ROWS: rows, LANE_FOURS: fours, B_TURN: turn, WORKGROUP: workgroup, HALF: half },
    ...{ tile, tiles: 1, workgroup },
    runs: (f) => f.half || !half,
  };
}

export const GEMM: Record<string, GemmVariant> = {
  quad8x8: gemm("quad", 4, 2, 2, (f) => f.subgroup >= 4),
  quad8x4: gemm("quad", 4, 2, 1, (f) => f.subgroup >= 4),
  quad4x4: gemm("quad", 4, 1, 1, (f) => f.subgroup >= 4),
  coop8: gemm("coop", 8, 1, 1, (f) => f.subgroup === 8),
  coop8wide: gemm("coop", 8, 1, 2, (f) => f.subgroup === 8),
  coop4: gemm("coop", 4, 1, 1, (f) => f.subgroup === 4),
  register8x8: gemm("coop", 1, 2, 2, () => true),
  register4x4: gemm("coop", 1, 1, 1, () => true),
  register4x4x64: gemm("coop", 1, 1, 1, () => true, 64),
  shared32: shared([32, 32], 4, 1, false),
  shared: shared([64, 64], 8, 2, false),
  shared128: shared([128, 64], 4, 2, false),
  shared32Half: shared([32, 32], 4, 1, true),
  sharedHalf: shared([64, 64], 8, 2, true),
  shared128Half: shared([128, 64], 4, 2, true),
};

/** Attention: lanes that share what they load, and rows each lane owns. */
export interface AttentionVariant {
  lanes: 8 | 4 | 1;
  rows: number;
  /** The lanes own the same rows, each a part of the head, and exchange sums in registers or in workgroup memory. */
  split?: "registers" | "memory";
  /** Split variants, of which a GPU takes the first that it runs where a row's heads are too wide for a lane's registers. */
  wide: string[];
  runs(facts: AdapterFacts): boolean;
}

const quads = (rows: number): AttentionVariant => ({ lanes: 4, rows, wide: ["split4"], runs: (f) => f.subgroup >= 4 });

export const ATTENTION: Record<string, AttentionVariant> = {
  quad1: quads(1),
  quad2: quads(2),
  quad3: quads(3),
  quad6: quads(6),
  lane: { lanes: 1, rows: 1, wide: ["split8shared"], runs: () => true },
  split4: { lanes: 4, rows: 4, split: "registers", wide: ["split8", "split8shared"], runs: (f) => f.subgroup >= 4 },
  split8: { lanes: 8, rows: 4, split: "registers", wide: [], runs: (f) => f.subgroup >= 8 },
  split8shared: { lanes: 8, rows: 1, split: "memory", wide: [], runs: () => true },
};

/**
 * Row-wise kernels: lanes that share a row, and whether rows that a quad can hold in registers go to quads instead (LayerNorm).
 * `tune` measures rows that a quad can hold, so what the others take must follow from the adapter.
 */
export const ROWS: Record<string, { group: 1 | 64; quads: boolean; runs(facts: AdapterFacts): boolean }> = {
  lane: { group: 1, quads: false, runs: () => true },
  group: { group: 64, quads: false, runs: () => true },
  quadLane: { group: 1, quads: true, runs: (f) => f.subgroup >= 4 && f.software },
  quadGroup: { group: 64, quads: true, runs: (f) => f.subgroup >= 4 && !f.software },
};

/**
 * A choice for each family, and of products for each class of shapes: keys of the tables above, and the machine in words (machine.ts). The
 * classes: `large` of none of the others, `deep` sums over rows (gradients of weights), `flat` and `narrow` have at most half the rows and
 * columns of a tile, `small` ones are too few tiles to keep the adapter busy.
 */
export interface Choice {
  "gemm.large": string;
  "gemm.deep": string;
  "gemm.flat": string;
  "gemm.narrow": string;
  "gemm.small": string;
  attentionForward: string;
  attentionBackward: string;
  rows: string;
  machine: string;
}

/** Part of a choice; `gemm` stands for every class of products but the small ones. */
export type PartialChoice = Partial<Choice> & { gemm?: string };

const chosen = new WeakMap<Engine, Choice>();

/** The choice in force: a tuned or forced one, else a guess from what the adapter is. */
export function choice(engine: Engine): Choice {
  return chosen.get(engine) ?? guess(engine.facts);
}

/** Forces (part of) the choice for traces recorded from now on; what is named later goes before what was named earlier. */
export function choose(engine: Engine, part: PartialChoice): void {
  const all = { ...choice(engine) };
  for (const [name, variant] of Object.entries(part)) for (const key of keysOf(all, name)) all[key] = variant;
  chosen.set(engine, all);
}

/** The keys of a choice that a name stands for: itself, or the classes of a family, but for products that are too small for most of its variants. */
export const keysOf = (choice: Choice, name: string): (keyof Choice)[] =>
  (Object.keys(choice) as (keyof Choice)[]).filter((key) => key === name || (key.startsWith(`${name}.`) && key !== "gemm.small"));

function guess(facts: AdapterFacts): Choice {
  const { software, subgroup } = facts;
  const quad = subgroup >= 4;
  const attentionForward = quad ? "quad3" : "lane";
  const products = (gemm: string, small: string, flat = gemm, narrow = gemm) => ({
    ...{ "gemm.large": gemm, "gemm.deep": gemm, "gemm.flat": flat, "gemm.narrow": narrow, "gemm.small": small },
    machine: machineInWords(usualMachine(facts)),
  });
  if (!software)
    return { ...products("shared", "shared32", "shared32"), attentionForward, attentionBackward: attentionForward, rows: "group" };
  // The software adapter with four lanes (SwiftShader) pays most for loads, and of those the more rows the fewer.
  const attentionBackward = subgroup === 4 ? "quad6" : attentionForward;
  const gemm = subgroup === 8 ? "coop8" : quad ? "quad8x8" : "register8x8";
  // Half of a tile of eight lanes would be beyond a product of 16 channels. All three sum in the same order: bits do not depend on the class.
  const flat = quad ? "quad4x4" : gemm;
  const narrow = subgroup === 8 ? "quad4x4" : gemm;
  return { ...products(gemm, "register4x4", flat, narrow), attentionForward, attentionBackward, rows: quad ? "quadLane" : "lane" };
}

/** The smallest tile, for products whose rows are not aligned to four floats. A GPU's lanes run by dozens, so it gets larger workgroups. */
export const smallestGemm = ({ software }: AdapterFacts): string => (software ? "register4x4" : "register4x4x64");

/** Lanes that share each of some rows of so many numbers: one, or a workgroup where the choice is so and there is something for every lane. */
export const lanesPerRow = (engine: Engine, length: number): 1 | 64 => (length < 64 ? 1 : ROWS[choice(engine).rows].group);

/** What the adapter is taken for. */
export const machine = (engine: Engine): Machine => machineOf(choice(engine).machine);

/** Workgroups a launch that can be split freely should have. */
export const wantedGroups = (engine: Engine): number => machine(engine).groups;
