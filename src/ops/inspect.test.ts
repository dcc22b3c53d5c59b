import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { AdapterFacts } from "../engine/device";
import { type Constants, type Shader, specialise } from "../engine/wgsl";
import { fitted, kernelConstants, MOST_FLOATS } from "./attention";
import { bankConflicts, evaluate, liveFloats } from "./inspect";
import { ATTENTION, GEMM } from "./variants";

const kernel = (file: string, entry: string, constants: Constants = {}): Shader => {
  const path = `shaders/${file}.wgsl`;
  return specialise(path, readFileSync(new URL(`../../${path}`, import.meta.url), "utf8"), entry, constants);
};

test("expressions have WGSL's precedence, wrap round at 32 bits, and know functions", () => {
  const names = new Map([["i", 77]]);
  const placed = new Map([["placed", { argument: "i", result: "i ^ ( ( i >> 3u ) & 7u ) ^ ( i >> 6u )" }]]);
  expect(evaluate("( i / 8u ) * 8u + i % 8u", names)).toBe(77);
  expect(evaluate("0u - 1u", names)).toBe(2 ** 32 - 1);
  expect(evaluate("placed ( i + 1u ) * 2u", names, placed)).toBe(2 * (78 ^ 1 ^ 1));
  expect(evaluate("i + j", names)).toBeUndefined();
});

describe.each(Object.entries(GEMM).filter(([, { entry }]) => entry === "shared_tiles"))("product with %s", (name, { constants }) => {
  const shader = kernel("gemm", "shared_tiles", constants);

  test("no lane waits for another at the banks of workgroup memory", () => {
    expect(bankConflicts(shader)).toBe(1);
  });

  test("without the exchange of neighbours lanes would wait for each other", () => {
    const plain = { ...shader, code: shader.code.replace(/placed_[ab] \( (.*?) \) \] (=|;|\))/g, "$1 ] $2") };
    expect(plain.code).not.toMatch(/\[ placed/);
    expect(bankConflicts(plain)).toBeGreaterThanOrEqual(4);
  });

  test.each(["a", "b"])("every exchange keeps all elements of the tile of %s apart", (side) => {
    const text = shader.code.replace(/\s+/g, " ");
    const result = new RegExp(`fn placed_${side}[^{]*\\{ return (.*?) ;`).exec(text)?.[1] ?? "";
    const [rows, cols] = GEMM[name].tile;
    const count = 4 * (side === "a" ? rows : cols);
    const places = Array.from({ length: count }, (_, i) =>
      evaluate(
        result,
        new Map([
          ["i", i],
          ["TILE_M", rows],
          ["TILE_N", cols],
        ]),
      ),
    );
    expect(new Set(places).size).toBe(count);
    expect(Math.max(...(places as number[]))).toBe(count - 1);
  });
});

test("a column of a row-major tile conflicts, a padded one does not", () => {
  const column = (stride: number): Shader => ({
    ...{ file: "made.wgsl", entry: "main", lines: [], bindings: [], params: [], workgroup: 32, features: [] },
    code: `var < workgroup > tile : array < f32 , 2048 > ;
      @ compute fn main ( @ builtin ( local_invocation_index ) i : u32 ) { let at = i * ${stride}u ; tile [ at ] = 1.0 ; }`,
  });
  expect(bankConflicts(column(32))).toBe(32);
  expect(bankConflicts(column(33))).toBe(1);
});

test("an index that depends on data is refused", () => {
  const { code, ...rest } = kernel("gemm", "shared_tiles");
  expect(() => bankConflicts({ ...rest, code: code.replace("my_row + 0u )", "my_row + group . x )") })).toThrow("cannot be worked out");
});

test("floats a lane of attention holds: twice the head, three and four times with gradients, besides what is loaded", () => {
  const held = (entry: string, rows: number, V4: number) =>
    liveFloats(kernel("attention", entry, { ROWS: rows, V4, HEAD: 4 * V4, ...quad }));
  const quad = { QUAD: true, LANES: ATTENTION.quad1.lanes };
  expect(held("forward", 1, 16)).toBe(64 * 4 + 4 + 2);
  expect(held("backward_queries", 1, 16)).toBe(64 * 6 + 4);
  expect(held("backward_keys", 1, 16)).toBe(64 * 8 + 2);
  expect(held("backward_keys", 3, 4) - held("backward_keys", 2, 4)).toBe(16 * 4 + 2);
});

const ENTRIES = ["forward", "backward_queries", "backward_keys"] as const;
/** A GPU of so many lanes; 1 where lanes cannot share registers. */
const gpu = (subgroup: number): AdapterFacts => ({ name: "acme", software: false, subgroup, half: true, timestamps: true });

describe.each([16, 32, 48, 64, 80, 128])("attention on GPUs by heads of %i", (headDim) => {
  const variants = Object.values(ATTENTION).flatMap((variant) =>
    [gpu(32), gpu(4), gpu(1)].filter((facts) => variant.runs(facts)).map((facts) => ({ facts, variant })),
  );

  test.each(ENTRIES)("%s holds no more than registers take, in any variant", (entry) => {
    const kernels = new Map<string, { name: string; constants: Constants }>();
    for (const { facts, variant } of variants) {
      const fit = fitted(facts, entry, variant, 577, headDim);
      const constants = kernelConstants(headDim, fit.variant, fit.rows);
      kernels.set(JSON.stringify(constants), { name: fit.variant.split ? `split_${entry}` : entry, constants });
    }
    for (const [key, { name, constants }] of kernels)
      expect(liveFloats(kernel("attention", name, constants)), key).toBeLessThanOrEqual(MOST_FLOATS);
  });
});

test("sums that split heads exchange in workgroup memory would conflict if lanes of a team lay far apart", () => {
  const { code, ...rest } = kernel("attention", "split_forward", kernelConstants(64, ATTENTION.split8shared, 1));
  expect(bankConflicts({ code, ...rest })).toBe(1);
  expect(bankConflicts({ ...rest, code: code.replaceAll("partial [ local ]", "partial [ local % 8u * 8u + local / 8u ]") })).toBe(8);
});

test.each(Object.entries(GEMM))(
  "a lane of %s holds its sums and the blocks it multiplies",
  (name, { entry, constants, tile, workgroup, tiles }) => {
    const sums = (tile[0] * tile[1] * tiles) / workgroup;
    const found = liveFloats(kernel("gemm", entry, constants));
    expect(found).toBeGreaterThanOrEqual(sums + 32);
    if (name.startsWith("shared")) expect(found).toBeLessThanOrEqual(sums + 4 * 16);
  },
);
