/** Carries out the page's commands: opens the GPU, holds each task's sources and the run under way, and reports what happens. */
import type { Engine } from "../engine/device";
import { EngineError, OutOfMemory } from "../engine/errors";
import { override, tune } from "../ops/tune";
import type { Settings } from "../settings/run";
import { needsTeacher, SCHEMA, TASKS, taskOf } from "../tasks";
import { OtherSide } from "../tasks/otherSide";
import type { Reference, Sources } from "../tasks/task";
import { type Checkpoint, readCheckpoint } from "../train/checkpoint";
import { ErrorAnalysis } from "./errorAnalysis";
import type { Command, Event, Phase, Saved, Wanted } from "./protocol";
import { Run } from "./run";
import { sized, TaskSources } from "./sources";
import type { KeyValueStore } from "./storage";
import { Turns } from "./turns";

/** What the host needs of the place it runs in; a test brings its own. */
export interface Surroundings {
  post(event: Event, transfer?: Transferable[]): void;
  openEngine(): Promise<Engine>;
  store: KeyValueStore;
  /** The bytes at an address; undefined when there is nothing, or no network. */
  fetch(url: string): Promise<Uint8Array | undefined>;
}

type SavedRun = Pick<Extract<Command, { type: "restore" }>, "bytes" | "beside">;

type Card = Extract<Event, { type: "refused" }>["at"];

/** The card at which a failed command is reported, where the failure does not touch the run. */
const CARDS: Partial<Record<Command["type"], Card>> = {
  ...{ data: "data", generate: "data", keepData: "data" },
  ...{ trainTeacher: "teacher", import: "teacher", dropTeacher: "teacher", export: "teacher" },
};

const PREPARING = "Preparing kernels";
/** So many kernels between two reports: screen readers read each one aloud. */
const TOLD_EVERY = 10;

export class Host {
  private engine?: Engine;
  private run?: Run;
  /** By task, each made when it is first wanted. */
  private readonly sources = new Map<string, Promise<TaskSources>>();
  private wanted = SCHEMA.defaults();
  private base = "";
  /** A saved run that waits for its data or its teacher. */
  private pending?: SavedRun;
  private phase: Phase = "opening";
  /** Commands are carried out one after the other; the training loop is not one of them. */
  private queue: Promise<void> = Promise.resolve();
  /** Starts asked for so far. */
  private starts = 0;
  private readonly turns = new Turns();
  private readonly errors: ErrorAnalysis;
  /** The run was spoiled by what may turn out to be the loss of the GPU. */
  private spoiled = false;
  /** The training of a teacher, which commands do not wait for. */
  private teacherTraining: Promise<void> = Promise.resolve();

  constructor(private readonly at: Surroundings) {
    this.errors = new ErrorAnalysis(this.turns.alone, at.post);
    at.store.onChange((key) => this.enqueue(() => this.reread(key), "teacher"));
  }

  /** Takes a command. Pausing and ending act at once; the rest waits its turn. */
  receive(command: Command): void {
    if (command.type === "pause") this.run?.pause();
    else if (command.type === "endTeacherTraining") this.enqueueNow((sources) => sources.endTeacherTraining(command.use));
    else if (command.type === "endErrors") this.errors.end();
    else if (command.type === "start") this.enqueueStart(command);
    else this.enqueue(() => this.carryOut(command), CARDS[command.type]);
  }

  /** Of many starts in haste the last one alone is carried out: nobody would see the others. */
  private enqueueStart(command: Extract<Command, { type: "start" }>): void {
    const mine = ++this.starts;
    this.enqueue(async () => {
      if (mine === this.starts) await this.start(command);
    });
  }

  /** Resolves when every command so far has been carried out and nothing trains: for tests. */
  async idle(): Promise<void> {
    await this.queue;
    await this.run?.ended;
    await this.teacherTraining;
    await this.queue;
  }

  private enqueue(work: () => Promise<void>, at?: Card): void {
    this.queue = this.queue.then(work).catch((error) => this.failed(error, { at }));
  }

  private enqueueNow(work: (sources: TaskSources) => void): void {
    void this.sources.get(this.task)?.then(work);
  }

  private carryOut(command: Exclude<Command, { type: "start" | "pause" | "endTeacherTraining" | "endErrors" }>): Promise<void> {
    switch (command.type) {
      case "open":
        return this.open(command);
      case "data":
        return this.load(command.read.task, (sources) => sources.take(command.read.packed, command.read.notes));
      case "generate":
        return this.load(this.task, (sources) => sources.generate(command.id));
      case "want":
        return this.turnTo(command.settings);
      case "keepData":
        return this.current().then((sources) => sources.keepData(command.keep));
      case "trainTeacher":
        return this.trainTeacher(command.settings);
      case "import":
        return this.import(command);
      case "startFresh":
        return this.current().then((sources) => sources.startFresh());
      case "dropTeacher":
        return this.current().then((sources) => sources.dropTeacher());
      case "measureErrors":
        return Promise.resolve(this.measureErrors());
      case "export":
        return this.export(command.what);
      case "play":
        return this.play();
      case "step":
        return this.step();
      case "stop":
        return this.stop();
      case "set":
        return this.theRun().set(command.key, command.value);
      case "guest":
        return this.theRun().show(command.guest);
      case "save":
        return this.save();
      case "restore":
        this.pending = command;
        return this.resume();
      case "abandon":
        this.pending = undefined;
        return Promise.resolve();
    }
  }

  /** The task that data, teachers and commands about them are for. */
  private get task(): string {
    return taskOf(this.wanted.preset).name;
  }

  private async open({ base, settings, kernels }: Extract<Command, { type: "open" }>): Promise<void> {
    // Data may come before there is a GPU, or without one.
    this.wanted = settings;
    this.base = base;
    this.tell("opening", "Opening the GPU");
    const engine = await this.at.openEngine();
    this.engine = engine;
    engine.onCompiled = () => this.tellCompiled();
    this.at.post({ type: "adapter", facts: engine.facts });
    void engine.lost.then((error) => (this.run?.isPlaying || this.spoiled) && this.fail(error));
    if (!engine.facts.software) {
      this.tell("opening", "Measuring which kernels suit this GPU, once");
      const { recall, keep } = this.at.store;
      await tune(engine, { get: (key) => recall<string>(key), set: async (key, value) => void (await keep(key, value)) });
    }
    if (kernels) this.force(engine, kernels);
    this.tell("opening", "Loading data and teacher");
    await this.turnTo(settings);
  }

  /** Takes these kernels, or, where the adapter does not have them, says so and leaves the choice as it is. */
  private force(engine: Engine, kernels: string): void {
    try {
      override(engine, kernels);
    } catch (error) {
      const { message, remedy } = inWords(error);
      this.at.post({ type: "unusable", problem: `${message} ${remedy}` });
    }
  }

  /** While people wait for kernels: how many there are already. */
  private tellCompiled(): void {
    const { compiledCount, pipelineCount } = this.opened();
    const waited = this.phase === "opening" || this.phase === "compiling";
    if (waited && compiledCount % TOLD_EVERY === 0 && compiledCount < pipelineCount)
      this.tell(this.phase, `${PREPARING}: ${compiledCount} of ${pipelineCount}`);
  }

  private async load(task: string, take: (sources: TaskSources) => Promise<void>): Promise<void> {
    const sources = await this.sourcesOf(task);
    if (task === this.task) await sources.want(this.wanted);
    await take(sources);
    await this.resume();
  }

  private async reread(key: string | undefined): Promise<void> {
    for (const sources of this.sources.values()) await (await sources).reread(key);
  }

  private sourcesOf(task: string): Promise<TaskSources> {
    const known = this.sources.get(task);
    if (known) return known;
    const made = this.openWing(task);
    this.sources.set(task, made);
    made.catch(() => this.sources.delete(task));
    return made;
  }

  private async openWing(task: string): Promise<TaskSources> {
    const definition = TASKS[task];
    if (!definition) throw new EngineError(`There is no task "${task}".`, `Use one of ${Object.keys(TASKS).join(", ")}.`);
    const [data, runtime] = await Promise.all([definition.data(), definition.runtime()]);
    const fetched = (file: string) => this.at.fetch(new URL(file, this.base).href);
    return new TaskSources({ definition, data, runtime }, this.at.store, this.at.post, () => this.task === task, fetched);
  }

  /** Data, teachers and commands about them are for a student of these settings from now on. */
  private async turnTo(settings: Settings): Promise<void> {
    const before = this.task;
    this.wanted = settings;
    const sources = await this.current();
    const other = await sources.want(settings);
    if ((other || this.task !== before) && sources.ready) sources.tell();
  }

  private async start({ settings, given, paused = false, beside }: Extract<Command, { type: "start" }>): Promise<void> {
    await this.settle();
    if (!paused) this.tell("compiling", `${PREPARING}, once`);
    if (paused && (await this.lacksTeacher(settings))) this.drop();
    else if (!(await this.isPrepared({ settings, given }))) await this.begin({ settings, given });
    if (beside) await this.accompany(beside);
    if (paused) this.tell("ready");
    else await this.play();
  }

  /** Whether a student of these settings has yet to get the teacher that it cannot do without. */
  private async lacksTeacher(settings: Settings): Promise<boolean> {
    await this.turnTo(settings);
    return needsTeacher(settings.preset) && !(await this.current()).teacher;
  }

  private drop(): void {
    this.errors.end();
    this.run?.destroy();
    this.run = undefined;
  }

  /** Makes a fresh run, paused before its first step, and shows its images. */
  private async begin({ settings, given }: Wanted): Promise<void> {
    this.pending = undefined;
    await this.turnTo(settings);
    const sources = await this.current();
    await this.replace(sources, sourcesFor(sources, settings), { settings: fittedTo(sources, settings), given });
  }

  /** Whether the run at hand is what `begin` would make. */
  private async isPrepared({ settings, given }: Wanted): Promise<boolean> {
    const sources = await this.sources.get(taskOf(settings.preset).name);
    if (!this.run || !sources?.ready || this.pending) return false;
    return this.run.isFresh({ settings: fittedTo(sources, settings), given }, sourcesFor(sources, settings));
  }

  private async replace({ wing }: TaskSources, sources: Sources, from: Uint8Array | Wanted): Promise<void> {
    const run = new Run({ engine: this.opened(), wing, sources, turns: this.turns, post: this.at.post, from });
    this.drop();
    // A smaller run needs nothing of what a larger one has left.
    this.opened().trim();
    this.run = run;
    this.spoiled = false;
    this.pending = undefined;
    await run.introduce();
  }

  /** Sets a run beside the one that is there. */
  private async accompany(from: Uint8Array | Wanted): Promise<void> {
    const sources = await this.current();
    const engine = this.opened();
    const post = (event: Event) => this.at.post({ type: "beside", event });
    await this.theRun().accompany(() => {
      const learnsFrom = from instanceof Uint8Array ? sourcesOfSaved(sources, readCheckpoint(from)) : sourcesFor(sources, from.settings);
      const fitted = from instanceof Uint8Array ? from : { ...from, settings: fittedTo(sources, from.settings) };
      return new Run({ engine, wing: sources.wing, sources: learnsFrom, turns: this.turns, post, from: fitted });
    });
  }

  /** Continues the saved run that waits, if there is one. One that cannot go on waits no longer. */
  private async resume(): Promise<void> {
    if (!this.pending) return;
    try {
      await this.goOn(this.pending);
    } catch (error) {
      this.pending = undefined;
      this.fail(error);
    }
  }

  /** Continues a saved run if what it was saved with is there; otherwise says what is missing. */
  private async goOn({ bytes, beside }: SavedRun): Promise<void> {
    const saved = readCheckpoint(bytes);
    await this.turnTo(saved.settings);
    const sources = await this.current();
    const missing = (what: Extract<Event, { type: "missing" }>["what"], wanted: Reference) =>
      this.at.post({ type: "missing", what, wanted, settings: saved.settings });
    if (!sources.ready || sources.dataset.id !== saved.dataset.id) return missing("data", saved.dataset);
    const there = sourcesOfSaved(sources, saved);
    if (saved.teacher && there.teacher?.id !== saved.teacher.id) return missing("teacher", saved.teacher);
    if (saved.guide && there.guide?.id !== saved.guide.id) return missing("guide", saved.guide);
    if (saved.start && there.start?.id !== saved.start.id) return missing("student", saved.start);
    await this.settle();
    await this.replace(sources, there, bytes);
    if (beside) await this.accompany(beside);
    this.tell("paused", `Continuing at step ${this.theRun().session.step}`);
  }

  /** Trains a teacher while the run is paused. The queue does not wait for it; the next to start ends it. */
  private async trainTeacher(settings: Settings): Promise<void> {
    await this.settle();
    const sources = await this.current();
    this.teacherTraining = sources
      .trainTeacher(this.opened(), settings, this.turns.alone)
      .catch((error) => this.fail(error, { at: "teacher" }));
    void this.teacherTraining.then(() => this.enqueue(() => this.resume()));
  }

  private async import({ as, bytes, name, hints }: Extract<Command, { type: "import" }>): Promise<void> {
    const sources = await this.current();
    await this.turns.alone(async () => {
      if (as === "teacher") return sources.importTeacher(this.opened(), bytes, name, hints);
      if (as === "student") return sources.importStart(bytes, name, hints);
      const guide = await sources.importGuide(bytes, name, hints);
      this.run?.offerGuide(guide);
    });
    await this.resume();
  }

  /** Plays until it is paused, or to the end. The queue does not wait for it: commands act between its steps. */
  private async play(): Promise<void> {
    const run = this.theRun();
    if (run.isPlaying || run.session.finished) return;
    await this.settle(); // a loop that was told to pause may still be at its last step
    this.tell("compiling", `${PREPARING}, once`);
    run.play(
      () => this.tell("running"),
      async (error) => {
        if (error) await this.failed(error, { spoiled: true });
        else if (run.session.finished) await this.finish(run).catch((reason) => this.failed(reason));
        else this.tell("paused");
      },
    );
  }

  private async step(): Promise<void> {
    await this.settle();
    const run = this.theRun();
    try {
      await run.stepOnce();
    } catch (error) {
      return this.failed(error, { spoiled: true });
    }
    this.tell(run.session.finished ? "finished" : "paused");
  }

  private async stop(): Promise<void> {
    await this.settle();
    await this.finish(this.theRun());
  }

  /** Tests the student where it is and calls the run finished. */
  private async finish(run: Run): Promise<void> {
    await run.finish();
    this.tell("finished");
    this.measureErrors();
  }

  /** The queue does not wait for it: it goes on beside other commands. */
  private measureErrors(): void {
    void this.errors.measure(this.theRun().session).catch((error) => this.fail(error, { at: "errors" }));
  }

  /** Stops whatever trains and waits for it; a teacher is used as it is. */
  private async settle(): Promise<void> {
    (await this.sources.get(this.task))?.endTeacherTraining(true);
    await this.run?.settle();
    await this.teacherTraining;
  }

  private async save(): Promise<void> {
    let saved: Saved = { step: 0 };
    try {
      saved = await this.theRun().save();
    } finally {
      // Handed over rather than copied: large runs have hundreds of megabytes.
      const bytes = [saved.bytes, saved.beside?.bytes].filter((one) => one !== undefined);
      this.at.post(
        { type: "saved", ...saved },
        bytes.map(({ buffer }) => buffer as ArrayBuffer),
      );
    }
  }

  private async export(what: Extract<Command, { type: "export" }>["what"]): Promise<void> {
    const ending = "safetensors";
    if (what === "onnx") return this.at.post({ type: "exported", ending: what, ...(await this.theRun().onnx()) });
    if (what === "project") return this.at.post({ type: "exported", ending: "zip", ...(await this.theRun().handOver()) });
    if (what === "questions") return this.at.post({ type: "exported", ending: "zip", ...(await (await this.current()).questions()) });
    if (what === "student") return this.at.post({ type: "exported", ending, ...(await this.theRun().export()) });
    const { teacher } = await this.current();
    if (teacher) this.at.post({ type: "exported", ending, name: teacher.network.name, bytes: teacher.bytes });
  }

  /** The sources of the task at hand. */
  private current(): Promise<TaskSources> {
    return this.sourcesOf(this.task);
  }

  private theRun(): Run {
    if (this.run) return this.run;
    throw new EngineError("There is no run yet.", "Wait until the page has opened the GPU.");
  }

  private opened(): Engine {
    if (this.engine) return this.engine;
    throw new EngineError("The GPU is not open yet.", "Wait a moment.");
  }

  private tell(phase: Phase, note = ""): void {
    this.phase = phase;
    this.at.post({ type: "phase", phase, note });
  }

  /** Reports what went wrong, once it is known whether the GPU was lost: what a lost one refuses may come first, as an error of any kind. */
  private async failed(error: unknown, about: { at?: Card; spoiled?: boolean } = {}): Promise<void> {
    const news = error instanceof EngineError ? this.engine?.failure : await this.engine?.news();
    this.fail(news ?? error, about);
  }

  /**
   * Reports what went wrong: at the card it concerns, or for the page. Only what spoiled the run, or took the GPU away, pauses it: a file that
   * cannot be opened leaves it training.
   */
  private fail(error: unknown, { at, spoiled = false }: { at?: Card; spoiled?: boolean } = {}): void {
    const fatal = !this.engine || this.engine.failure !== undefined;
    const { message, remedy } = inWords(error);
    if (at && !fatal) {
      this.at.post({ type: "refused", at, message, remedy, ...(error instanceof OtherSide && { side: error.side }) });
      return;
    }
    if (spoiled || fatal) this.run?.pause();
    this.spoiled = spoiled && !fatal;
    const memory = error instanceof OutOfMemory;
    this.at.post({ type: "failed", message, remedy, fatal, spoiled, ...(memory && { memory }) });
    this.tell(fatal || !this.run ? "failed" : this.run.isPlaying ? "running" : "paused", message);
  }
}

/** What a run of these settings learns from. */
function sourcesFor({ dataset, teacher, guide, start }: TaskSources, settings: Settings): Sources {
  return { dataset, guide, start, teacher: settings.teacher === "none" ? undefined : teacher?.network };
}

/** What a saved run goes on learning from, as far as it is there. */
const sourcesOfSaved = ({ dataset, teacher, guide, start }: TaskSources, saved: Checkpoint): Sources => ({
  ...{ dataset, guide, teacher: saved.teacher && teacher?.network, start: saved.start && start },
});

/** The settings that a run of these sources has: the images' size, and what the network decides that the student begins as. */
const fittedTo = ({ wing, dataset, start }: TaskSources, settings: Settings): Settings =>
  sized(wing, { ...settings, side: dataset.side }, start);

function inWords(error: unknown): { message: string; remedy: string } {
  if (error instanceof EngineError) return { message: error.what, remedy: error.remedy };
  return { message: error instanceof Error ? error.message : String(error), remedy: "Please report this." };
}
