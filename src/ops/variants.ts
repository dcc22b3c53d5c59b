/**
 * The ways each hot kernel can run, and which one an adapter gets. All variants compute the same thing; `tune.ts`
 * measures which is fastest here, tests run every one of them.
 */
import type { AdapterFacts, Engine } from "../engine/device";
import type { Constants } from "../engine/wgsl";

/** A matrix product: entry point, constants and the shape of C one team of lanes computes. */
export interface GemmVariant {
  entry: "quad" | "coop" | "shared_tiles";
  constants: Constants;
  tile: [number, number];
  /** Tiles per workgroup. */
  tiles: number;
  /** Lanes per workgroup. */
  workgroup: number;
  /** The variant that takes matrices C of at most half a tile's rows. */
  low?: string;
  /** The variant that takes products with too few of these tiles to fill the adapter; `smallGemm` when absent. */
  smaller?: string;
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
function shared(tile: [number, number], rows: number, fours: number, half: boolean, smaller?: string): GemmVariant {
  const [m, n] = tile;
  const workgroup = (m * n) / (rows * 4 * fours);
  const turn = m + n <= workgroup ? m / n : 0; // other lanes load B where there are enough
  return {
    entry: "shared_tiles",
    constants: { TILE_M: m, TILE_N: n, LANE_ROWS: rows, LANE_FOURS: fours, B_TURN: turn, WORKGROUP: workgroup, HALF: half },
    ...{ tile, tiles: 1, workgroup, low: smaller, smaller },
    runs: (f) => f.half || !half,
  };
}

export const GEMM: Record<string, GemmVariant> = {
  quad8x8: { ...gemm("quad", 4, 2, 2, (f) => f.subgroup >= 4), low: "quad4x4" },
  quad8x4: { ...gemm("quad", 4, 2, 1, (f) => f.subgroup >= 4), low: "quad4x4" },
  quad4x4: gemm("quad", 4, 1, 1, (f) => f.subgroup >= 4),
  coop8: gemm("coop", 8, 1, 1, (f) => f.subgroup === 8),
  coop8wide: gemm("coop", 8, 1, 2, (f) => f.subgroup === 8),
  coop4: gemm("coop", 4, 1, 1, (f) => f.subgroup === 4),
  register8x8: gemm("coop", 1, 2, 2, () => true),
  register4x4: gemm("coop", 1, 1, 1, () => true),
  register4x4x64: gemm("coop", 1, 1, 1, () => true, 64),
  shared32: shared([32, 32], 4, 1, false),
  shared: shared([64, 64], 8, 2, false, "shared32"),
  shared128: shared([128, 64], 4, 2, false, "shared"),
  shared32Half: shared([32, 32], 4, 1, true),
  sharedHalf: shared([64, 64], 8, 2, true, "shared32Half"),
  shared128Half: shared([128, 64], 4, 2, true, "sharedHalf"),
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
 * Into how many workgroups a weight gradient's sum over all rows is split, and with it other sums that can be split freely. Enough of them keep
 * a GPU busy; what they leave must be summed again.
 */
export const SPLIT: Record<string, { groups: number; runs(facts: AdapterFacts): boolean }> = {
  groups32: { groups: 32, runs: (f) => f.software },
  groups128: { groups: 128, runs: (f) => !f.software },
  groups512: { groups: 512, runs: (f) => !f.software },
  groups2048: { groups: 2048, runs: (f) => !f.software },
};

/** Fewer workgroups than this leave the adapter idle: a product then takes smaller tiles. */
export const FILL: Record<string, { groups: number; runs(facts: AdapterFacts): boolean }> = {
  groups8: { groups: 8, runs: (f) => f.software },
  groups16: { groups: 16, runs: (f) => !f.software },
  groups64: { groups: 64, runs: (f) => !f.software },
  groups256: { groups: 256, runs: (f) => !f.software },
};

/** A choice for each family; keys of the tables above. */
export interface Choice {
  gemm: string;
  attentionForward: string;
  attentionBackward: string;
  rows: string;
  split: string;
  fill: string;
}

const chosen = new WeakMap<Engine, Choice>();

/** The choice in force: a tuned or forced one, else a guess from what the adapter is. */
export function choice(engine: Engine): Choice {
  return chosen.get(engine) ?? guess(engine.facts);
}

/** Forces (part of) the choice for traces recorded from now on. */
export function choose(engine: Engine, part: Partial<Choice>): void {
  chosen.set(engine, { ...choice(engine), ...part });
}

function guess({ software, subgroup }: AdapterFacts): Choice {
  const quad = subgroup >= 4;
  const attentionForward = quad ? "quad3" : "lane";
  const gpu = { rows: "group", split: "groups512", fill: "groups16" };
  if (!software) return { gemm: "shared", attentionForward, attentionBackward: attentionForward, ...gpu };
  // The software adapter with four lanes (SwiftShader) pays most for loads, and of those the more rows the fewer.
  const attentionBackward = subgroup === 4 ? "quad6" : attentionForward;
  const gemm = subgroup === 8 ? "coop8" : quad ? "quad8x8" : "register8x8";
  return { gemm, attentionForward, attentionBackward, rows: quad ? "quadLane" : "lane", split: "groups32", fill: "groups8" };
}

/**
 * The variant for products too small for the chosen variant's tiles, or with rows that are not aligned to four floats: the
 * smallest tile. A GPU's lanes run by dozens, so it gets larger workgroups.
 */
export function smallGemm(engine: Engine): GemmVariant {
  return engine.facts.software ? GEMM.register4x4 : GEMM.register4x4x64;
}

/** Workgroups of which a product with fewer takes smaller tiles. */
export function fewestGroups(engine: Engine): number {
  return FILL[choice(engine).fill].groups;
}

/** Lanes that share each of some rows of so many numbers: one, or a workgroup where the choice is so and there is something for every lane. */
export const lanesPerRow = (engine: Engine, length: number): 1 | 64 => (length < 64 ? 1 : ROWS[choice(engine).rows].group);

/** Workgroups a launch that can be split freely should have. */
export function wantedGroups(engine: Engine): number {
  return SPLIT[choice(engine).split].groups;
}
