/** DETR's matching and losses in float64, apart from the kernels: for tests. */

/** Predictions and objects, row-major; absent objects have the label `classes`. */
export interface Case {
  images: number;
  queries: number;
  slots: number;
  classes: number;
  side: number;
  labels: number[];
  boxes: number[];
  logits: number[];
  raw: number[];
}

type Box = readonly number[];

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const areaOf = ([x1, y1, x2, y2]: Box): number => Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
const cornersOf = ([x, y, w, h]: Box): Box => [x - w / 2, y - h / 2, x + w / 2, y + h / 2];

function giou(a: Box, b: Box): number {
  const both = areaOf([Math.max(a[0], b[0]), Math.max(a[1], b[1]), Math.min(a[2], b[2]), Math.min(a[3], b[3])]);
  const union = areaOf(a) + areaOf(b) - both;
  const hull = areaOf([Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])]);
  return both / union - (hull - union) / hull;
}

function softmax(logits: readonly number[]): number[] {
  const all = logits.reduce((sum, v) => sum + Math.exp(v), 0);
  return logits.map((v) => Math.exp(v) / all);
}

/** Centre, width and height as shares: of query q, and of object s. */
const predicted = ({ raw, queries }: Case, b: number, q: number): number[] =>
  raw.slice(4 * (b * queries + q), 4 * (b * queries + q) + 4).map(sigmoid);
function wanted({ boxes, slots, side }: Case, b: number, s: number): number[] {
  const [x1, y1, x2, y2] = boxes.slice(4 * (b * slots + s), 4 * (b * slots + s) + 4).map((v) => v / side);
  return [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1];
}
const probabilities = ({ logits, queries, classes }: Case, b: number, q: number): number[] =>
  softmax(logits.slice((b * queries + q) * (classes + 1), (b * queries + q + 1) * (classes + 1)));

const l1 = (a: Box, b: Box): number => a.reduce((sum, v, i) => sum + Math.abs(v - b[i]), 0);

/** The cost of every query for each object that is on image b. */
export function cost64(one: Case, b: number): number[][] {
  const present = one.labels.slice(b * one.slots, (b + 1) * one.slots).filter((label) => label < one.classes);
  return present.map((label, s) =>
    Array.from({ length: one.queries }, (_, q) => {
      const [box, truth] = [predicted(one, b, q), wanted(one, b, s)];
      return 5 * l1(box, truth) - probabilities(one, b, q)[label] - 2 * giou(cornersOf(box), cornersOf(truth));
    }),
  );
}

/** What an assignment costs: `slots[q]` is the object of query q. */
export const total64 = (costs: number[][], slots: readonly number[]): number =>
  slots.reduce((sum, slot, q) => sum + (costs[slot]?.[q] ?? 0), 0);

/**
 * An assignment of least cost by another way than the kernel's: as long as some cycle or path of exchanges makes it cheaper, the
 * cheapest is taken (Bellman and Ford on queries).
 */
export function assigned64(costs: number[][]): number[] {
  const queries = costs[0]?.length ?? 0;
  const slots = Array.from({ length: queries }, (_, q) => (q < costs.length ? q : costs.length));
  for (;;) {
    const cycle = cheaper(costs, slots);
    if (!cycle) return slots;
    const before = [...slots];
    for (const [from, to] of cycle) slots[to] = before[from];
  }
}

/** A cycle of queries [from, to] along which handing objects on (or nothing) lowers the cost. */
function cheaper(costs: number[][], slots: readonly number[]): [from: number, to: number][] | undefined {
  const n = slots.length;
  const of = (slot: number, q: number) => costs[slot]?.[q] ?? 0;
  const distance = Array(n).fill(0);
  const before = Array(n).fill(-1);
  let last = -1;
  for (let round = 0; round <= n; round++) {
    last = -1;
    for (let from = 0; from < n; from++)
      for (let to = 0; to < n; to++) {
        const next = distance[from] + of(slots[from], to) - of(slots[from], from);
        if (from === to || next > distance[to] - 1e-12) continue;
        distance[to] = next;
        before[to] = from;
        last = to;
      }
    if (last < 0) return undefined;
  }
  for (let i = 0; i < n; i++) last = before[last];
  const cycle: [number, number][] = [];
  let at = last;
  do {
    cycle.push([before[at], at]);
    at = before[at];
  } while (at !== last);
  return cycle;
}

/** DETR's three losses under such an assignment. */
export function losses64(one: Case, noObject: number): Record<"ce" | "l1" | "giou", number> {
  let [ce, weights, distance, overlap, objects] = [0, 0, 0, 0, 0];
  for (let b = 0; b < one.images; b++) {
    const costs = cost64(one, b);
    const slots = costs.length ? assigned64(costs) : Array(one.queries).fill(0);
    objects += costs.length;
    for (const [q, slot] of slots.entries()) {
      const found = slot < costs.length;
      const weight = found ? 1 : noObject;
      ce -= weight * Math.log(probabilities(one, b, q)[found ? one.labels[b * one.slots + slot] : one.classes]);
      weights += weight;
      if (!found) continue;
      const [box, truth] = [predicted(one, b, q), wanted(one, b, slot)];
      distance += l1(box, truth);
      overlap += 1 - giou(cornersOf(box), cornersOf(truth));
    }
  }
  return { ce: ce / weights, l1: distance / Math.max(1, objects), giou: overlap / Math.max(1, objects) };
}
