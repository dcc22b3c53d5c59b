/** What a visitor can do about the teacher, and networks as files: train, import, remove, take away. */
import { EngineError } from "../../engine/errors";
import type { Settings } from "../../settings/run";
import { needsTeacher, SCHEMA, taskOf } from "../../tasks";
import type { NetworkFile } from "../../tasks/networkFiles";
import type { ImportHints } from "../../tasks/task";
import type { Command } from "../../worker/protocol";
import type { GivenFile } from "../../worker/readerProtocol";
import type { Context } from "./context";
import type { DataActions } from "./dataActions";
import { refuse } from "./sources";

/** What a network's file can become. */
export type Role = "teacher" | "guide" | "student";

/** Tests during a teacher's training. */
const TESTS = 10;
const LEAST_STEPS_APART = 10;

export class TeacherActions {
  private last?: { as: Role } & NetworkFile;

  constructor(
    private readonly context: Context,
    private readonly data: DataActions,
  ) {}

  /** Whether a run of these settings may start: there is a teacher, or none is wanted. If not, the teacher card says so. */
  isThere(wanted = this.context.store.getState().wanted): boolean {
    const { sources } = this.context;
    const { loaded } = sources.getState();
    if (!loaded || loaded.teacher || wanted.teacher === "none") return true;
    const remedy = needsTeacher(wanted.preset) ? "Train one, or import one." : "Train one, import one, or let the student learn alone.";
    refuse(sources, "teacher", { message: "There is no teacher for this data yet.", remedy });
    return false;
  }

  /** Trains a teacher of one of the task's sizes on the loaded data. */
  train(size: string, steps: number): void {
    const { store, sources, send } = this.context;
    refuse(sources, "teacher");
    sources.setState({ teacherTraining: { step: 0, steps } });
    this.named(undefined);
    send({ type: "trainTeacher", settings: trainingSettings(store.getState().wanted, size, steps) });
  }

  /** Ends the training now, to use the teacher as it is or to drop it. */
  endTraining(use: boolean): void {
    this.context.send({ type: "endTeacherTraining", use });
  }

  /** Forgets the teacher that was trained or imported for the loaded data. */
  drop(): void {
    this.named(undefined);
    this.context.send({ type: "dropTeacher" });
  }

  /** Lets the next students begin with fresh weights again. */
  startFresh(): void {
    this.context.send({ type: "startFresh" });
  }

  /** Hands a network, or the run as a project in PyTorch, to the visitor as a file. */
  export(what: Extract<Command, { type: "export" }>["what"]): void {
    this.context.send({ type: "export", what });
  }

  /** Takes a network: its file, or a folder or archive that has its configuration beside it; `word` names it on the Hub. */
  async import(as: Role, files: GivenFile[], word?: string): Promise<void> {
    try {
      this.last = { as, ...(await read(files)) };
    } catch (error) {
      return refuse(this.context.sources, "teacher", inWords(error));
    }
    if (as === "teacher") this.named(word);
    this.importAgain();
  }

  /** The address names the teacher where it is of the Hub. */
  private named(word: string | undefined): void {
    this.context.sources.setState(({ offered }) => ({ offered: { ...offered, model: undefined } }));
    this.context.address.writeTeacher(word);
  }

  /** Takes what a visitor says about network files, and reads the last one again. */
  tell(hints: ImportHints): void {
    this.context.sources.setState({ hints: Object.fromEntries(Object.entries(hints).filter(([, value]) => value !== undefined)) });
    this.importAgain();
  }

  /** Makes the images again at the size that the last file wants, then reads it again. */
  async resizeFor(side: number): Promise<void> {
    if (await this.data.resize(side)) this.importAgain();
  }

  private importAgain(): void {
    const { sources, send } = this.context;
    if (!this.last) return;
    refuse(sources, "teacher");
    sources.setState({ importing: true });
    send({ type: "import", ...this.last, hints: { ...this.last.hints, ...sources.getState().hints } });
  }
}

/** What reads folders and archives is loaded when there is one. */
async function read(files: GivenFile[]): Promise<NetworkFile> {
  const [{ file }] = files;
  if (files.length === 1 && file.name.endsWith(".safetensors"))
    return { bytes: new Uint8Array(await file.arrayBuffer()), name: file.name, hints: {} };
  const { networkIn } = await import("../../tasks/networkFiles");
  return networkIn(files.map(({ path, file }) => ({ path, size: file.size, bytes: async () => new Uint8Array(await file.arrayBuffer()) })));
}

function inWords(error: unknown): { message: string; remedy: string } {
  if (error instanceof EngineError) return { message: error.what, remedy: error.remedy };
  return { message: `The files cannot be read: ${(error as Error).message}.`, remedy: "Choose them again." };
}

/** Settings of a teacher's training: the task's defaults, the chosen size, and what it has to share with the student. */
function trainingSettings(wanted: Settings, size: string, steps: number): Settings {
  const { batch, seed, side } = wanted;
  const { sizes, shares = [], teacherKind } = taskOf(wanted.preset);
  const { preset = wanted.preset, ...kind } = teacherKind?.(wanted) ?? {};
  const defaults = SCHEMA.defaults(String(preset));
  const alike = Object.entries(SCHEMA.of(defaults.preset)).filter(([key, { group }]) => group === "student" && key in wanted);
  const shared = Object.fromEntries([...alike.map(([key]) => key), ...shares].map((key) => [key, wanted[key]]));
  const evaluate = Math.max(LEAST_STEPS_APART, Math.round(steps / TESTS));
  return { ...defaults, ...shared, ...sizes[size], ...kind, batch, seed, side, steps, evaluate };
}
