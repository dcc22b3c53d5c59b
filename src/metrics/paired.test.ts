/** Paired tests and intervals beside published examples. */
import { describe, expect, test } from "vitest";
import { agreement, holm, mcnemar, noWorse, overSeeds, pOfMean } from "./paired";

/** Answers of two classifiers: right by both, by the first alone, by the second alone, by neither. */
function answers(n11: number, n10: number, n01: number, n00: number): [number[], number[]] {
  const cells: [number, number, number][] = [
    [n11, 1, 1],
    [n10, 1, 0],
    [n01, 0, 1],
    [n00, 0, 0],
  ];
  const of = (which: 1 | 2) => cells.flatMap((cell) => new Array<number>(cell[0]).fill(cell[which]));
  return [of(1), of(2)];
}

describe("McNemar's test", () => {
  test("of airway hyper-responsiveness (Bentur et al.; Fagerland et al., 2013) has its exact p", () => {
    const found = mcnemar(...answers(1, 1, 7, 12));
    expect(found).toMatchObject({ n: 21, n10: 1, n01: 7, test: "exact" });
    expect(found.p).toBeCloseTo(18 / 256, 12);
    expect(found.p.toFixed(3)).toBe("0.070");
  });

  test("with 25 discordant pairs takes the mid-p, which counts half of the outcomes as likely as the observed one", () => {
    const exactly = (k: number, n: number) => {
      let ways = 1;
      let below = 0;
      for (let i = 0; i < k; i++, ways = (ways * (n - i + 1)) / i) below += ways;
      return { tail: (below + ways) / 2 ** n, point: ways / 2 ** n };
    };
    const { tail, point } = exactly(8, 25);
    const found = mcnemar(...answers(50, 8, 17, 20));
    expect(found.test).toBe("mid-p");
    expect(found.p).toBeCloseTo(2 * tail - point, 12);
    expect(mcnemar(...answers(5, 20, 20, 5)).p).toBeCloseTo(1 - exactly(20, 40).point / 2, 12);
  });

  test("is the same for classifiers in the other order, but for the signs", () => {
    const [first, second] = answers(30, 9, 22, 40);
    const [one, two] = [mcnemar(first, second), mcnemar(second, first)];
    expect(two.p).toBe(one.p);
    expect([two.difference, two.n10, two.n01]).toEqual([-one.difference, one.n01, one.n10]);
    expect(two.interval[0]).toBeCloseTo(-one.interval[1], 14);
    expect(two.interval[1]).toBeCloseTo(-one.interval[0], 14);
  });

  test("without a discordant pair finds nothing, with an interval round 0", () => {
    const { p, difference, interval } = mcnemar(...answers(10, 0, 0, 10));
    expect([p, difference]).toEqual([1, 0]);
    expect(interval[0]).toBeLessThan(0);
    expect(interval[1]).toBeCloseTo(-interval[0], 14);
  });

  test("refuses answers to different images", () => {
    expect(() => mcnemar([1, 0], [1])).toThrow(/2 and 1 answers/);
    expect(() => mcnemar([], [])).toThrow(/same images/);
  });
});

describe("Newcombe's interval of paired proportions", () => {
  test.each([
    // Complete response before and after consolidation therapy (Cavo et al., 2012), in Fagerland, Lydersen, Laake,
    // "Statistical Analysis of Contingency Tables", 2017, chapter 8.
    { cells: [59, 6, 16, 80], low: "-0.1186", high: "-0.0046" },
    // Not from a book but computed apart from this code, by the textbook form of the limits: few images, and an empty cell.
    { cells: [1, 1, 7, 12], low: "-0.5069", high: "-0.0256" },
    { cells: [36, 12, 2, 0], low: "0.0569", high: "0.3404" },
  ])("of $cells is $low to $high", ({ cells, low, high }) => {
    const { interval } = mcnemar(...answers(...(cells as [number, number, number, number])));
    expect(interval.map((end) => end.toFixed(4))).toEqual([low, high]);
  });

  test("stays within -1 and 1 at the ends, where it is Wilson's", () => {
    const { difference, interval } = mcnemar(...answers(0, 12, 0, 0));
    expect(difference).toBe(1);
    expect(interval[1]).toBe(1);
    expect(interval[0]).toBeGreaterThan(0);
  });
});

describe("differences over seeds", () => {
  test("of the sleep data (Student, Biometrika 6, 1908) have the interval of R's t.test", () => {
    const first = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0];
    const second = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4];
    const scores = (values: number[]) => new Map(values.map((v, seed) => [seed, v]));
    const { difference, interval, seeds } = overSeeds(scores(second), scores(first));
    expect(difference).toBeCloseTo(1.58, 12);
    expect(interval[0]).toBeCloseTo(0.7001142, 7);
    expect(interval[1]).toBeCloseTo(2.4598858, 7);
    expect(seeds).toBe(10);
  });

  test("are of the seeds that both have; a single one says nothing", () => {
    const [first, second] = [
      new Map([
        [1, 0.5],
        [2, 0.7],
      ]),
      new Map([
        [3, 0],
        [2, 0.6],
      ]),
    ];
    const { difference, interval, seeds } = overSeeds(first, second);
    expect(difference).toBeCloseTo(0.1, 12);
    expect([interval, seeds]).toEqual([[Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY], 1]);
    expect(agreement({ difference, interval }, 1)).toBe("cannot tell");
    expect(() => overSeeds(first, new Map([[9, 1]]))).toThrow(/share no seed/);
  });
});

const between = (low: number, high: number) => ({ difference: (low + high) / 2, interval: [low, high] as const });

test.each([
  { low: 0.1, high: 0.3, claimed: 1 as const, expected: "agrees" },
  { low: 0.1, high: 0.3, claimed: -1 as const, expected: "opposite" },
  { low: -0.3, high: -0.1, claimed: -1 as const, expected: "agrees" },
  { low: -0.3, high: -0.1, claimed: 1 as const, expected: "opposite" },
  { low: -0.1, high: 0.3, claimed: 1 as const, expected: "cannot tell" },
  { low: 0, high: 0.3, claimed: 1 as const, expected: "cannot tell" },
  { low: 0, high: 0, claimed: 1 as const, expected: "cannot tell" },
])("from $low to $high, a claim of sign $claimed: $expected", ({ low, high, claimed, expected }) => {
  expect(agreement(between(low, high), claimed)).toBe(expected);
});

describe("no worse, by a named margin", () => {
  const margin = { name: "half a point of top-1", value: 0.005 };

  test.each([
    { low: -0.004, high: 0.01, expected: "no worse" },
    { low: -0.004, high: -0.001, expected: "no worse" },
    { low: -0.005, high: 0.01, expected: "cannot tell" },
    { low: -0.02, high: 0.01, expected: "cannot tell" },
    { low: -0.02, high: -0.006, expected: "worse" },
  ])("from $low to $high: $expected", ({ low, high, expected }) => {
    expect(noWorse(between(low, high), margin)).toEqual({ verdict: expected, margin });
  });

  test("a margin needs a name and a size", () => {
    expect(() => noWorse(between(0, 1), { name: " ", value: 0.1 })).toThrow(/margin/);
    expect(() => noWorse(between(0, 1), { name: "none", value: 0 })).toThrow(/above 0/);
  });
});

describe("several claims at once", () => {
  test("p is 5 % where the interval ends, and follows Student's t elsewhere", () => {
    expect(pOfMean({ difference: 2, interval: [0, 4], seeds: 3 })).toBeCloseTo(0.05, 9);
    expect(pOfMean({ difference: 2, interval: [0, 4], seeds: 3 }, 4)).toBeCloseTo(0.05, 9);
    // Three standard errors with four degrees of freedom: 0.0399 in tables.
    expect(pOfMean({ difference: 3, interval: [3 - 2.7764451, 3 + 2.7764451], seeds: 5 })).toBeCloseTo(0.0399, 4);
    expect([pOfMean({ difference: 1, interval: [1, 1], seeds: 5 }), pOfMean({ difference: 0, interval: [0, 0], seeds: 5 })]).toEqual([
      0, 1,
    ]);
  });

  test("Holm: the smallest p has to do for all, the next for all but one, and after the first that does not none falls", () => {
    expect(holm([0.01, 0.04, 0.03, 0.005])).toEqual([true, false, false, true]);
    expect(holm([0.012, 0.013, 0.02, 0.04])).toEqual([true, true, true, true]);
    expect(holm([0.03, 0.03])).toEqual([false, false]);
    expect(holm([])).toEqual([]);
  });
});
