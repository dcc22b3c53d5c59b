/**
 * Which charts a run is drawn as, and how its curves look, by the names the run reports its numbers under. Another method
 * brings other names and is drawn without a change here; what is listed only has a nicer label and a colour of its own.
 */
import { bytes, milliseconds, percent, scaled, short } from "../format";
import type { Point } from "../state/history";

export interface Curve {
  name: string;
  label: string;
  /** A CSS colour. */
  colour: string;
  /** As SVG's stroke-dasharray. */
  dash?: string;
}

/** A set of numbers of the history, drawn over the steps. */
export interface ChartKind {
  id: string;
  title: string;
  /** Where in a point its numbers are. */
  of: keyof Omit<Point, "step">;
  /** Only these of them, in this order; all when absent. */
  only?: string[];
  format(value: number): string;
  /** Shares in 0..1, smoothed; chance is drawn beside them. */
  shares?: boolean;
  /** Held-out tests are drawn on it. */
  tested?: boolean;
  small?: boolean;
  /** Only for runs that find objects, or only for those that name images. */
  detection?: boolean;
}

export const CHARTS: ChartKind[] = [
  { id: "loss", title: "Loss", of: "losses", format: short },
  { id: "rate", title: "Accuracy", of: "smooth", format: percent, shares: true, tested: true, detection: false },
  { id: "score", title: "Average precision, held out", of: "scores", format: percent, tested: true, detection: true },
  { id: "pulls", title: "Share of each term in the gradient", of: "pulls", format: percent, detection: true },
  { id: "speed", title: "Images per second", of: "figures", only: ["imagesPerSecond"], format: short, small: true },
  {
    id: "time",
    title: "Teacher's GPU time per step",
    of: "figures",
    only: ["teacherMs", "teacherFullMs"],
    format: milliseconds,
    small: true,
  },
  { id: "macs", title: "Teacher's MACs per step", of: "figures", only: ["macs", "fullMacs"], format: scaled, small: true },
  { id: "memory", title: "GPU memory", of: "figures", only: ["memory"], format: bytes, small: true },
];

/** The charts of a run. */
export const chartsOf = (detection: boolean): ChartKind[] => CHARTS.filter((kind) => (kind.detection ?? detection) === detection);

const KNOWN: Record<string, Omit<Curve, "name">> = {
  ce: { label: "cross-entropy, labels", colour: "var(--student)" },
  kd: { label: "distillation, teacher", colour: "var(--kd)", dash: "6 3" },
  student: { label: "student", colour: "var(--student)" },
  teacher: { label: "masked teacher", colour: "var(--teacher)", dash: "6 3" },
  agreement: { label: "agreement", colour: "var(--agreement)", dash: "2 3" },
  cls: { label: "classes", colour: "var(--student)" },
  box: { label: "boxes", colour: "var(--agreement)", dash: "8 3 2 3" },
  dfl: { label: "edges (DFL)", colour: "var(--run-5)", dash: "1 2" },
  centerness: { label: "centerness", colour: "var(--run-5)", dash: "1 2" },
  feature: { label: "features, teacher", colour: "var(--teacher)", dash: "6 3" },
  logit: { label: "logits, teacher", colour: "var(--kd)", dash: "2 3" },
  map: { label: "mAP", colour: "var(--student)" },
  ap50: { label: "AP50", colour: "var(--teacher)", dash: "6 3" },
  ap75: { label: "AP75", colour: "var(--kd)", dash: "2 3" },
  ap_s: { label: "small", colour: "var(--run-1)", dash: "1 2" },
  ap_m: { label: "medium", colour: "var(--run-2)", dash: "8 3 2 3" },
  ap_l: { label: "large", colour: "var(--run-4)", dash: "4 2" },
  mar: { label: "recall (mAR)", colour: "var(--event)", dash: "8 3 2 3 2 3" },
  top1: { label: "top-1", colour: "var(--student)" },
  imagesPerSecond: { label: "images/s", colour: "var(--student)" },
  teacherMs: { label: "as masked", colour: "var(--teacher)" },
  teacherFullMs: { label: "at all patches", colour: "var(--muted)", dash: "2 3" },
  macs: { label: "as masked", colour: "var(--teacher)" },
  fullMacs: { label: "at all patches", colour: "var(--muted)", dash: "2 3" },
  memory: { label: "buffers", colour: "var(--student)" },
};

/** Colours and dashes of curves nobody named. */
const SPARE: [string, string | undefined][] = [
  ["var(--student)", undefined],
  ["var(--teacher)", "6 3"],
  ["var(--kd)", "2 3"],
  ["var(--agreement)", "8 3 2 3"],
  ["var(--event)", "4 2"],
  ["var(--muted)", "1 2"],
];

/** The curves of a chart for which the point has numbers. */
export function curvesOf({ of, only }: ChartKind, point: Point | undefined): Curve[] {
  const present = Object.keys(point?.[of] ?? {});
  const names = only ? only.filter((name) => present.includes(name)) : present;
  return names.map((name, i) => {
    const [colour, dash] = SPARE[i % SPARE.length];
    return { name, ...(KNOWN[name] ?? { label: name, colour, dash }) };
  });
}

/** What a number is called. */
export const labelOf = (name: string): string => KNOWN[name]?.label ?? name;

/** Colours of runs that are kept, in turn. */
const RUN_COLOURS = ["var(--run-1)", "var(--run-2)", "var(--run-3)", "var(--run-4)", "var(--run-5)", "var(--run-6)"];

export const runColour = (index: number): string => RUN_COLOURS[index % RUN_COLOURS.length];
