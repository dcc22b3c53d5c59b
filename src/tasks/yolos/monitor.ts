/** Held-out images on which objects are looked for again and again while a student learns: what is shown of them, and what is counted. */
import type { DetectionSet } from "../../data/detection";
import { FrequencyCount } from "../frequency";
import { OwnPlace } from "../ownPicture";
import { Pace } from "../pace";
import type { Guest, Monitor, Report, Watched } from "../task";
import type { Yolos } from "./task";
import type { YolosViews } from "./views";

const SHOWN = 6;
/** Snapshots that a page keeps over a run. */
const KEPT = 200;

export class YolosMonitor implements Monitor {
  private readonly frequency: FrequencyCount;
  private readonly images: number[];
  private readonly pace = new Pace();
  private readonly own = new OwnPlace();

  constructor(private readonly watched: Watched<DetectionSet, Yolos>) {
    const { dataset, task, settings, extras } = watched;
    this.images = Array.from({ length: Math.min(SHOWN, dataset.test.count) }, (_, i) => i);
    const [rows, columns] = task.grid;
    this.frequency = new FrequencyCount(rows * columns, this.images.length, settings.steps);
    this.frequency.recall(extras);
  }

  introduce(): Promise<void> {
    return this.snapshot();
  }

  /** After a change of the mask there is nothing to begin anew: the next snapshot shows it. */
  async follow(): Promise<void> {}

  /** Counts what a step kept; its images' turn comes at evenly spread steps, so that a resumed run counts alike. */
  async count({ kept, step }: Pick<Report, "kept"> & { step: number }): Promise<void> {
    if (kept) this.frequency.add(kept, step, this.watched.task.batch);
    if (kept && this.frequency.due(step)) await this.snapshot(true);
  }

  async refresh(): Promise<void> {
    if (this.pace.due) await this.snapshot();
  }

  async snapshot(counted = false): Promise<void> {
    const outputs = await this.pace.taking(() => this.look());
    const step = this.watched.step();
    if (counted && outputs.kept) this.frequency.addLook(outputs.kept, step);
    this.show("snapshot", { step, ...outputs }, KEPT);
    this.show("frequency", this.frequency.report());
  }

  /** What is counted is of held-out images alone. */
  private async look() {
    const { task } = this.watched;
    return { ...(await task.snapshot(this.images)), ...(await this.own.found((pixels) => task.find(pixels))) };
  }

  guest(guest: Guest): void {
    if (this.own.take(guest, this.watched.dataset)) this.gallery();
  }

  store(): void {
    this.frequency.store(this.watched.extras);
  }

  gallery(): void {
    const { test, side, classes } = this.watched.dataset;
    const images = new Uint8Array(this.images.length * 3 * side ** 2);
    for (const [at, i] of this.images.entries()) images.set(test.image(i), at * 3 * side ** 2);
    const [rows, columns] = this.watched.task.grid;
    const truths = this.images.map((i) => test.truths(i));
    this.show("gallery", { side, grid: [rows, columns], classes, images, truths, ...this.own.shown });
  }

  private show<N extends keyof YolosViews>(name: N, value: YolosViews[N], keep?: number): void {
    this.watched.show({ name, value, step: this.watched.step(), keep });
  }
}
