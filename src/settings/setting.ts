/**
 * How a setting is described. Each setting belongs to the run, a task or a method: the one that reads it. `schema.ts` gathers them
 * into the one table from which panel, address, command line and saved runs derive.
 */

interface Common {
  label: string;
  help: string;
  /** "live" acts on the very next step, "next" with the next run. */
  when: "live" | "next";
  group: "data" | "method" | "mask" | "loss" | "optimizer" | "student" | "augmentation" | "run";
  /** What addresses and saved runs of earlier versions call it. */
  formerly?: string;
  /** A live change that calls for recording the step anew, because it changes shapes or kernels and not only numbers. */
  records?: true;
  /** What runs did that were saved when there was no such setting; the default by default. */
  before?: Value;
  /** The task measures it where nobody has set it. */
  measured?: true;
  /** Of the few that a panel shows before all others. */
  essential?: true;
}

export interface NumberSetting extends Common {
  kind: "number";
  default: number;
  min: number;
  max: number;
  integer?: boolean;
  /** A slider moves in equal ratios. */
  log?: boolean;
}

export interface ChoiceSetting extends Common {
  kind: "choice";
  default: string;
  options: readonly string[];
  /** Options that not every GPU can carry out: the feature of WebGPU that each needs. */
  needs?: Readonly<Record<string, "shader-f16">>;
}

export type Setting = NumberSetting | ChoiceSetting;

export const number = <const S extends Omit<NumberSetting, "kind">>(s: S) => ({ kind: "number", ...s }) as const;
export const choice = <const S extends Omit<ChoiceSetting, "kind">>(s: S) => ({ kind: "choice", ...s }) as const;

/** Settings by key. A method's have its name before them: `samkd.lambda`. */
export type Table = Readonly<Record<string, Setting>>;

export type Value = string | number;

/** What the settings of a table are set to. */
export type ValuesOf<T extends Table> = { [K in keyof T]: ValueOf<T[K]> };
type ValueOf<S> = S extends { kind: "number" } ? number : S extends { options: readonly (infer O extends string)[] } ? O : never;

/** A method's settings under their keys: its own name before each. */
export function scoped(owner: string, table: Table): Table {
  return Object.fromEntries(Object.entries(table).map(([name, setting]) => [keyOf(owner, name), setting]));
}

export const keyOf = (owner: string, name: string): string => `${owner}.${name}`;

/** What a setting is called within its owner: `lambda` of `samkd.lambda`. */
export const nameOf = (key: string): string => key.slice(key.lastIndexOf(".") + 1);
