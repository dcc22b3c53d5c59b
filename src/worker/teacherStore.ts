/** The teachers at hand: the one that comes with the page, and those trained or imported here, each for its own data. */
import { EngineError } from "../engine/errors";
import type { Told } from "../tasks/classification/network";
import type { AnyData, AnyNetwork, Kind } from "./kinds";
import type { TeacherFacts } from "./protocol";
import { forget, keep, recall } from "./storage";

/** A teacher's file, and what is known of it besides. */
export interface TeacherFile {
  bytes: Uint8Array;
  name: string;
  origin: TeacherFacts["origin"];
  told: Told;
  score?: number;
}

export interface Teacher<N> {
  network: N;
  origin: TeacherFacts["origin"];
  bytes: Uint8Array;
}

const slot = (dataset: AnyData) => `teacher-${dataset.id}`;

export class Teachers<D extends AnyData, N extends AnyNetwork> {
  private shipped?: Teacher<N>;
  /** By the data they are for. */
  private readonly own = new Map<string, Teacher<N>>();

  constructor(private readonly kind: Kind<D, N>) {}

  /** Fetches the teacher that comes with the page, unless it is here; there may be none at that address, or no network. */
  async fetch(url: string): Promise<void> {
    if (this.shipped) return;
    const response = await fetch(url).catch(() => undefined);
    if (!response?.ok || response.headers.get("content-type")?.includes("html")) return;
    const bytes = new Uint8Array(await response.arrayBuffer());
    this.shipped = { network: await this.kind.read(bytes, url.split("/").pop() as string, {}), origin: "shipped", bytes };
  }

  /** The teacher for this data: the last one trained or imported for it, else the page's if it fits. */
  async of(dataset: D): Promise<Teacher<N> | undefined> {
    const own = this.own.get(dataset.id) ?? (await this.kept(dataset));
    if (own) this.own.set(dataset.id, own);
    return own ?? (this.shipped && this.fits(this.shipped.network, dataset) ? this.shipped : undefined);
  }

  /** Takes a file as this data's teacher and keeps it. Rejects with an EngineError when it is for other images. */
  async take(file: TeacherFile, dataset: D): Promise<Teacher<N>> {
    const teacher = await this.read(file);
    this.kind.assertFits(teacher.network, dataset);
    this.own.set(dataset.id, teacher);
    await keep(slot(dataset), file);
    return teacher;
  }

  async drop(dataset: D): Promise<void> {
    this.own.delete(dataset.id);
    await forget(slot(dataset));
  }

  private async kept(dataset: D): Promise<Teacher<N> | undefined> {
    const file = await recall<TeacherFile>(slot(dataset));
    // Written by an older version of this page, it may no longer be readable.
    return file && this.read(file).catch(() => undefined);
  }

  private async read({ bytes, name, origin, told, score }: TeacherFile): Promise<Teacher<N>> {
    const network = await this.kind.read(bytes, name, told);
    return { network: { ...network, score: score ?? network.score }, origin, bytes };
  }

  private fits(network: N, dataset: D): boolean {
    try {
      this.kind.assertFits(network, dataset);
      return true;
    } catch (error) {
      if (error instanceof EngineError) return false;
      throw error;
    }
  }
}
