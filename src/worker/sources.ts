/** What the next run learns from: data, and a teacher for it that came with the page, was trained here or was imported. */
import type { Engine } from "../engine/device";
import { EngineError } from "../engine/errors";
import type { Settings } from "../settings/experiment";
import { type Network, readNetwork, type Told } from "../tasks/classification/network";
import { type AnyData, type AnyNetwork, describeViT, type Kind } from "./kinds";
import type { DataFacts, Event } from "./protocol";
import { KEPT_DATA, KEPT_FACTS } from "./readerProtocol";
import { forget, keep } from "./storage";
import { type Teacher, type TeacherFile, Teachers } from "./teacherStore";
import { type Alone, Teaching } from "./teacherTraining";

interface Held<D, N> {
  dataset: D;
  facts: DataFacts;
  teacher?: Teacher<N>;
}

export class Supply<D extends AnyData = AnyData, N extends AnyNetwork = AnyNetwork> {
  readonly teachers: Teachers<D, N>;
  /** A network whose attention may choose the patches, whatever the data. */
  guide?: Network;
  private held?: Held<D, N>;
  private teaching?: Teaching;

  constructor(
    readonly kind: Kind<D, N>,
    private readonly post: (event: Event) => void,
    /** Whether the page wants to hear of this kind now. */
    private readonly isWanted: (kind: Kind<D, N>) => boolean,
  ) {
    this.teachers = new Teachers(kind);
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

  async load(dataset: D, notes: string[]): Promise<void> {
    this.held = { dataset, facts: this.kind.facts(dataset, notes), teacher: await this.teachers.of(dataset) };
    this.tell(true);
  }

  /** Keeps the images on this device, or removes what is kept. */
  async keepData(wanted: boolean): Promise<void> {
    const { dataset, facts } = this.hold();
    if (!wanted) for (const slot of [KEPT_DATA, KEPT_FACTS]) await forget(slot);
    else if (!((await keep(KEPT_DATA, this.kind.packed(dataset))) && (await keep(KEPT_FACTS, facts))))
      throw new EngineError("This browser does not let the page keep so much.", "Free some space, or keep the files at hand.");
    this.post({ type: "keptData", facts: wanted ? facts : null });
  }

  /** Takes a file as this data's teacher, once it has shown what it knows. Rejects, changing nothing, when it does not fit. */
  async import(engine: Engine, bytes: Uint8Array, name: string, told: Told): Promise<void> {
    const { dataset } = this.hold();
    const score = await this.kind.measure(engine, await this.kind.read(bytes, name, told), dataset);
    this.adopt(await this.teachers.take({ bytes, name, told, score, origin: "imported" }, dataset), dataset);
  }

  async importGuide(bytes: Uint8Array, name: string, told: Told): Promise<Network> {
    this.guide = await readNetwork(bytes, name, told);
    this.tell();
    return this.guide;
  }

  /** Trains a teacher on this data to the end, or until `endTeaching`. */
  async teach(engine: Engine, settings: Settings, alone: Alone): Promise<void> {
    const { dataset, teacher } = this.hold();
    const take = (file: TeacherFile) => this.teachers.take(file, dataset);
    try {
      this.teaching = new Teaching({
        ...{ kind: this.kind, engine, dataset, settings, alone },
        report: (report) => this.post({ type: "teaching", report }),
        // A finished teacher does not make way for half a one.
        store: async (file) => void (teacher || (await take(file))),
      });
      const file = await this.teaching.run();
      if (file) this.adopt(await take(file), dataset);
    } finally {
      this.teaching = undefined;
      this.post({ type: "teaching", report: null });
    }
  }

  /** Forgets the teacher trained or imported for this data; the page's own takes its place where it fits. */
  async dropTeacher(): Promise<void> {
    const { dataset } = this.hold();
    await this.teachers.drop(dataset);
    this.adopt(await this.teachers.of(dataset), dataset);
  }

  endTeaching(use: boolean): void {
    this.teaching?.end(use);
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

  /** Says what is loaded. */
  tell(read = false): void {
    if (!this.isWanted(this.kind)) return;
    const { facts, teacher } = this.hold();
    const known = teacher && { ...this.factsOf(teacher.network), origin: teacher.origin, score: teacher.network.score };
    const guide = this.guide && { id: this.guide.id, name: this.guide.name, kind: describeViT(this.guide.config) };
    this.post({ type: "loaded", read, data: facts, teacher: known ?? null, guide: guide ?? null });
  }

  private factsOf(network: N) {
    return { id: network.id, name: network.name, kind: this.kind.describe(network) };
  }
}
