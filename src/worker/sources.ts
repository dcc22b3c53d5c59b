/** What a task's next run learns from: data, and a teacher for it that came with the page, was trained here or was imported. */
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import type { Settings } from "../settings/run";
import { SCHEMA } from "../tasks";
import type { DataFacts, TaskData, TaskDefinition, TaskRuntime } from "../tasks/definition";
import { shippedFor } from "../tasks/generated";
import type { Alone, AnyDataset, AnyNetwork, ImportHints } from "../tasks/task";
import type { Event } from "./protocol";
import { KEPT_DATA, KEPT_FACTS } from "./readerProtocol";
import type { KeyValueStore } from "./storage";
import { type Teacher, type TeacherFile, TeacherStore } from "./teacherStore";
import { TeacherTraining } from "./teacherTraining";

const UNFETCHED = {
  message: "A teacher that comes with this page cannot be fetched.",
  remedy: "Are you offline? Reload the page later; until then train one, import one, or let the student learn alone.",
};

interface Held<D, N> {
  dataset: D;
  facts: DataFacts;
  teacher?: Teacher<N>;
}

/** A wing with what it loads when it is first wanted. */
export interface Wing<D extends AnyDataset = AnyDataset, N extends AnyNetwork = AnyNetwork> {
  definition: TaskDefinition<D, N>;
  data: TaskData<D>;
  runtime: TaskRuntime<D, N>;
}

export class TaskSources<D extends AnyDataset = AnyDataset, N extends AnyNetwork = AnyNetwork> {
  readonly teachers: TeacherStore<D, N>;
  private guideNetwork?: { network: AnyNetwork; kind: string };
  private startNetwork?: N;
  private held?: Held<D, N>;
  /** Settings of the student that is to be taught. */
  private wanted: Settings;
  private training?: TeacherTraining<D, N>;

  constructor(
    readonly wing: Wing<D, N>,
    private readonly store: KeyValueStore,
    private readonly post: (event: Event) => void,
    /** Whether the page wants to hear of this task now. */
    private readonly isWanted: () => boolean,
    fetch: (file: string) => Promise<Uint8Array | undefined>,
  ) {
    this.teachers = new TeacherStore(wing.runtime.networks, store, fetch);
    this.wanted = SCHEMA.defaults(Object.keys(wing.definition.methods)[0]);
  }

  /** Hears of which settings the next student is. Returns whether another teacher is for it than for the one before. */
  async want(settings: Settings): Promise<boolean> {
    const { teacherKind } = this.wing.definition;
    const same = JSON.stringify(teacherKind?.(this.wanted)) === JSON.stringify(teacherKind?.(settings));
    this.wanted = settings;
    if (same || !this.held) return false;
    const { dataset, teacher } = this.held;
    this.held.teacher = await this.teacherOf(dataset);
    return this.held.teacher?.network.id !== teacher?.network.id;
  }

  get ready(): boolean {
    return this.held !== undefined;
  }

  get dataset(): D {
    return this.hold().dataset;
  }

  get teacher(): Teacher<N> | undefined {
    return this.hold().teacher;
  }

  /** A network whose attention may choose the patches, whatever the data. */
  get guide(): AnyNetwork | undefined {
    return this.guideNetwork?.network;
  }

  /** The network that students begin as; fresh weights where there is none. */
  get start(): N | undefined {
    return this.startNetwork;
  }

  /** Takes data that were read. */
  async take(packed: unknown, notes: string[]): Promise<void> {
    return this.load(this.wing.data.unpack(packed), notes);
  }

  /** Takes generated data by their id; nothing is painted before it is asked for. */
  async generate(id: string): Promise<void> {
    const options = this.wing.data.optionsOf(id);
    if (!options) throw new EngineError(`There are no generated images called ${id}.`, "Use those of this page.");
    return this.load(this.wing.data.generated(options), []);
  }

  private async load(dataset: D, notes: string[]): Promise<void> {
    this.held = { dataset, facts: this.factsOf(dataset, notes), teacher: await this.teacherOf(dataset) };
    this.tell(true);
    if (!this.held.teacher && this.isWanted() && this.teachers.misses(this.shippedFor(dataset)))
      this.post({ type: "refused", at: "teacher", ...UNFETCHED });
  }

  private teacherOf(dataset: D): Promise<Teacher<N> | undefined> {
    return this.teachers.of(dataset, this.shippedFor(dataset), this.wanted);
  }

  private shippedFor(dataset: D): string[] {
    const { definition, data } = this.wing;
    return shippedFor(definition, data, dataset, this.wanted);
  }

  private factsOf(dataset: D, notes: string[]): DataFacts {
    const { id, name, side, classes, train, test } = dataset;
    const { data, definition } = this.wing;
    return {
      ...{ id, name, side, channels: data.channels(dataset), classes, train: train.count, test: test.count, notes },
      ...{ task: definition.name, generated: data.optionsOf(id) !== undefined },
    };
  }

  /** Keeps the images on this device, or removes what is kept. */
  async keepData(wanted: boolean): Promise<void> {
    const { dataset, facts } = this.hold();
    const { keep, forget } = this.store;
    if (!wanted) for (const slot of [KEPT_DATA, KEPT_FACTS]) await forget(slot);
    else if (!((await keep(KEPT_DATA, this.wing.data.pack(dataset))) && (await keep(KEPT_FACTS, facts))))
      throw new EngineError("This browser does not let the page keep so much.", "Free some space, or keep the files at hand.");
    this.post({ type: "keptData", facts: wanted ? facts : null });
  }

  /** Takes a file as this data's teacher, once it has shown what it knows. Rejects, changing nothing, when it does not fit. */
  async importTeacher(engine: Engine, bytes: Uint8Array, name: string, hints: ImportHints): Promise<void> {
    const { dataset } = this.hold();
    const { networks } = this.wing.runtime;
    const score = await networks.measure(engine, await networks.read(bytes, name, hints), dataset);
    this.adopt(await this.teachers.take({ bytes, name, hints, score, origin: "imported" }, dataset), dataset);
  }

  /** Takes a file as the guide. Rejects where no setting of the task uses one. */
  async importGuide(bytes: Uint8Array, name: string, hints: ImportHints): Promise<AnyNetwork> {
    const { readGuide } = this.wing.runtime.networks;
    if (!readGuide) throw new EngineError("This method uses no guide.", "Choose a method that masks patches.");
    this.guideNetwork = await readGuide(bytes, name, hints);
    this.tell();
    return this.guideNetwork.network;
  }

  /** Takes a file as what the next students begin as. Rejects where students of the task have fresh weights. */
  async importStart(bytes: Uint8Array, name: string, hints: ImportHints): Promise<void> {
    const { networks } = this.wing.runtime;
    if (!networks.sizesOf) throw new EngineError("Students of this method begin with fresh weights.", "Choose a method that masks a ViT.");
    const start = await networks.read(bytes, name, hints);
    networks.sizesOf(start); // throws for what no student can begin as
    this.startNetwork = start;
    this.tell();
  }

  /** The next students begin with fresh weights again. */
  startFresh(): void {
    this.startNetwork = undefined;
    this.tell();
  }

  /** Trains a teacher on this data to the end, or until `endTeacherTraining`. */
  async trainTeacher(engine: Engine, settings: Settings, alone: Alone): Promise<void> {
    const { dataset, teacher } = this.hold();
    const take = (file: TeacherFile) => this.teachers.take(file, dataset);
    try {
      this.training = new TeacherTraining({
        ...{ definition: this.wing.definition, runtime: this.wing.runtime, engine, dataset, settings, alone },
        report: (report) => this.post({ type: "teacherTraining", report }),
        // A finished teacher does not make way for half a one.
        store: async (file) => void (teacher || (await take(file))),
      });
      const file = await this.training.run();
      if (file) this.adopt(await take(file), dataset);
    } finally {
      this.training = undefined;
      this.post({ type: "teacherTraining", report: null });
    }
  }

  endTeacherTraining(use: boolean): void {
    this.training?.end(use);
  }

  /** The images for a teacher elsewhere, with a script that asks it, zipped. */
  async questions(): Promise<{ name: string; bytes: Uint8Array }> {
    const { dataset } = this.hold();
    const [{ answersProject }, { zipSync }] = await Promise.all([import("../handover/answers"), import("fflate")]);
    const files = answersProject(this.wing.runtime as unknown as TaskRuntime, dataset);
    return { name: `Questions on ${dataset.name}`, bytes: zipSync(Object.fromEntries(files)) };
  }

  /** Forgets the teacher trained or imported for this data; the page's own takes its place where it fits. */
  async dropTeacher(): Promise<void> {
    const { dataset } = this.hold();
    await this.teachers.drop(dataset);
    this.adopt(await this.teacherOf(dataset), dataset);
  }

  /** Another tab has changed what is kept under a key, or erased all: a teacher trained there teaches here, too, from the next run on. */
  async reread(key: string | undefined): Promise<void> {
    const { dataset } = this.held ?? {};
    if (dataset && this.teachers.reread(dataset, key)) this.adopt(await this.teacherOf(dataset), dataset);
  }

  /** Meanwhile other data may have been loaded; the teacher waits for its own. */
  private adopt(teacher: Teacher<N> | undefined, dataset: D): void {
    if (this.held?.dataset !== dataset) return;
    this.held.teacher = teacher;
    this.tell();
  }

  private hold(): Held<D, N> {
    if (this.held) return this.held;
    throw new EngineError("There is no data yet.", "Wait until it is read.");
  }

  /** Says what is loaded; `fresh` where the data are new. */
  tell(fresh = false): void {
    if (!this.isWanted()) return;
    const { dataset, facts, teacher } = this.hold();
    const { describe, adaptations, sizesOf, changesOf } = this.wing.runtime.networks;
    const described = teacher && {
      ...{ id: teacher.network.id, name: teacher.network.name, kind: describe(teacher.network) },
      ...{ origin: teacher.origin, score: teacher.network.score, notes: adaptations?.(teacher.network, dataset) },
    };
    const guide = this.guideNetwork && {
      id: this.guideNetwork.network.id,
      name: this.guideNetwork.network.name,
      kind: this.guideNetwork.kind,
    };
    const begins = this.startNetwork;
    const start = begins &&
      sizesOf && {
        ...{ id: begins.id, name: begins.name, kind: describe(begins) },
        ...{ sizes: sizesOf(begins, this.wanted), notes: changesOf?.(begins, dataset) },
      };
    this.post({
      ...{ type: "loaded", fresh, data: facts, teacher: described ?? null, guide: guide ?? null },
      ...(sizesOf && { start: start ?? null }),
    });
  }
}

/** The settings of a run, with those that the network decides that the student begins as. */
export function sized({ runtime }: Pick<Wing, "runtime">, settings: Settings, start?: AnyNetwork): Settings {
  return start ? { ...settings, ...runtime.networks.sizesOf?.(start, settings) } : settings;
}
