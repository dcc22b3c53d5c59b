/** Trains a teacher on the visitor's data, from its labels, while nothing else uses the GPU. */
import type { Engine } from "../engine/device";
import type { Settings } from "../settings/experiment";
import { Session, type StepReport } from "../train/session";
import type { AnyData, AnyNetwork, Kind } from "./kinds";
import type { TeachingReport } from "./protocol";
import type { TeacherFile } from "./teacherStore";

const REPORT_MS = 200;
/** A teacher half trained is better than none when the tab is closed. */
const STORE_MS = 60_000;
/** Held-out images that a test on the way looks at. */
const TESTED = 500;
/** Weight of the past in what is shown of noisy numbers. */
const SMOOTH = 0.95;

/** Runs work on the GPU when nobody else does. */
export type Alone = <T>(work: () => Promise<T>) => Promise<T>;

export interface TeachingOptions<D extends AnyData, N extends AnyNetwork> {
  kind: Kind<D, N>;
  engine: Engine;
  alone: Alone;
  dataset: D;
  settings: Settings;
  report(report: TeachingReport): void;
  /** Offered the teacher as it is, now and then. */
  store(file: TeacherFile): Promise<void>;
}

export class Teaching<D extends AnyData = AnyData, N extends AnyNetwork = AnyNetwork> {
  private readonly session;
  private ended?: "use" | "drop";
  private means?: { loss: number; top1?: number; ms: number };
  private heldOut?: number;

  constructor(private readonly options: TeachingOptions<D, N>) {
    const { kind, engine, dataset, settings } = options;
    this.session = Session.create({ engine, settings, subject: kind.subject({ dataset }) });
  }

  /** Ends after the step under way. */
  end(use: boolean): void {
    this.ended = use ? "use" : "drop";
  }

  /** Trains to the end, or until told; the teacher's file, or undefined when it is not wanted. */
  async run(): Promise<TeacherFile | undefined> {
    const { session } = this;
    const { alone } = this.options;
    let [reportedAt, storedAt] = [Number.NEGATIVE_INFINITY, performance.now()];
    try {
      while (!session.finished && !this.ended) {
        this.note(await alone(() => session.advance()));
        if (session.step % session.settings.evaluate === 0) await this.test();
        const now = performance.now();
        if (now - reportedAt > REPORT_MS) {
          this.options.report(this.state());
          reportedAt = now;
        }
        if (now - storedAt > STORE_MS) {
          await this.options.store(await this.file());
          storedAt = performance.now();
        }
      }
      if (this.ended === "drop" || session.step === 0) return undefined;
      await this.test(Number.POSITIVE_INFINITY);
      return await this.file();
    } finally {
      session.destroy();
    }
  }

  private async test(count = TESTED): Promise<void> {
    const { alone, kind } = this.options;
    this.heldOut = (await alone(() => this.session.evaluate(count)))[kind.score];
  }

  private note({ losses, rates, ms, step }: StepReport): void {
    const fresh = { loss: Object.values(losses).reduce((a, b) => a + b, 0), top1: rates.student, ms };
    // The first step prepares kernels and says nothing of the time that others take.
    const old = this.means && step > 2 ? SMOOTH : 0;
    const mean = (key: "loss" | "top1" | "ms") => old * (this.means?.[key] ?? 0) + (1 - old) * (fresh[key] ?? 0);
    this.means = { loss: mean("loss"), ms: mean("ms"), ...(fresh.top1 !== undefined && { top1: mean("top1") }) };
  }

  private state(): TeachingReport {
    const { step, settings } = this.session;
    const { loss, top1, ms } = this.means!;
    const secondsLeft = step > 2 ? (ms * (settings.steps - step)) / 1000 : undefined;
    return { step, steps: settings.steps, loss, top1, heldOut: this.heldOut, secondsLeft };
  }

  private async file(): Promise<TeacherFile> {
    const { dataset, kind } = this.options;
    const score = this.heldOut;
    const { step } = this.session;
    const bytes = await kind.write(this.session, dataset, score);
    return { bytes, name: `Teacher for ${dataset.name.replace(" (yours)", "")}, ${step} steps`, origin: "trained", told: {}, score };
  }
}
