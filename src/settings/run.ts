/** Settings of every run, whatever is learned. */
import { choice, number, type Table, type ValuesOf } from "./setting";

export const RUN_SETTINGS = {
  teacher: choice({
    label: "Learns from",
    help: "teacher: from the labels and the loaded teacher. none: the student learns from the labels alone.",
    ...{ default: "teacher", options: ["teacher", "none"], when: "next", group: "data" },
  }),
  lr: number({
    label: "Learning rate",
    help: "Peak step size; warms up over 5 % of the run, then falls as the schedule says.",
    ...{ default: 1e-3, min: 1e-5, max: 1e-2, log: true, when: "live", group: "optimizer" },
  }),
  decay: number({
    label: "Weight decay",
    help: "Pull of the weight matrices towards zero, per unit of learning rate.",
    ...{ default: 0.05, min: 0, max: 0.5, when: "live", group: "optimizer" },
  }),
  optimizer: choice({
    label: "Optimizer",
    help: "adamw: as vision transformers are trained. sgd: with momentum, as detectors are in their papers; it wants a larger learning rate, such as 0.01.",
    ...{ default: "adamw", options: ["adamw", "sgd"], when: "next", group: "optimizer" },
  }),
  momentum: number({
    label: "Momentum",
    help: "Share of each step that sgd takes over into the next one.",
    ...{ default: 0.9, min: 0, max: 0.99, when: "next", group: "optimizer" },
  }),
  precision: choice({
    label: "Precision",
    help: "mixed: what layers hand on and their weights are kept in f16, half the memory; sums, norms, losses and what the optimizer keeps stay f32. Needs a GPU with shader-f16.",
    ...{ default: "f32", options: ["f32", "mixed"], needs: { mixed: "shader-f16" }, when: "next", group: "optimizer" },
  }),
  schedule: choice({
    label: "Schedule",
    help: "cosine: the learning rate falls smoothly, to a hundredth. step: it falls to a tenth after 8 and after 11 twelfths of the run, as detectors' twelve epochs do.",
    ...{ default: "cosine", options: ["cosine", "step"], when: "live", group: "optimizer" },
  }),
  steps: number({
    label: "Steps",
    help: "Length of the run.",
    default: 1000,
    min: 1,
    max: 1e6,
    integer: true,
    when: "next",
    group: "run",
    essential: true,
  }),
  evaluate: number({
    label: "Evaluate every",
    help: "Steps between tests on held-out images.",
    ...{ default: 100, min: 1, max: 1e6, integer: true, when: "live", group: "run" },
  }),
  seed: number({
    label: "Seed",
    help: "The same seed and settings give the same run.",
    ...{ default: 1, min: 0, max: 2 ** 31 - 1, integer: true, when: "next", group: "run", essential: true },
  }),
} as const satisfies Table;

/** What every task has among its own settings. */
export interface TaskValues {
  /** Pixels along an edge of an image. */
  side: number;
  /** Images per step. */
  batch: number;
}

/** A run's settings: those of every run and, by key, those of its task and its method. */
export type Settings = { preset: string } & ValuesOf<typeof RUN_SETTINGS> & TaskValues & { [key: string]: string | number };

/** A change made while running. */
export interface Change {
  step: number;
  key: string;
  from: string | number;
  to: string | number;
}

/** The settings that a run began with, from those of now and what was changed since. */
export function atStart(settings: Settings, changes: readonly Change[]): Settings {
  const undone = changes.toReversed().map(({ key, from }) => [key, from]);
  return { ...settings, ...Object.fromEntries(undone) };
}
