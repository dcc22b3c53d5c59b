/** Held-out images of objects that are looked at again and again while a detector learns. See `watch.ts` for classifiers. */
import type { DetectionSet } from "../../data/detection";
import type { Session } from "../../train/session";
import type { BoxLook, Event } from "../../worker/protocol";
import { Pace } from "../pace";
import { ErasureCount } from "./erasure";
import type { DetectionTask } from "./task";

const SHOWN = 6;
/** So often over a run the masks are counted. */
const MOMENTS = 100;

export class BoxWatch {
  private readonly erasure = new ErasureCount();
  private readonly watched: number[];
  private readonly pace = new Pace();

  constructor(
    private readonly dataset: DetectionSet,
    private readonly session: Session<DetectionTask>,
    private readonly post: (event: Event) => void,
  ) {
    this.watched = Array.from({ length: Math.min(SHOWN, dataset.test.count) }, (_, i) => i);
    this.erasure.recall(session.extras);
  }

  /** Shows the images themselves. */
  showGallery(): void {
    const { test, side, classes } = this.dataset;
    const images = new Uint8Array(this.watched.length * 3 * side ** 2);
    for (const [at, i] of this.watched.entries()) images.set(test.image(i), at * 3 * side ** 2);
    this.post({ type: "boxGallery", gallery: { side, classes, images, truths: this.watched.map((i) => test.truths(i)) } });
  }

  async introduce(): Promise<void> {
    await this.look();
  }

  /** After a change of the mask: nothing to begin anew, the next look shows it. */
  async follow(): Promise<void> {}

  /** Masks' turn comes at evenly spread steps, so that a resumed run counts alike. */
  async count({ step }: { step: number }): Promise<void> {
    if (step % Math.ceil(this.session.settings.steps / MOMENTS) === 0) await this.look(true);
  }

  /** A look, if it is time for one. */
  async glance(): Promise<void> {
    if (this.pace.due) await this.look();
  }

  async look(counted = false): Promise<void> {
    const { student, teacher, maps } = await this.pace.taking(() => this.session.task.look(this.watched));
    if (counted) this.erasure.add(maps);
    this.post({ type: "boxLook", look: { step: this.session.step, student, teacher, maps: condensed(maps) } });
    this.post({ type: "erasure", erasure: this.erasure.report() });
  }

  /** Beside a test on held-out images: how hard each term pulls. */
  async tested(): Promise<void> {
    const { task, step, settings } = this.session;
    const pulls = await task.pulls([Math.min(step, settings.steps - 1)]);
    this.post({
      type: "pulls",
      pulls: { step, norms: Object.fromEntries(pulls.map(({ name, weight, norms }) => [name, weight * norms[0]])) },
    });
  }

  store(): void {
    this.erasure.store(this.session.extras);
  }
}

/** A page keeps many looks: of maps with channels [.., C], the largest by far, it gets the mean |F|. */
export function condensed(maps: BoxLook["maps"]): BoxLook["maps"] {
  return Object.fromEntries(Object.entries(maps).map(([name, view]) => [name, view.shape.length === 4 ? overChannels(view) : view]));
}

function overChannels({ shape, data }: BoxLook["maps"][string]): BoxLook["maps"][string] {
  const channels = shape[3];
  const means = new Float32Array(data.length / channels);
  for (let i = 0; i < data.length; i++) means[Math.floor(i / channels)] += Math.abs(data[i]) / channels;
  return { shape: shape.slice(0, 3), data: means };
}
