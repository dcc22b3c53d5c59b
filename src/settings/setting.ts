/**
 * How a setting is described. Methods describe their own; `train/experiment.ts` gathers them into the one table from which
 * panel, URL, command line and saved runs derive.
 */

interface Common {
  label: string;
  help: string;
  /** "live" acts on the very next step, "next" with the next run. */
  when: "live" | "next";
  group: "data" | "method" | "mask" | "loss" | "optimizer" | "student" | "augmentation" | "run";
  /** A live change that calls for recording the step anew, because it changes shapes or kernels and not only numbers. */
  records?: true;
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
}

export type Setting = NumberSetting | ChoiceSetting;

export const number = <const S extends Omit<NumberSetting, "kind">>(s: S) => ({ kind: "number", ...s }) as const;
export const choice = <const S extends Omit<ChoiceSetting, "kind">>(s: S) => ({ kind: "choice", ...s }) as const;
