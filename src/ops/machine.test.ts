import { describe, expect, test } from "vitest";
import { fewestGroups, fitted, type Machine, machineInWords, machineOf, partsOf, type Sum, timeOf, usualMachine } from "./machine";

const facts = (software: boolean) => ({ name: "", software, subgroup: 8, half: false, timestamps: false });
const [SOFTWARE, GPU] = [usualMachine(facts(true)), usualMachine(facts(false))];
const POWERS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 65536];

/** Weight gradients from a head of ten classes to a layer of ViT-B, over the rows of one image to those of a large batch. */
const SUMS: Sum[] = [1, 3, 12, 72, 300].flatMap((groups) =>
  [16, 64, 65, 1040, 12608, 100_000].flatMap((k) => [640, 12288, 294_912, 2_359_296].map((size) => ({ groups, k, size }))),
);
const MACHINES: Machine[] = [32, 128, 512, 2048].flatMap((groups) =>
  [64, 4096, 32768, Number.POSITIVE_INFINITY].map((floats) => ({ groups, floats })),
);

describe("parts of a sum", () => {
  test("are whole, at least one, and no more than blocks of 64 along k", () => {
    for (const machine of MACHINES)
      for (const sum of SUMS) {
        const parts = partsOf(machine, sum);
        expect(Number.isInteger(parts)).toBe(true);
        expect(parts).toBeGreaterThanOrEqual(1);
        expect(parts).toBeLessThanOrEqual(Math.ceil(sum.k / 64));
      }
    expect(partsOf({ groups: 2 ** 24, floats: Number.POSITIVE_INFINITY }, { groups: 1, k: 1e8, size: 1 })).toBe(65535);
  });

  test("are more, never fewer, the more steps along k, the smaller the result, the more the adapter does at once and the cheaper parts are", () => {
    const rises = (values: number[]) => values.every((value, i) => i === 0 || value >= values[i - 1]);
    for (const machine of MACHINES)
      for (const sum of SUMS) {
        expect(rises(POWERS.map((k) => partsOf(machine, { ...sum, k })))).toBe(true);
        expect(rises(POWERS.map((size) => -partsOf(machine, { ...sum, size })))).toBe(true);
        expect(rises(POWERS.map((groups) => -partsOf(machine, { ...sum, groups })))).toBe(true);
        expect(rises(POWERS.map((groups) => partsOf({ ...machine, groups }, sum)))).toBe(true);
        expect(rises(POWERS.map((floats) => partsOf({ ...machine, floats }, sum)))).toBe(true);
      }
  });

  test("take, by the model, no longer than any other number of them that is allowed, but for what rounding to whole numbers costs", () => {
    for (const machine of MACHINES)
      for (const sum of SUMS) {
        const most = Math.ceil(sum.k / 64);
        const least = Math.min(...Array.from({ length: most }, (_, i) => timeOf(machine, sum, i + 1)));
        expect(timeOf(machine, sum, partsOf(machine, sum)) / least).toBeLessThan(1.5);
      }
  });

  test("are on software adapters those that fill 32 workgroups, whatever they cost", () => {
    for (const sum of SUMS)
      expect(partsOf(SOFTWARE, sum)).toBe(Math.max(1, Math.min(Math.ceil(32 / sum.groups), Math.ceil(sum.k / 64), 65535)));
    expect(fewestGroups(SOFTWARE)).toBe(8);
  });

  test("of real sizes on a GPU before it was measured", () => {
    const parts = (groups: number, k: number, size: number) => partsOf(GPU, { groups, k, size });
    expect(parts(3, 1040, 192 * 64)).toBe(17); // a small network: blocks of 64
    expect(parts(72, 64 * 197, 768 * 384)).toBe(8); // DeiT-S: as many as keep the adapter busy
    expect(parts(18, 788, 576 * 192)).toBe(5); // DeiT-Ti, few rows: what is summed again costs
  });
});

describe("a fitted machine", () => {
  /** What the clock would say of a machine whose workgroup takes `step` ms along k, and that moves a float in `float` ms. */
  const timed = (groups: number, step: number, float: number) => ({
    alone: { ms: 8192 * step, k: 8192 },
    many: { ms: (1024 * step * 1024) / groups, k: 1024, groups: 1024 },
    moved: { ms: 3e6 * float, floats: 3e6 },
  });

  test("is the one that was timed, to a power of two, and is not moved by a fifth more or less of any time", () => {
    for (const groups of [64, 256, 1024]) {
      const floats = 2048;
      const exact = timed(groups, 60e-6, 60e-6 / floats / 2);
      expect(fitted(exact)).toEqual({ groups, floats });
      for (const part of ["alone", "many", "moved"] as const)
        for (const factor of [0.8, 1.2]) {
          const noisy = { ...exact, [part]: { ...exact[part], ms: factor * exact[part].ms } };
          expect(fitted(noisy)).toEqual({ groups, floats });
        }
    }
  });

  test("stays within bounds where a clock stands still or an adapter is odd", () => {
    for (const ms of [1e-9, 1e9])
      for (const part of ["alone", "many", "moved"] as const) {
        const base = timed(512, 60e-6, 1e-8);
        const words = machineInWords(fitted({ ...base, [part]: { ...base[part], ms } }));
        expect(machineInWords(machineOf(words))).toBe(words);
      }
  });
});

test("words are read as they are written, and others refused with an example", () => {
  for (const machine of [...MACHINES, SOFTWARE, GPU]) expect(machineOf(machineInWords(machine))).toEqual(machine);
  expect(machineInWords(SOFTWARE)).toBe("32");
  expect(machineInWords(GPU)).toBe("512/4096");
  for (const words of ["", "0", "groups512", "512/", "512/0", "5/6/7", "-1", "1e3", "99999999", "1/99999999"])
    expect(() => machineOf(words), words).toThrow(/machine cannot be ".*512\/4096/);
});
