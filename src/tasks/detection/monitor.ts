/** Held-out images that a detector is tried on again and again while it learns. */
import type { DetectionSet } from "../../data/detection";
import type { ViewSpec } from "../../methods/method";
import { OwnPlace } from "../ownPicture";
import { Pace } from "../pace";
import type { Guest, Monitor, ViewEvent, Watched } from "../task";
import { ErasureCount } from "./erasure";
import type { DetectionTask } from "./task";
import type { DetectionViews, MapOf } from "./views";

const SHOWN = 6;
/** So often over a run the masks are counted. */
const MOMENTS = 100;
/** Snapshots that a page keeps over a run. Maps take a few hundred kilobytes each. */
const SNAPSHOTS = 200;
const MAPS = 40;

export class DetectionMonitor implements Monitor {
  private readonly erasure: ErasureCount;
  private readonly images: number[];
  private readonly pace = new Pace();
  private readonly own = new OwnPlace();

  constructor(private readonly watched: Watched<DetectionSet, DetectionTask>) {
    const { dataset, task, extras } = watched;
    this.images = Array.from({ length: Math.min(SHOWN, dataset.test.count) }, (_, i) => i);
    this.erasure = new ErasureCount(task.method.views);
    this.erasure.recall(extras);
  }

  gallery(): void {
    const { test, side, classes } = this.watched.dataset;
    const images = new Uint8Array(this.images.length * 3 * side ** 2);
    for (const [at, i] of this.images.entries()) images.set(test.image(i), at * 3 * side ** 2);
    this.show("gallery", { side, classes, images, truths: this.images.map((i) => test.truths(i)), ...this.own.shown });
  }

  guest(guest: Guest): void {
    if (this.own.take(guest, this.watched.dataset)) this.gallery();
  }

  introduce(): Promise<void> {
    return this.snapshot();
  }

  /** Nothing to begin anew: the next snapshot shows the change. */
  async follow(): Promise<void> {}

  /** Masks' turn comes at evenly spread steps, so that a resumed run counts alike. */
  async count({ step }: { step: number }): Promise<void> {
    if (step % Math.ceil(this.watched.settings.steps / MOMENTS) === 0) await this.take(true);
  }

  async refresh(): Promise<void> {
    if (this.pace.due) await this.take();
  }

  snapshot(): Promise<void> {
    return this.take();
  }

  private async take(counted = false): Promise<void> {
    const { task } = this.watched;
    const { maps, ...found } = await this.pace.taking(() => this.look());
    const step = this.watched.step();
    if (counted) this.erasure.add(maps);
    this.show("snapshot", { step, ...found }, { step, keep: SNAPSHOTS });
    const hidden = hiddenShare(maps, task.method.views);
    this.show("maps", { step, maps: maps.map(condensed), ...(hidden !== undefined && { hidden }) }, { step, keep: MAPS });
    this.show("erasure", this.erasure.report());
  }

  /** What is counted are the maps, and those are of held-out images alone. */
  private async look() {
    const { task } = this.watched;
    return { ...(await task.snapshot(this.images)), ...(await this.own.found((pixels) => task.find(pixels))) };
  }

  /** Beside a test on held-out images: how hard each term pulls. */
  async tested(): Promise<void> {
    const { task, settings } = this.watched;
    const step = this.watched.step();
    const {
      terms,
      positives: [positives],
    } = await task.pulls([Math.min(step, settings.steps - 1)]);
    const norms = Object.fromEntries(terms.map(({ name, weight, norms: [levels] }) => [name, weight * Math.hypot(...levels)]));
    const own = terms.filter((term) => term.own).map(({ name }) => name);
    this.show("pulls", { step, norms, own, positives }, { step });
  }

  store(): void {
    this.erasure.store(this.watched.extras);
  }

  private show<N extends keyof DetectionViews>(name: N, value: DetectionViews[N], more: Pick<ViewEvent, "step" | "keep"> = {}): void {
    this.watched.show({ name, value, ...more });
  }
}

/** Share of zeros in the mask of the input, where there is one. */
export function hiddenShare(maps: readonly MapOf[], views: Readonly<Record<string, ViewSpec>>): number | undefined {
  const mask = maps.find(({ view }) => views[view].of === "input")?.data;
  return mask && mask.filter((cell) => cell === 0).length / mask.length;
}

/** A page keeps many snapshots: of maps with channels [.., C], the largest by far, it gets the mean |F|. */
export function condensed(map: MapOf): MapOf {
  const { shape, data } = map;
  if (shape.length !== 4) return map;
  const channels = shape[3];
  const means = new Float32Array(data.length / channels);
  for (let i = 0; i < data.length; i++) means[Math.floor(i / channels)] += Math.abs(data[i]) / channels;
  return { ...map, shape: shape.slice(0, 3), data: means };
}
