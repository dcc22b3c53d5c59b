/**
 * Which charts a run has, and how its curves look, by the names under which it reports its numbers. Numbers with other names
 * are drawn, too, without a change here; those that are listed have a better label and a colour of their own.
 */
import { bytes, milliseconds, scaled, short } from "../format";
import { numbersOf, type Point } from "../state/history";

export interface CurveLook {
  label: string;
  /** A CSS colour. */
  colour: string;
  /** As SVG's stroke-dasharray. */
  dash?: string;
  /** As SVG's fill: what is drawn is an area. */
  fill?: string;
}

export interface Curve extends CurveLook {
  name: string;
}

type Looks = Readonly<Record<string, CurveLook>>;

/** A set of numbers of the history, drawn over the steps. */
export interface ChartKind {
  id: string;
  title: string;
  /** Which set of a point's numbers. */
  of: string;
  /** Only these of them, in this order; all when absent. */
  only?: readonly string[];
  format(value: number): string;
  /** Shares in 0..1, smoothed; chance is drawn beside them. */
  shares?: boolean;
  /** Held-out tests are drawn on it. */
  tested?: boolean;
  small?: boolean;
  /** Terms are told as they are added: times their weights. */
  added?: boolean;
  log?: boolean;
}

const LOSS: ChartKind = { id: "loss", title: "Loss", of: "losses", format: short };

/** How the loss can be drawn, the usual way first. */
export const LOSS_VIEWS = { added: "weighted", raw: "as measured", log: "logarithmic", apart: "each term apart" } as const;
export type LossView = keyof typeof LOSS_VIEWS;

/** The charts of a loss with these terms, which have other weights or none. */
export function lossCharts(view: LossView, terms: readonly string[], looks: Looks, weighted: boolean): ChartKind[] {
  if (view === "apart")
    return terms.map((term) => ({ ...LOSS, id: `loss-${term}`, title: labelOf(term, looks), only: [term], small: true }));
  if (view === "added" && weighted) return [{ ...LOSS, title: "Loss terms, weighted", added: true }];
  return [{ ...LOSS, log: view === "log" }];
}

const FIGURES: readonly ChartKind[] = [
  { id: "speed", title: "Images per second", of: "figures", only: ["imagesPerSecond"], format: short, small: true },
  {
    ...{ id: "time", title: "Teacher's GPU time per step", of: "figures", only: ["teacherMs", "teacherFullMs"] },
    ...{ format: milliseconds, small: true },
  },
  { id: "macs", title: "Teacher's MACs per step", of: "figures", only: ["macs", "fullMacs"], format: scaled, small: true },
  { id: "memory", title: "GPU memory", of: "figures", only: ["memory"], format: bytes, small: true },
];

/** The charts of every run, and between them those of its task. */
export const chartsOf = ({ charts }: { charts: readonly ChartKind[] }, losses: readonly ChartKind[] = [LOSS]): ChartKind[] => [
  ...losses,
  ...charts,
  ...FIGURES,
];

/** Curves of every task. */
const COMMON: Looks = {
  imagesPerSecond: { label: "images/s", colour: "var(--student)" },
  teacherMs: { label: "as masked", colour: "var(--teacher)" },
  teacherFullMs: { label: "at all patches", colour: "var(--muted)", dash: "2 3" },
  macs: { label: "as masked", colour: "var(--teacher)" },
  fullMacs: { label: "at all patches", colour: "var(--muted)", dash: "2 3" },
  memory: { label: "buffers", colour: "var(--student)" },
};

/** Colours and dashes of curves that no task describes. */
const SPARE: [string, string | undefined][] = [
  ["var(--student)", undefined],
  ["var(--teacher)", "6 3"],
  ["var(--kd)", "2 3"],
  ["var(--agreement)", "8 3 2 3"],
  ["var(--event)", "4 2"],
  ["var(--muted)", "1 2"],
];

/** The curves of a chart for which the point has numbers; `looks` are those of the task. */
export function curvesOf({ of, only }: ChartKind, point: Point | undefined, looks: Looks): Curve[] {
  const present = Object.keys(numbersOf(point, of));
  const names = only ? only.filter((name) => present.includes(name)) : present;
  return names.map((name, i) => {
    const [colour, dash] = SPARE[i % SPARE.length];
    return { name, ...(looks[name] ?? COMMON[name] ?? { label: name, colour, dash }) };
  });
}

/** What one of a task's numbers is called. */
export const labelOf = (name: string, looks: Looks): string => looks[name]?.label ?? name;

/** Colours of runs that are kept, in turn. */
const RUN_COLOURS = ["var(--run-1)", "var(--run-2)", "var(--run-3)", "var(--run-4)", "var(--run-5)", "var(--run-6)"];

export const runColour = (index: number): string => RUN_COLOURS[index % RUN_COLOURS.length];
