/** The teachers at hand: the one that comes with the page, and those trained or imported here, each for its own data. */
import type { Dataset } from "../data/dataset";
import { EngineError } from "../engine/errors";
import { fitted } from "../train/fitted";
import { type Network, readNetwork, type Told } from "../train/network";
import type { TeacherFacts } from "./protocol";
import { forget, keep, recall } from "./storage";

/** A teacher's file, and what is known of it besides. */
export interface TeacherFile {
  bytes: Uint8Array;
  name: string;
  origin: TeacherFacts["origin"];
  told: Told;
  top1?: number;
}

export interface Teacher {
  network: Network;
  origin: TeacherFacts["origin"];
  bytes: Uint8Array;
}

const slot = (dataset: Dataset) => `teacher-${dataset.id}`;

export class Teachers {
  private shipped?: Teacher;
  /** By the data they are for. */
  private readonly own = new Map<string, Teacher>();

  /** Fetches the teacher that comes with the page; there may be none at that address. */
  async fetch(url: string): Promise<void> {
    const response = await fetch(url);
    if (!response.ok || response.headers.get("content-type")?.includes("html")) return;
    const bytes = new Uint8Array(await response.arrayBuffer());
    this.shipped = { network: await readNetwork(bytes, url.split("/").pop() as string), origin: "shipped", bytes };
  }

  /** The teacher for this data: the last one trained or imported for it, else the page's if it fits. */
  async of(dataset: Dataset): Promise<Teacher | undefined> {
    const own = this.own.get(dataset.id) ?? (await kept(dataset));
    if (own) this.own.set(dataset.id, own);
    return own ?? (this.shipped && fits(this.shipped.network, dataset) ? this.shipped : undefined);
  }

  /** Takes a file as this data's teacher and keeps it. Rejects with an EngineError when it is for other images. */
  async take(file: TeacherFile, dataset: Dataset): Promise<Teacher> {
    const teacher = await read(file);
    fitted(teacher.network, dataset);
    this.own.set(dataset.id, teacher);
    await keep(slot(dataset), file);
    return teacher;
  }

  async drop(dataset: Dataset): Promise<void> {
    this.own.delete(dataset.id);
    await forget(slot(dataset));
  }
}

async function kept(dataset: Dataset): Promise<Teacher | undefined> {
  const file = await recall<TeacherFile>(slot(dataset));
  // Written by an older version of this page, it may no longer be readable.
  return file && read(file).catch(() => undefined);
}

async function read({ bytes, name, origin, told, top1 }: TeacherFile): Promise<Teacher> {
  const network = await readNetwork(bytes, name, told);
  return { network: { ...network, top1: top1 ?? network.top1 }, origin, bytes };
}

function fits(network: Network, dataset: Dataset): boolean {
  try {
    fitted(network, dataset);
    return true;
  } catch (error) {
    if (error instanceof EngineError) return false;
    throw error;
  }
}
