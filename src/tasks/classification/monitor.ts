/** Held-out images that a student is tried on again and again while it learns: what is shown of them, and what is counted. */
import type { Pictures } from "../../data/dataset";
import { probabilities } from "../../metrics/topk";
import type { Grid } from "../../models/model";
import { gridOf } from "../../models/vit/config";
import { FrequencyCount, objectShares } from "../frequency";
import { Pace } from "../pace";
import type { Monitor, Report, Watched } from "../task";
import { top } from "./evaluate";
import type { Outputs } from "./snapshot";
import type { Classification } from "./task";
import type { ClassificationViews, Snapshot } from "./views";

/** Images that are counted, and how many of them are shown. */
const WATCHED = 24;
const SHOWN = 8;
/** Snapshots that a page keeps over a run. */
const KEPT = 200;

export class ClassificationMonitor implements Monitor {
  private frequency: FrequencyCount;
  protected readonly images: number[];
  private readonly pace = new Pace();

  constructor(protected readonly watched: Watched<Pictures, Classification>) {
    this.images = Array.from({ length: Math.min(WATCHED, watched.dataset.test.count) }, (_, i) => i);
    this.frequency = this.freshCount();
    this.frequency.recall(watched.extras);
  }

  private freshCount(): FrequencyCount {
    return new FrequencyCount(this.patches, this.images.length, this.watched.settings.steps);
  }

  protected get grid(): Grid {
    return this.watched.task.grid;
  }

  private get patches(): number {
    const [rows, columns] = this.grid;
    return rows * columns;
  }

  /** Shows the student's predictions before its first step and now. */
  async introduce(): Promise<void> {
    await this.untrained();
    await this.snapshot();
  }

  /** After a change of the mask: another grid of patches is counted anew. */
  async follow(): Promise<void> {
    if (this.frequency.patches !== this.patches) {
      this.frequency = this.freshCount();
      this.gallery();
    }
    await this.untrained();
  }

  /** Counts what a step kept; its images' turn comes at evenly spread steps, so that a resumed run counts alike. */
  async count({ kept, step }: Pick<Report, "kept"> & { step: number }): Promise<void> {
    if (kept) this.frequency.add(kept, step, this.watched.task.batch);
    if (kept && this.frequency.due(step)) await this.snapshot(true);
  }

  async refresh(): Promise<void> {
    if (this.pace.due) await this.snapshot();
  }

  async snapshot(counted = false): Promise<void> {
    const outputs = await this.pace.taking(() => this.look(this.split));
    const step = this.watched.step();
    const { test } = this.watched.dataset;
    // What is counted is of held-out images alone: it is saved with the run.
    const { kept } = counted && this.split !== test ? await this.look(test) : outputs;
    if (counted && kept) this.frequency.addLook(kept, step);
    this.show("snapshot", this.seen(outputs, step), KEPT);
    this.show("frequency", this.frequency.report());
  }

  private look(split: Pictures["train"]): Promise<Outputs> {
    return this.watched.task.snapshot(this.images, split);
  }

  /** Predictions of an untrained student under the present settings. */
  private async untrained(): Promise<void> {
    this.show("untrained", this.seen(await this.watched.task.untrainedSnapshot(this.images, this.split), 0));
  }

  store(): void {
    this.frequency.store(this.watched.extras);
  }

  gallery(): void {
    const { side, channels, classes } = this.watched.dataset;
    const { shown, split: test } = this;
    const images = new Uint8Array(shown.length * channels * side ** 2);
    for (const [at, i] of shown.entries()) images.set(test.image(i), at * channels * side ** 2);
    const [rows, columns] = this.grid;
    this.show("gallery", {
      side,
      channels,
      grid: [rows, columns],
      classes,
      images,
      labels: shown.map(test.label),
      objects: this.objects(),
    });
  }

  /** What is watched. */
  protected get split(): Pictures["train"] {
    return this.watched.dataset.test;
  }

  /** The watched images that are shown. */
  protected get shown(): number[] {
    return this.images.slice(0, SHOWN);
  }

  /** The share of each watched image's object in each patch, where the data know it. */
  protected objects(): Float64Array | undefined {
    const { side, columns = side } = this.watched.dataset;
    const { object } = this.split;
    return object && objectShares(this.images.map(object), [side, columns], this.grid);
  }

  protected show<N extends keyof ClassificationViews>(name: N, value: ClassificationViews[N], keep?: number): void {
    this.watched.show({ name, value, step: this.watched.step(), keep });
  }

  /** The part of the outputs on the watched images that is shown. */
  private seen(outputs: Outputs, step: number): Snapshot {
    const { config } = this.watched.task;
    const { length } = this.images;
    const count = Math.min(SHOWN, length);
    const first = <T extends Float32Array | Uint32Array>(values: T | undefined) => values?.slice(0, (values.length / length) * count) as T;
    const logits = { student: first(outputs.logits), teacher: first(outputs.teacherLogits) };
    const answers = top(logits.student, config.classes);
    const shares = (of: Float32Array) => probabilities(of, config.classes);
    return {
      ...{ step, student: answers, teacher: logits.teacher && top(logits.teacher, config.classes) },
      probabilities: { student: shares(logits.student), ...(logits.teacher && { teacher: shares(logits.teacher) }) },
      ...{ score: first(outputs.score), kept: first(outputs.kept), attention: first(outputs.attention) },
      ...{ heads: config.heads, grid: gridOf(config) },
    };
  }
}
