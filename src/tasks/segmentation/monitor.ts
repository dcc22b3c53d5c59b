/** Held-out images that are segmented again and again while a student learns: what is shown of them, and what is counted. */
import type { SegmentationSet } from "../../data/segmentation";
import { FrequencyCount } from "../frequency";
import { OwnPlace } from "../ownPicture";
import { Pace } from "../pace";
import type { Guest, Monitor, Report, Watched } from "../task";
import type { Outputs } from "./snapshot";
import type { Segmentation } from "./task";
import type { Masks, SegmentationViews } from "./views";

const SHOWN = 6;
/** Snapshots that a page keeps over a run: masks are bytes for each pixel. */
const KEPT = 60;

export class SegmentationMonitor implements Monitor {
  private frequency: FrequencyCount;
  private readonly images: number[];
  private readonly pace = new Pace();
  private readonly own = new OwnPlace();

  constructor(private readonly watched: Watched<SegmentationSet, Segmentation>) {
    this.images = Array.from({ length: Math.min(SHOWN, watched.dataset.test.count) }, (_, i) => i);
    this.frequency = this.freshCount();
    this.frequency.recall(watched.extras);
  }

  private freshCount(): FrequencyCount {
    const [rows, columns] = this.watched.task.grid;
    return new FrequencyCount(rows * columns, this.images.length, this.watched.settings.steps);
  }

  async introduce(): Promise<void> {
    await this.snapshot();
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
    const masks = await this.pace.taking(() => this.look());
    const step = this.watched.step();
    if (counted && masks.kept) this.frequency.addLook(masks.kept, step);
    this.show("snapshot", { step, ...masks }, KEPT);
    this.show("frequency", this.frequency.report());
  }

  /** What is counted is of held-out images alone. */
  private async look() {
    const { task } = this.watched;
    const own = await this.own.found(async (pixels) => shown(await task.find(pixels)));
    return { ...shown(await task.snapshot(this.images)), ...own };
  }

  guest(guest: Guest): void {
    if (this.own.take(guest, this.watched.dataset)) this.gallery();
  }

  /** Beside a test on held-out images: IoU by class. */
  async tested(): Promise<void> {
    const { task } = this.watched;
    if (!task.lastScores) return;
    const teacher = (await task.teacherOnAll())?.perClass;
    this.show("classes", { step: this.watched.step(), student: task.lastScores.perClass, teacher });
  }

  store(): void {
    this.frequency.store(this.watched.extras);
  }

  gallery(): void {
    const { test, side, classes, palette } = this.watched.dataset;
    const area = side * side;
    const images = new Uint8Array(3 * this.images.length * area);
    const truths = new Uint8Array(this.images.length * area);
    for (const [at, i] of this.images.entries()) {
      images.set(test.image(i), 3 * at * area);
      truths.set(test.labels(i), at * area);
    }
    const [rows, columns] = this.watched.task.grid;
    this.show("gallery", { side, grid: [rows, columns], classes, palette, images, truths, ...this.own.shown });
  }

  private show<N extends keyof SegmentationViews>(name: N, value: SegmentationViews[N], keep?: number): void {
    this.watched.show({ name, value, step: this.watched.step(), keep });
  }
}

function shown({ student, teacher, score, kept }: Outputs): Masks {
  return { student: Uint8Array.from(student), teacher: teacher && Uint8Array.from(teacher), score, kept };
}
