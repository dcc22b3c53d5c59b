/**
 * Adds up over a run what the method's pictures say is accumulated: how often each position and each channel was erased, or a
 * mean value, over evenly spread snapshots of the watched images. The sums belong to the run and are saved with it.
 */
import { mapName, type View, type ViewSpec } from "../../methods/method";
import type { Weights } from "../../models/weights";
import { regionCount } from "../../ops/regions";
import type { Erasure, MapOf } from "./views";

/** Begin the names of what is saved: sums, and over how many snapshots each was taken. */
const SUM = "erasure.sum.";
const LOOKS = "erasure.looks.";

type Specs = Readonly<Record<string, ViewSpec>>;
type Which = Pick<View, "view" | "at">;

/** Not every setting has every map: each counts its own snapshots. */
interface Counter extends Which {
  shape: readonly number[];
  sum: Float64Array;
  looks: number;
}

export class ErasureCount {
  private readonly counters = new Map<string, Counter>();

  constructor(private readonly views: Specs) {}

  /** Adds a snapshot's maps [images, ..], averaged over the images. A map of another shape, by other settings, begins anew. */
  add(maps: readonly MapOf[]): void {
    for (const { view, at, shape, data } of maps) {
      const { accumulate } = this.views[view];
      if (!accumulate) continue;
      const [images, ...rest] = shape;
      const counter = this.counterOf({ view, at }, rest);
      const { sum } = counter;
      counter.looks++;
      for (const [i, value] of data.entries()) sum[i % sum.length] += (accumulate === "erased" ? 1 - value : value) / images;
    }
  }

  report(): Erasure {
    const counters = [...this.counters.values()];
    const maps = counters.map(({ view, at, shape, sum, looks }) => ({ view, at, shape, data: sum.map((v) => v / looks) }));
    return { looks: Math.max(0, ...counters.map(({ looks }) => looks)), maps };
  }

  store(extras: Weights): void {
    for (const [name, { shape, sum, looks }] of this.counters) {
      extras.set(SUM + name, { shape: [...shape], data: Float32Array.from(sum) });
      extras.set(LOOKS + name, { shape: [1], data: Float32Array.of(looks) });
    }
  }

  recall(extras: Weights): void {
    const stored = [...extras].filter(([key]) => key.startsWith(SUM)).map(([key, sum]) => [key.slice(SUM.length), sum] as const);
    const found = stored.flatMap(([name, { shape, data }]): Counter[] => {
      const which = mapOfName(name, this.views);
      const looks = extras.get(LOOKS + name)?.data[0];
      return which && looks ? [{ ...which, shape, sum: Float64Array.from(data), looks }] : [];
    });
    for (const one of found) for (const counter of byRegions(one, this.views, found)) this.counters.set(mapName(counter), counter);
  }

  private counterOf(which: Which, shape: readonly number[]): Counter {
    const name = mapName(which);
    const known = this.counters.get(name);
    if (known && String(known.shape) === String(shape)) return known;
    const fresh = { ...which, shape, sum: new Float64Array(shape.reduce((a, b) => a * b, 1)), looks: 0 };
    this.counters.set(name, fresh);
    return fresh;
  }
}

/** The accumulated map that was stored under a name; undefined where the method has none of that name. */
function mapOfName(name: string, views: Specs): Which | undefined {
  return Object.entries(views).flatMap(([view, { axes, accumulate }]) => {
    const numbers = name.slice(view.length + 1).split(".");
    const at = Object.fromEntries(axes.flatMap((axis, i) => (numbers[i] ? [[axis, Number(numbers[i])]] : [])));
    return accumulate && mapName({ view, at }) === name ? [{ view, at }] : [];
  })[0];
}

/**
 * Runs saved by earlier versions hold all regions of a level as one map [R, C]: level by level of regions, those of the level's
 * other maps. Taken apart; left out where these are other regions by now.
 */
function byRegions(counter: Counter, views: Specs, all: readonly Counter[]): Counter[] {
  const { view, at, shape, sum, looks } = counter;
  if (!views[view].axes.includes("regions") || at.regions !== undefined) return [counter];
  const sides = [...new Set(all.flatMap((other) => (other.at.level === at.level ? (other.at.regions ?? []) : [])))].sort((a, b) => a - b);
  if (regionCount(sides) !== shape[0]) return [];
  return sides.map((regions, i) => {
    const from = regionCount(sides.slice(0, i));
    const values = sum.slice(from * shape[1], (from + regions ** 2) * shape[1]);
    return { view, at: { ...at, regions }, shape: [regions ** 2, shape[1]], sum: values, looks };
  });
}
