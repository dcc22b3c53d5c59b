/** The teachers at hand: those that come with the page, and those trained or imported here, each for its own data. */
import { EngineError } from "../engine/errors";
import type { Settings } from "../settings/run";
import type { TaskNetworks } from "../tasks/definition";
import type { AnyDataset, AnyNetwork, ImportHints } from "../tasks/task";
import type { TeacherFacts } from "./protocol";
import type { KeyValueStore } from "./storage";

/** A teacher's file, and what is known of it besides. */
export interface TeacherFile {
  bytes: Uint8Array;
  name: string;
  origin: TeacherFacts["origin"];
  hints: ImportHints;
  score?: number;
}

export interface Teacher<N> {
  network: N;
  origin: TeacherFacts["origin"];
  bytes: Uint8Array;
}

const slot = ({ id }: Pick<AnyDataset, "id">) => `teacher-${id}`;

export class TeacherStore<D extends AnyDataset, N extends AnyNetwork> {
  /** By file. */
  private readonly shipped = new Map<string, Teacher<N>>();
  /** By the data they are for. */
  private readonly own = new Map<string, Teacher<N>>();
  /** Files that could not be had when they were last asked for. */
  private readonly missed = new Set<string>();

  constructor(
    private readonly networks: TaskNetworks<D, N>,
    private readonly store: KeyValueStore,
    /** A file of the page; undefined where it cannot be had. */
    private readonly fetch: (file: string) => Promise<Uint8Array | undefined>,
  ) {}

  /**
   * The teacher for this data and students of these settings: the last one trained or imported for the data, else the first of the page's,
   * in these files, that fits. One of its own that is of another kind is the last resort.
   */
  async of(dataset: D, files: readonly string[], settings: Settings): Promise<Teacher<N> | undefined> {
    const own = this.own.get(dataset.id) ?? (await this.kept(dataset));
    if (own) this.own.set(dataset.id, own);
    if (own && (this.networks.suits?.(own.network, settings) ?? true)) return own;
    for (const file of files) {
      const shipped = this.shipped.get(file) ?? (await this.ship(file));
      if (shipped && this.fits(shipped.network, dataset)) return shipped;
    }
    return own;
  }

  /** Whether one of these files could not be had. */
  misses(files: readonly string[]): boolean {
    return files.some((file) => this.missed.has(file));
  }

  /** Fetches a teacher that comes with the page, once; a fetch that failed is tried again the next time. */
  private async ship(file: string): Promise<Teacher<N> | undefined> {
    const bytes = await this.fetch(file);
    if (!bytes) this.missed.add(file);
    if (!bytes) return undefined;
    this.missed.delete(file);
    const teacher: Teacher<N> = { network: await this.networks.read(bytes, file, {}), origin: "shipped", bytes };
    this.shipped.set(file, teacher);
    return teacher;
  }

  /** Takes a file as this data's teacher and keeps it. Rejects with an EngineError when it is for other images. */
  async take(file: TeacherFile, dataset: D): Promise<Teacher<N>> {
    const teacher = await this.read(file);
    this.networks.assertFits(teacher.network, dataset);
    this.own.set(dataset.id, teacher);
    await this.store.keep(slot(dataset), file);
    return teacher;
  }

  /** Another tab has changed what is stored under a key, or erased all: forgets what that may concern. Whether it concerns this data's teacher. */
  reread(dataset: D, key: string | undefined): boolean {
    // Erasing takes nothing of a teacher that came with the page: to look for it again would fetch, and keep, what is to be gone.
    const concerns = key === undefined ? this.own.has(dataset.id) : key === slot(dataset);
    for (const id of [...this.own.keys()]) if (key === undefined || key === slot({ id })) this.own.delete(id);
    return concerns;
  }

  async drop(dataset: D): Promise<void> {
    this.own.delete(dataset.id);
    await this.store.forget(slot(dataset));
  }

  private async kept(dataset: D): Promise<Teacher<N> | undefined> {
    // Earlier versions kept these hints under another name.
    const file = await this.store.recall<TeacherFile & { told?: ImportHints }>(slot(dataset));
    // Written by an older version of this page, it may no longer be readable.
    return file && this.read({ ...file, hints: file.hints ?? file.told ?? {} }).catch(() => undefined);
  }

  private async read({ bytes, name, origin, hints, score }: TeacherFile): Promise<Teacher<N>> {
    const network = await this.networks.read(bytes, name, hints);
    return { network: { ...network, score: score ?? network.score }, origin, bytes };
  }

  private fits(network: N, dataset: D): boolean {
    try {
      this.networks.assertFits(network, dataset, true);
      return true;
    } catch (error) {
      if (error instanceof EngineError) return false;
      throw error;
    }
  }
}
