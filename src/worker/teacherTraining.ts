/** Trains a teacher on the visitor's data, from its labels, while nothing else uses the GPU. */
import type { Engine } from "../engine/device";
import type { Settings } from "../settings/run";
import type { TaskDefinition, TaskRuntime } from "../tasks/definition";
import type { Alone, AnyDataset, AnyNetwork, Scores } from "../tasks/task";
import { train } from "../train/loop";
import { withStep } from "../train/meanTime";
import { Session, type StepReport } from "../train/session";
import type { TeacherTrainingReport } from "./protocol";
import type { TeacherFile } from "./teacherStore";

const REPORT_MS = 200;
/** A teacher half trained is better than none when the tab is closed. */
const STORE_MS = 60_000;
/** Held-out images in a test during the training. */
const TESTED = 500;
/** Weight of the past in what is shown of noisy numbers. */
const SMOOTH = 0.95;

export interface TeacherTrainingOptions<D extends AnyDataset, N extends AnyNetwork> {
  definition: TaskDefinition<D, N>;
  runtime: TaskRuntime<D, N>;
  engine: Engine;
  alone: Alone;
  dataset: D;
  settings: Settings;
  report(report: TeacherTrainingReport): void;
  /** Offered the teacher as it is, now and then. */
  store(file: TeacherFile): Promise<void>;
}

export class TeacherTraining<D extends AnyDataset = AnyDataset, N extends AnyNetwork = AnyNetwork> {
  private readonly session;
  private ended?: "use" | "drop";
  private means?: { loss: number; rate?: number; ms: number };
  private score?: number;
  private reportedAt = Number.NEGATIVE_INFINITY;
  private storedAt = performance.now();

  constructor(private readonly options: TeacherTrainingOptions<D, N>) {
    const { runtime, engine, dataset, settings } = options;
    this.session = Session.create({ engine, runtime, settings, sources: { dataset } });
  }

  /** Ends after the step under way. */
  end(use: boolean): void {
    this.ended = use ? "use" : "drop";
  }

  /** Trains to the end, or until `end` is called. Returns the teacher's file, or undefined when it is not wanted. */
  async run(): Promise<TeacherFile | undefined> {
    const { session } = this;
    const { alone } = this.options;
    try {
      await train(session, {
        alone,
        goesOn: () => this.ended === undefined,
        stepped: (report) => this.note(report),
        tests: { limit: TESTED, notLast: true, told: (_, scores) => this.noteScore(scores) },
        between: () => this.tell(),
      });
      if (this.ended === "drop" || session.step === 0) return undefined;
      this.noteScore(await alone(() => session.evaluate()));
      return await this.file();
    } finally {
      session.destroy();
    }
  }

  private noteScore(scores: Scores): void {
    this.score = scores[this.options.definition.metric];
  }

  private note({ losses, rates, ms, step }: StepReport): void {
    const fresh = { loss: Object.values(losses).reduce((a, b) => a + b, 0), rate: rates.student };
    // The first step prepares kernels and says nothing of the time that others take.
    const old = this.means && step > 2 ? SMOOTH : 0;
    const mean = (key: "loss" | "rate") => old * (this.means?.[key] ?? 0) + (1 - old) * (fresh[key] ?? 0);
    const time = withStep(this.means?.ms ?? 0, ms, old);
    this.means = { loss: mean("loss"), ms: time, ...(fresh.rate !== undefined && { rate: mean("rate") }) };
  }

  /** Reports and stores, each when it is time. */
  private async tell(): Promise<void> {
    const now = performance.now();
    if (now - this.reportedAt > REPORT_MS) {
      this.options.report(this.state());
      this.reportedAt = now;
    }
    if (now - this.storedAt > STORE_MS) {
      await this.options.store(await this.file());
      this.storedAt = performance.now();
    }
  }

  private state(): TeacherTrainingReport {
    const { step, settings } = this.session;
    const { loss, rate, ms } = this.means!;
    const secondsLeft = step > 2 ? (ms * (settings.steps - step)) / 1000 : undefined;
    return { step, steps: settings.steps, loss, rate, score: this.score, secondsLeft };
  }

  private async file(): Promise<TeacherFile> {
    const { dataset, runtime } = this.options;
    const { score } = this;
    const { step, task } = this.session;
    const bytes = await runtime.networks.write(task, dataset, score);
    return { bytes, name: `Teacher for ${dataset.name.replace(" (yours)", "")}, ${step} steps`, origin: "trained", hints: {}, score };
  }
}
