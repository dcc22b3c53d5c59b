/** The run under way: plays, pauses and steps a session, shows what its monitor sees, tests and times. */
import type { Engine } from "../engine/device";
import { EngineError, OutOfMemory } from "../engine/errors";
import { SettingError } from "../settings/schema";
import { SCHEMA } from "../tasks";
import { onnxOf } from "../tasks/onnxOf";
import type { AnyDataset, AnyNetwork, Guest, Monitor, Sources, ViewEvent } from "../tasks/task";
import type { BeforehandReport } from "../train/beforehand";
import { Flight } from "../train/flight";
import { advance, fly, type StepHooks, train } from "../train/loop";
import { Session } from "../train/session";
import type { Event, Saved, Wanted } from "./protocol";
import type { Wing } from "./sources";
import type { Turns } from "./turns";

/** Timing the teacher may take this share of a run's time; it waits until a change has been seen to act. */
const TIMING_SHARE = 0.03;
/** One time says nothing: the first few follow sooner, and take up to this share. */
const FIRST_TIMES = 3;
const FIRST_SHARE = 0.3;
const TIMING_WAITS_MS = 2000;

export interface RunOptions {
  engine: Engine;
  wing: Wing;
  sources: Sources<AnyDataset, AnyNetwork>;
  turns: Turns;
  post(event: Event): void;
  /** A saved run to continue, or what a fresh one is to be. */
  from: Uint8Array | Wanted;
}

export class Run {
  readonly session: Session;
  readonly wing: Wing;
  readonly sources: Sources<AnyDataset, AnyNetwork>;
  private readonly engine: Engine;
  private readonly monitor: Monitor;
  private readonly turns: Turns;
  private readonly post: (event: Event) => void;
  private readonly restored: boolean;
  private readonly given: readonly string[];
  private playing = false;
  private timingDue = 0;
  /** The training loop, which commands do not wait for. */
  private loop: Promise<void> = Promise.resolve();
  private flight?: Flight;
  /** A run that goes step for step with this one: it makes each step in the same turn, right after. */
  private partner?: Run;
  /** The step of the last pictures that are kept. */
  private lookedAt?: number;
  private readonly hooks: StepHooks;
  /** Changes already reported. */
  private told = 0;
  /** Whether the last step needed nothing frozen, so that less is kept on the GPU. */
  private known = false;

  /** Throws an EngineError when sources, settings or the saved run do not fit. */
  constructor({ engine, wing, sources, turns, post, from }: RunOptions) {
    const beforehand = ({ label, step, steps }: BeforehandReport) => {
      if (this.playing) post({ type: "phase", phase: "compiling", note: `${label}: ${step} of ${steps}` });
    };
    const options = { engine, runtime: wing.runtime, sources, beforehand };
    this.restored = from instanceof Uint8Array;
    this.session = from instanceof Uint8Array ? Session.restore(options, from) : Session.create({ ...options, ...from });
    this.given = from instanceof Uint8Array ? [] : (from.given ?? []);
    this.engine = engine;
    this.wing = wing;
    this.sources = sources;
    this.turns = turns;
    this.post = post;
    const { task, settings, extras } = this.session;
    const { dataset } = sources;
    const show = (view: ViewEvent) => {
      if (view.keep !== undefined) this.lookedAt = view.step;
      post({ type: "view", task: wing.definition.name, view });
    };
    this.monitor = wing.runtime.monitor({ task, dataset, settings, extras, step: () => this.session.step, show });
    this.hooks = { stepped: (report) => this.stepped(report), tests: { told: (step, scores) => this.tested(step, scores) } };
  }

  get isPlaying(): boolean {
    return this.playing;
  }

  /** Whether this is what a fresh run of these settings and sources would be: nothing has happened to it yet. */
  isFresh({ settings, given = [] }: Wanted, { dataset, teacher, start }: Sources): boolean {
    const { step, changes, settings: mine } = this.session;
    const untouched =
      step === 0 &&
      changes.length === 0 &&
      !this.partner &&
      dataset === this.sources.dataset &&
      teacher === this.sources.teacher &&
      start === this.sources.start;
    return (
      untouched && String(given) === String(this.given) && Object.keys({ ...mine, ...settings }).every((key) => mine[key] === settings[key])
    );
  }

  /**
   * Has another run of the same data, which is made here, go step for step with this one. What stops it, be it the GPU's memory, leaves this
   * one as it is: it goes alone from there on, and that is said.
   */
  async accompany(make: () => Run): Promise<void> {
    // The memory of this one's steps comes first.
    await this.session.occupy();
    await this.orAlone(async () => {
      // It is there before it is known whether there was memory for it: what it took has to be given back.
      const partner = await this.engine.guarded(() => {
        this.partner = make();
        return this.partner;
      });
      await partner.introduce();
      await partner.session.occupy();
    });
  }

  private async beside(work: (partner: Run) => Promise<unknown>): Promise<void> {
    const { partner } = this;
    if (partner) await this.orAlone(() => work(partner));
  }

  private async orAlone(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof EngineError) || this.engine.failure) throw error;
      this.partner?.destroy();
      this.partner = undefined;
      // Buffers that were refused are none that others could use.
      if (error instanceof OutOfMemory) this.engine.trim();
      this.post({ type: "parted", message: error.message });
      this.postCost();
    }
  }

  /** Reports what the run is and shows its pictures before its first step; kernels are compiled meanwhile. */
  async introduce(): Promise<void> {
    const { stepFirst } = this.wing.definition;
    const { settings, step, changes } = this.session;
    const { dataset, teacher, start } = this.sources;
    if (stepFirst) this.warm();
    this.monitor.gallery();
    const named = ({ id, name }: { id: string; name: string }) => ({ id, name });
    this.post({
      ...{ type: "started", settings: { ...settings }, step, changes: [...changes], restored: this.restored },
      ...{ dataset: named(dataset), teacher: teacher && named(teacher), ...(start && { start: named(start) }) },
    });
    this.told = changes.length;
    await this.monitor.introduce();
    if (!stepFirst) this.warm();
    this.postCost();
    this.postMemory();
  }

  /** What cannot be recorded has no plan; what is wrong with it is said when it is made. */
  private postMemory(): void {
    try {
      this.post({ type: "memory", memory: this.session.plan() });
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
    }
  }

  /** Whatever people do first, the kernels of the first step are compiled meanwhile. What is wrong with them is said when it is made. */
  private warm(): void {
    void this.session.warm().catch(() => undefined);
  }

  /** Plays until paused, or the end. Calls `begun` after its first step, and `ended` at the end, with the error if there was one. */
  play(begun: () => void, ended: (error?: unknown) => Promise<void>): void {
    this.playing = true;
    for (const run of [this, this.partner]) if (run) run.timingDue = performance.now() + TIMING_WAITS_MS;
    this.loop = this.playOn(begun).then(
      () => ended(),
      (error) => {
        this.playing = false;
        return ended(error);
      },
    );
  }

  private async playOn(begun: () => void): Promise<void> {
    let announced = false;
    await train(this.session, {
      ...this.hooks,
      alone: (work) => this.turns.alone(() => this.inStep(work)),
      goesOn: () => this.playing,
      begun: (flight) => {
        this.flight = flight;
      },
      between: async () => {
        if (!announced) {
          begun();
          this.postCost(); // only now are the step's own buffers there
        }
        announced = true;
        await this.turns.alone(() => this.refresh());
        await this.turns.alone(() => this.timeTeacher());
        await this.turns.alone(() => this.beside((partner) => partner.timeTeacher()));
      },
    });
    this.playing = false;
    await this.turns.alone(() => this.beside((partner) => partner.landed()));
    await this.snapshot();
  }

  /** Has the partner follow to the step at which this run is after some work. */
  private async inStep<T>(work: () => Promise<T>): Promise<T> {
    const done = await work();
    await this.beside((partner) => partner.follow(this.session.step));
    return done;
  }

  /** Makes the steps up to this one, and the tests that are due. */
  private async follow(step: number): Promise<void> {
    this.flight ??= new Flight(this.session, (report) => this.stepped(report));
    while (this.session.step < step && !this.session.finished) await fly(this.flight, this.session, this.hooks);
  }

  /** Once all its steps have been told. */
  private async landed(): Promise<void> {
    await this.flight?.land();
  }

  /** A snapshot, if it is time for one; of a step of which there is one, the partner has one, too. */
  private async refresh(): Promise<void> {
    await this.monitor.refresh();
    const { lookedAt } = this;
    if (lookedAt !== this.session.step) return;
    await this.beside(async (partner) => {
      if (partner.lookedAt !== lookedAt) await partner.monitor.snapshot();
    });
  }

  /** Settles when the loop has ended by itself or was paused. */
  get ended(): Promise<void> {
    return this.loop;
  }

  /** Lets the loop end after the step under way. */
  pause(): void {
    this.playing = false;
  }

  /** Pauses and waits for the loop's end. */
  async settle(): Promise<void> {
    this.playing = false;
    await this.loop;
  }

  async stepOnce(): Promise<void> {
    await this.turns.alone(() => this.inStep(() => advance(this.session, this.hooks)));
    await this.turns.alone(() => this.beside((partner) => partner.landed()));
    await this.snapshot();
  }

  /** Shows something of a person's own among the pictures, and what is made of it now. */
  show(guest: Guest): Promise<void> {
    this.monitor.guest?.(guest);
    this.partner?.monitor.guest?.(guest);
    return this.snapshot();
  }

  /** A network whose attention may choose the patches from now on, of both runs. */
  offerGuide(guide: AnyNetwork): void {
    for (const run of [this, this.partner]) run?.session.task.offerGuide?.(guide);
  }

  snapshot(): Promise<void> {
    return this.turns.alone(async () => {
      await this.monitor.snapshot();
      await this.beside((partner) => partner.monitor.snapshot());
    });
  }

  private async stepped({ kept, ...report }: Parameters<NonNullable<StepHooks["stepped"]>>[0]): Promise<void> {
    this.tellChanges();
    this.post({ type: "step", report });
    if (this.known !== (report.known === true)) this.postCost();
    this.known = report.known === true;
    await this.monitor.count({ kept, step: report.step });
  }

  /** What a task measures before its first step are changes too. */
  private tellChanges(): void {
    const { changes } = this.session;
    for (const change of changes.slice(this.told)) this.post({ type: "changed", change });
    this.told = changes.length;
  }

  private async tested(step: number, scores: Record<string, number>): Promise<void> {
    const { lastRight: right } = this.session.task;
    this.post({ type: "evaluated", step, scores, count: this.sources.dataset.test.count, right });
    await this.monitor.tested?.();
    // Runs of one length are tested at the same steps, so these are pictures that they can be compared by.
    await this.monitor.snapshot();
  }

  /** Tests the student where it is, unless that has just been done. */
  finish(): Promise<void> {
    return this.turns.alone(async () => {
      await this.testNow();
      await this.beside((partner) => partner.testNow());
    });
  }

  private async testNow(): Promise<void> {
    const { step, settings } = this.session;
    if (step > 0 && step % settings.evaluate !== 0) await this.tested(step, await this.session.evaluate());
  }

  /** Changes a live setting, also of the partner, unless that is what the two differ in. Rejects with a SettingError. */
  set(key: string, value: string | number): Promise<void> {
    return this.turns.alone(async () => {
      const before = this.session.settings[key];
      await this.change(key, value);
      await this.beside(async (partner) => {
        if (partner.session.settings[key] === before) await partner.change(key, value, !this.playing).catch(unlessRefused);
      });
    });
  }

  private async change(key: string, value: string | number, shows = !this.playing): Promise<void> {
    this.session.set(key, value);
    this.tellChanges();
    this.postCost();
    if (shows) await this.monitor.snapshot();
    if (SCHEMA.setting(key, this.session.settings.preset).group !== "mask") return;
    await this.monitor.follow();
    this.timingDue = performance.now() + TIMING_WAITS_MS;
  }

  /** The run as a file, with its partner's, and how long they stood still for that. */
  save(): Promise<Saved> {
    return this.turns.alone(async () => {
      const begun = performance.now();
      const saved: Saved = await this.saved();
      await this.beside(async (partner) => {
        saved.beside = await partner.saved();
      });
      return { ...saved, ms: performance.now() - begun };
    });
  }

  /** Once all its steps have been told: else what is kept would lack the losses of some. Without a file where one of them failed. */
  private async saved(): Promise<Pick<Saved, "bytes" | "step">> {
    const { step } = this.session;
    if (this.flight && !(await this.flight.landed())) return { step };
    this.monitor.store();
    return { bytes: await this.session.save(), step };
  }

  /** The result, mostly the student, as a file for other programs, with its score. */
  export(): Promise<{ name: string; bytes: Uint8Array }> {
    return this.turns.alone(async () => {
      const { definition, runtime } = this.wing;
      const score = (await this.session.evaluate())[definition.metric];
      return { name: this.resultName, bytes: await runtime.networks.write(this.session.task, this.sources.dataset, score) };
    });
  }

  /** The same as ONNX. */
  onnx(): Promise<{ name: string; bytes: Uint8Array }> {
    return this.turns.alone(async () => ({
      name: this.resultName,
      bytes: await onnxOf(this.wing.runtime, this.session.task, this.sources.dataset),
    }));
  }

  private get resultName(): string {
    const made = this.wing.definition.made === "teacher" ? "Teacher" : "Student";
    return `${made} of ${this.sources.dataset.name}, ${this.session.step} steps`;
  }

  /** The run as a project in PyTorch, zipped. Its first steps are made again, between two steps of the run. */
  handOver(): Promise<{ name: string; bytes: Uint8Array }> {
    return this.turns.alone(async () => {
      const [{ project }, { zipSync }] = await Promise.all([import("../handover/project"), import("fflate")]);
      const { engine, sources, session } = this;
      const files = await project({ engine, runtime: this.wing.runtime, sources }, session);
      return { name: `PyTorch project of ${sources.dataset.name}, ${session.step} steps`, bytes: zipSync(Object.fromEntries(files)) };
    });
  }

  destroy(): void {
    this.partner?.destroy();
    this.session.destroy();
  }

  /** Times the teacher now and then, and soon after a change of its patches. */
  private async timeTeacher(): Promise<void> {
    const started = performance.now();
    if (started < this.timingDue) return;
    const time = await this.session.task.teacherTime?.();
    const ended = performance.now();
    const first = (time?.spread?.times ?? FIRST_TIMES) < FIRST_TIMES;
    this.timingDue = ended + (ended - started) / (first ? FIRST_SHARE : TIMING_SHARE);
    if (time) this.post({ type: "timed", time });
  }

  private postCost(): void {
    const cost = this.session.task.cost();
    if (cost) this.post({ type: "cost", cost });
  }
}

/** What one of two runs cannot have it does not get: then they differ in that. */
function unlessRefused(error: unknown): void {
  if (!(error instanceof SettingError)) throw error;
}
