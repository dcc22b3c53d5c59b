/**
 * One run: build, play, pause, step, change a setting, evaluate, save, continue. Knows no browser and no command line, and
 * not what is learned: that is the task's.
 *
 * Everything a step sees is a function of the seed and the step number (order of images, augmentation, random masks), so a
 * session restored from a checkpoint continues with the same bits.
 */
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { Live } from "../engine/graph";
import { type MemoryPlan, planMemory } from "../engine/memory";
import { Program } from "../engine/program";
import type { Fetched } from "../engine/readback";
import type { Weights } from "../models/weights";
import type { Change, Settings } from "../settings/run";
import { SettingError } from "../settings/schema";
import { SCHEMA } from "../tasks";
import type { TaskRuntime } from "../tasks/definition";
import type { AnyDataset, AnyNetwork, Progress, Reference, Report, Scores, Sources, Task } from "../tasks/task";
import { type BeforehandReport, learnBeforehand } from "./beforehand";
import { type Checkpoint, readCheckpoint, writeCheckpoint } from "./checkpoint";
import { Optimizer, readScaler, type Scaled, stepSchedule, warmupCosine } from "./optimizer";
import { recordStep } from "./step";

/** What one step did. Times are in milliseconds. */
export interface StepReport extends Report {
  step: number;
  lr: number;
  ms: number;
  imagesPerSecond: number;
  /** Steps were on their way at once, so that `ms` holds what the GPU did for others between two of them. */
  overlapping?: true;
  /** The loss scale, where precision is mixed. */
  scaled?: Scaled;
  /** Nothing frozen was computed, since it is known of every image. */
  known?: true;
}

export interface SessionOptions<T extends Task = Task, D extends AnyDataset = AnyDataset, N extends AnyNetwork = AnyNetwork> {
  engine: Engine;
  runtime: TaskRuntime<D, N, T>;
  sources: Sources<D, N>;
  /** Of a preset of that task; checked here. */
  settings: Settings;
  /** Settings that a person has set, as `Schema.fromPairs` lists them: what the task measures does not replace them. */
  given?: readonly string[];
  /** Receives all that a step leaves, the batch as it was learned from included. Without it that is not read back. */
  watch?: (outputs: Fetched) => void;
  /** Hears of what is learned before the first step. */
  beforehand?: (report: BeforehandReport) => void;
}

/** Bytes that a run takes on the GPU, and what of its batch fits. */
export interface RunMemory {
  parameters: number;
  /** What the optimizer keeps of each parameter. */
  moments: number;
  gradients: number;
  /** Everything a step computes on its way. */
  activations: number;
  /** Teacher, images, and whatever else is there already. */
  others: number;
  total: number;
  /** Of the largest buffer of a step. */
  largest: number;
  /** Images per step, and how many of them fit where the GPU limits the size of a buffer. */
  batch: number;
  fits: number;
}

/** What is known of a step when it is queued. */
interface Queued {
  step: number;
  lr: number;
  started: number;
  known: boolean;
  loaded: unknown;
}

/** A recorded step, and whether it takes what is frozen from what is known. */
interface Recording {
  program: Program;
  known: boolean;
}

/** Steps in the mean time of steps that land in bursts. */
const AVERAGED = 6;
const LEAST_MS = 0.01;

/** What a saved run is called where it has no name. */
const SAVED = "the saved run";

/** The extra that counts steps for which nothing frozen was computed. */
const KNOWN = "steps.known";

/** Share of a run over which the learning rate warms up. */
const WARMUP = 0.05;
/** Shares of a run after which a schedule of steps falls: epochs 8 and 11 of 12. */
const FALLS = [8 / 12, 11 / 12];

export class Session<T extends Task = Task> {
  readonly changes: Change[] = [];
  step = 0;
  /** Whatever else belongs to the run and is saved with it, by name. */
  readonly extras: Weights = new Map();
  /** Settings that the task would measure, had nobody set them. */
  readonly given: Set<string>;
  private recording?: Recording;
  /** Steps that are on their way. */
  private readonly flying = new Set<Promise<StepReport>>();
  /** When the results of the last few steps came, after the time at which the first of them was queued. */
  private landings: number[] = [];
  /** Counts the changes that call for a new recording. */
  private version = 0;
  /** Whether what comes before the first step has been learned. */
  private learned = false;

  private constructor(
    private readonly engine: Engine,
    readonly sources: Sources,
    readonly settings: Settings,
    private readonly live: Record<string, Live>,
    readonly task: T,
    private readonly optimizer: Optimizer,
    given: readonly string[] = [],
    private readonly watch?: (outputs: Fetched) => void,
    private readonly beforehand?: (report: BeforehandReport) => void,
  ) {
    this.given = new Set(given);
  }

  /** A fresh run. Throws with what does not fit: a setting, teacher and data, settings and model. */
  static create<T extends Task, D extends AnyDataset, N extends AnyNetwork>(options: SessionOptions<T, D, N>): Session<T> {
    const { engine, runtime, sources } = options;
    const settings = SCHEMA.checked(options.settings);
    if (settings.precision === "mixed" && !engine.facts.half)
      throw new EngineError("This GPU does not offer half precision (shader-f16).", "Use precision=f32.");
    const live = Object.fromEntries(["step", ...Object.keys(settings)].map((key) => [key, new Live(0)]));
    const task = runtime.create(engine, sources, settings, live);
    const { given, watch, beforehand } = options;
    const session = new Session(engine, sources, settings, live, task, optimizerOf(task, settings), given, watch, beforehand);
    session.applyLive();
    return session;
  }

  /** Continues a saved run on the same data and teacher. */
  static restore<T extends Task, D extends AnyDataset, N extends AnyNetwork>(
    options: Omit<SessionOptions<T, D, N>, "settings" | "given" | "watch">,
    bytes: Uint8Array,
  ): Session<T> {
    const saved = readCheckpoint(bytes);
    const { dataset, teacher, guide, start } = options.sources;
    if (saved.dataset.id !== dataset.id)
      throw new EngineError(`This run was saved on other data: ${saved.dataset.name} (${saved.dataset.id}).`, "Open that data first.");
    if (saved.teacher?.id !== teacher?.id)
      throw new EngineError(`This run was saved with the teacher ${saved.teacher?.name ?? "(none)"}.`, "Load that teacher first.");
    if (saved.guide && saved.guide.id !== guide?.id)
      throw new EngineError(`This run was saved with the guide ${saved.guide.name}.`, "Load that guide first.");
    if (saved.start?.id !== start?.id)
      throw new EngineError(`This run was saved with a student that began as ${saved.start?.name ?? "fresh weights"}.`, "Load that first.");
    const session = Session.create({ ...options, settings: saved.settings, given: saved.given });
    try {
      session.task.params.write(saved.weights, SAVED);
      session.task.carried?.write(saved.carried ?? new Map(), SAVED);
      session.optimizer.restore(saved.optimizer);
    } catch (error) {
      session.destroy();
      throw error;
    }
    session.step = saved.step;
    session.applyLive();
    session.changes.push(...saved.changes);
    for (const [name, extra] of saved.extras) session.extras.set(name, extra);
    return session;
  }

  /** The whole state as one file: weights, optimizer, step, settings, changes, extras. */
  async save(): Promise<Uint8Array> {
    const { settings, step, changes, extras, sources } = this;
    const checkpoint: Checkpoint = {
      ...{ settings, given: [...this.given], step, changes, extras, dataset: reference(sources.dataset) },
      ...{
        teacher: sources.teacher && reference(sources.teacher),
        guide: this.task.guide,
        start: sources.start && reference(sources.start),
      },
      weights: await this.task.params.read(),
      carried: await this.task.carried?.read(),
      optimizer: await this.optimizer.state(),
    };
    return writeCheckpoint(checkpoint);
  }

  get finished(): boolean {
    return this.step >= this.settings.steps;
  }

  /** Makes one update and reports it. Rejects with an EngineError when a loss is no longer a number. */
  async advance(): Promise<StepReport> {
    return (await this.queue()).landed;
  }

  /**
   * Queues one update; `step` counts it from then on. `landed` is its report, which rejects with an EngineError when a loss is no longer a
   * number. Up to four may be on their way.
   */
  async queue(): Promise<{ landed: Promise<StepReport> }> {
    const started = performance.now();
    this.applyLive();
    await this.measure();
    const { program, known } = await this.recorded();
    const lr = this.applyLive();
    const loaded = this.task.load(this.step, known);
    if (known) this.extras.set(KNOWN, { shape: [1], data: Float32Array.of(this.known + 1) });
    this.optimizer.advance();
    const fetched = program.fetch();
    this.step++;
    this.task.ahead(this.step);
    const landed = this.landed(fetched, { step: this.step, lr, started, known, loaded });
    this.flying.add(landed);
    const forget = () => void this.flying.delete(landed);
    landed.then(forget, forget);
    return { landed };
  }

  private async landed(fetched: Promise<Fetched>, { step, lr, started, known, loaded }: Queued): Promise<StepReport> {
    const outputs = await fetched;
    this.watch?.(outputs);
    const report = this.task.report(outputs, loaded);
    const [broken] = Object.entries(report.losses).find(([, loss]) => !Number.isFinite(loss)) ?? [];
    if (broken)
      throw new EngineError(`The loss "${broken}" is no longer a number at step ${step}.`, "Lower the learning rate and start again.");
    const ms = this.timed(started, performance.now());
    const scaled = outputs.scaler && { scaled: readScaler(outputs.scaler) };
    const overlapping = this.landings.length > 2 && { overlapping: true as const };
    return { step, lr, ms, imagesPerSecond: (1000 * this.task.batch) / ms, ...overlapping, ...scaled, ...(known && { known }), ...report };
  }

  /** Milliseconds that a step took: since it was queued, or, where steps wait for each other and land in bursts, the mean of the last few. */
  private timed(started: number, now: number): number {
    if (started >= (this.landings.at(-1) ?? 0)) this.landings = [started];
    this.landings = [...this.landings, now].slice(-1 - AVERAGED);
    // The clocks of some browsers are coarser than a step.
    return Math.max(LEAST_MS, (now - this.landings[0]) / (this.landings.length - 1));
  }

  /** Learns what has to be learned before the first step, unless that has been done. */
  async learnBefore(): Promise<void> {
    const { beforehand } = this.task;
    if (!beforehand || this.step > 0 || this.learned) return;
    await learnBeforehand(this.engine, beforehand, { lr: this.settings.lr, told: this.beforehand });
    this.learned = true;
  }

  /** What is learned before the first step, and settings that the task measures rather than takes, but for those that a person has set, even meanwhile. */
  private async measure(): Promise<void> {
    await this.learnBefore();
    const measured = (await this.task.prepare?.(this.step)) ?? {};
    for (const [key, value] of Object.entries(measured)) if (!this.given.has(key)) this.change(key, value);
  }

  /**
   * The recorded step. A change that arrives while it is compiled records it again. Once all that is frozen is known it is recorded without
   * that, when the steps on their way have been reported: they bring what the next ones look up.
   */
  private async recorded(): Promise<Recording> {
    for (;;) {
      const known = this.watch === undefined && this.task.knowsAll === true;
      if (this.recording?.known === known) return this.recording;
      if (this.recording) await this.drop();
      const { version } = this;
      const [graph, outputs] = this.record(known);
      const program = await Program.compile(graph, outputs, (plan) => this.assertFits(plan));
      if (version === this.version) this.recording = { program, known };
      else program.dispose();
    }
  }

  /** Steps so far for which nothing frozen was computed. */
  private get known(): number {
    return this.extras.get(KNOWN)?.data[0] ?? 0;
  }

  /** Takes the memory of a step now. Throws an EngineError where it does not fit. */
  async occupy(): Promise<void> {
    await this.recorded();
  }

  /** Compiles the step's kernels ahead, so that the first step comes at once. Steps may be made meanwhile. */
  async warm(): Promise<void> {
    await Program.warm(...this.record());
  }

  /** What a run of now takes of memory; nothing is taken by asking. To be asked before the first step, which counts as others afterwards. */
  plan(): RunMemory {
    const { bytes, gradients, largest } = planMemory(...this.record());
    const { batch, params } = this.task;
    const parameters = params.buffer.size;
    const held = this.engine.usedBytes;
    return {
      ...{ parameters, moments: 2 * parameters, gradients, activations: bytes - gradients, others: held - 3 * parameters },
      ...{ total: held + bytes, largest, batch, fits: this.fitting(largest) },
    };
  }

  /** Images per step with which the largest buffer, here of `bytes`, is one the GPU allows: activations grow with the batch. */
  private fitting(bytes: number): number {
    const { batch } = this.task;
    return Math.min(batch, Math.floor((batch * this.engine.largestBuffer) / bytes));
  }

  /** Throws an EngineError that says which batch fits, before memory is taken. */
  private assertFits({ largest, gradients }: MemoryPlan): void {
    const fits = largest > gradients ? this.fitting(largest) : 0;
    this.engine.assertFits(largest, fits > 0 ? `Use a batch of at most ${fits}.` : "Use smaller images or a smaller model.");
  }

  private record(known = false): ReturnType<typeof recordStep> {
    return recordStep(this.engine, (graph) => this.task.trace(graph, { whole: this.watch !== undefined, known }), this.optimizer);
  }

  /** Changes a live setting; it acts on the next step. Throws a SettingError for others, and for values that cannot be. */
  set(key: string, value: unknown): Change {
    const change = this.change(key, value);
    if (SCHEMA.setting(key, this.settings.preset).measured) this.given.add(key);
    return change;
  }

  private change(key: string, value: unknown): Change {
    const setting = SCHEMA.setting(key, this.settings.preset);
    if (setting.when !== "live") throw new SettingError(`${key} cannot change during a run.`, "Start a new run with it.");
    const to = SCHEMA.parse(key, value, this.settings.preset);
    this.task.check?.({ ...this.settings, [key]: to });
    const change = { step: this.step, key, from: this.settings[key], to };
    Object.assign(this.settings, { [key]: to });
    this.changes.push(change);
    this.applyLive();
    if (setting.records) this.forget();
    return change;
  }

  /** Scores on held-out images, all or the first `limit`. */
  evaluate(limit = Number.POSITIVE_INFINITY, progress?: Progress): Promise<Scores> {
    return this.task.evaluate(limit, progress);
  }

  /** What came of the run so far; see `Task.outcome`. */
  outcome(options: { whole?: boolean } = {}): Promise<Record<string, unknown>> {
    return this.task.outcome({ ...options, known: this.known / Math.max(1, this.step) });
  }

  destroy(): void {
    this.recording?.program.dispose();
    this.forget();
    this.optimizer.destroy();
    this.task.destroy();
  }

  /** What is recorded and known is no longer so; the next step is recorded anew. */
  private forget(): void {
    this.version++;
    this.task.forget();
    void this.drop();
  }

  /** Drops the recorded step, once those on their way have brought their results. */
  private async drop(): Promise<void> {
    const { recording } = this;
    this.recording = undefined;
    if (this.flying.size > 0) await Promise.allSettled(this.flying);
    recording?.program.dispose();
  }

  /** Writes the settings into their live numbers. Returns the learning rate of the coming step. */
  private applyLive(): number {
    const { settings, live, step } = this;
    for (const key of Object.keys(settings)) live[key].value = Number(settings[key]);
    live.step.value = step;
    const lr = learningRate(settings, step + 1);
    this.optimizer.knobs.lr.value = lr;
    this.optimizer.knobs.decay.value = this.task.decayAt?.(step) ?? settings.decay;
    return lr;
  }
}

/** What the settings say of it, and what the task must have. */
function optimizerOf({ params, optimizer }: Task, { optimizer: kind, momentum, precision }: Settings): Optimizer {
  const own = { ...(kind === "sgd" && { beta1: momentum }), ...(precision === "mixed" && { scaling: {} }) };
  return new Optimizer(params, { ...optimizer, kind, ...own });
}

function learningRate({ schedule, lr: peak, steps: total }: Settings, step: number): number {
  const rise = { peak, total, warmup: Math.ceil(WARMUP * total) };
  return schedule === "step" ? stepSchedule(step, { ...rise, falls: FALLS }) : warmupCosine(step, { ...rise, end: peak / 100 });
}

const reference = ({ id, name }: Reference): Reference => ({ id, name });
