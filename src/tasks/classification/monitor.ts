/** Held-out images that are looked at again and again while a student learns: what is shown of them, and what is counted. */
import type { Dataset } from "../../data/dataset";
import { patches } from "../../models/vit/config";
import type { Session, StepReport } from "../../train/session";
import type { Event, Look } from "../../worker/protocol";
import { Pace } from "../pace";
import { FrequencyCount, objectShares } from "./frequency";
import type { Views } from "./snapshot";
import type { Classification } from "./task";

/** Images that are counted, and how many of them are shown. */
const WATCHED = 24;
const SHOWN = 8;

export class Watch {
  private frequency: FrequencyCount;
  private readonly watched: number[];
  private readonly pace = new Pace();

  constructor(
    private readonly dataset: Dataset,
    private readonly session: Session<Classification>,
    private readonly post: (event: Event) => void,
  ) {
    this.watched = Array.from({ length: Math.min(WATCHED, dataset.test.count) }, (_, i) => i);
    this.frequency = new FrequencyCount(this.patches, this.watched.length, session.settings.steps);
    this.frequency.recall(session.extras);
  }

  /** Patches of which some are kept. */
  private get patches(): number {
    const { task } = this.session;
    return task.cost()?.patches ?? patches(task.config);
  }

  /** Shows the images, and what the student makes of them before its first step and now. */
  async introduce(): Promise<void> {
    await this.untrained();
    await this.look();
  }

  /** After a change of the mask: another grid of patches is counted anew. */
  async follow(): Promise<void> {
    if (this.frequency.patches !== this.patches) {
      this.frequency = new FrequencyCount(this.patches, this.watched.length, this.session.settings.steps);
      this.showGallery();
    }
    await this.untrained();
  }

  /** Counts what a step kept; its images' turn comes at evenly spread steps, so that a resumed run counts alike. */
  async count({ kept, step }: Pick<StepReport, "kept" | "step">): Promise<void> {
    if (kept) this.frequency.add(kept, step, this.session.task.batch);
    if (kept && this.frequency.due(step)) await this.look(true);
  }

  /** A look, if it is time for one. */
  async glance(): Promise<void> {
    if (this.pace.due) await this.look();
  }

  async look(counted = false): Promise<void> {
    const views = await this.pace.taking(() => this.session.task.look(this.watched));
    if (counted && views.kept) this.frequency.addLook(views.kept, this.session.step);
    this.post({ type: "look", look: this.shown(views, this.session.step) });
    this.post({ type: "frequency", frequency: this.frequency.report() });
  }

  /** What a student that has learnt nothing makes of the images under the settings as they are. */
  async untrained(): Promise<void> {
    const views = await this.session.task.lookUntrained(this.watched);
    this.post({ type: "untrained", look: this.shown(views, 0) });
  }

  /** Puts the counts among what is saved with the run. */
  store(): void {
    this.frequency.store(this.session.extras);
  }

  /** Shows the images themselves, and how they are cut. */
  showGallery(): void {
    const { test, side, channels, classes } = this.dataset;
    const patch = side / Math.sqrt(this.patches);
    const shown = this.watched.slice(0, SHOWN);
    const images = new Uint8Array(shown.length * channels * side ** 2);
    for (const [at, i] of shown.entries()) images.set(test.image(i), at * channels * side ** 2);
    const gallery = { side, channels, patch, classes, images, labels: shown.map(test.label) };
    const { object } = test;
    const objects = object && objectShares(this.watched.map(object), side, patch);
    this.post({ type: "gallery", gallery: { ...gallery, objects } });
  }

  /** What is shown of a look at the watched images. */
  private shown(views: Views, step: number): Look {
    const { heads, classes } = this.session.task.config;
    const { length } = this.watched;
    const count = Math.min(SHOWN, length);
    const first = <T extends Float32Array | Uint32Array>(values: T | undefined) => values?.slice(0, (values.length / length) * count) as T;
    const answers = (logits: Float32Array) =>
      Array.from({ length: count }, (_, i) => argmax(logits.subarray(i * classes, (i + 1) * classes)));
    return {
      ...{ step, student: answers(views.logits), teacher: views.teacherLogits && answers(views.teacherLogits) },
      ...{ score: first(views.score), kept: first(views.kept), attention: first(views.attention), heads },
    };
  }
}

function argmax(row: Float32Array): number {
  return row.indexOf(Math.max(...row));
}
