/** A sweep over one or two settings: its cases, and its plot. */
import { EngineError } from "../../engine/errors";
import { reachOfMean } from "../../metrics/paired";
import { mean } from "../../metrics/verdicts";
import type { Settings } from "../../settings/run";
import { SettingError } from "../../settings/schema";
import type { Value } from "../../settings/setting";
import { SCHEMA } from "../../tasks";
import type { Drawing, DrawnLine } from "../../tasks/claims";
import type { Reference } from "../../tasks/task";
import { pageOf } from "../tasks";
import type { Axis, Fresh, Sweep } from "./experiments";

/** More runs than this are a night's work, for the command line. */
export const MOST_CASES = 16;

/** Settings that a sweep can vary: all but the method, which makes another table of settings, and the seed, which each case repeats. */
export const sweepable = (preset: string): string[] => Object.keys(SCHEMA.of(preset)).filter((key) => key !== "preset" && key !== "seed");

/** Values as a person writes them, "0.25, 0.5, 1". Throws a SettingError for one that cannot be, for fewer than two, and for one twice. */
export function axisOf(key: string, text: string, preset: string): Axis {
  const words = text.split(/[,;\s]+/).filter(Boolean);
  const values = words.map((word) => SCHEMA.parse(key, word, preset));
  if (new Set(values).size < Math.max(2, values.length))
    throw new SettingError(`${key} needs two values or more, each once.`, "Separate them by commas.");
  return { key, values };
}

/** The queries of all combinations, from the panel's settings and the word that names its images. Throws a SettingError for too many. */
export function casesOf(axes: readonly Axis[], settings: Settings, data?: string): string[] {
  const combinations = axes.reduce<[string, Value][][]>(
    (all, { key, values }) => all.flatMap((words) => values.map((value): [string, Value][] => [...words, [key, value]])),
    [[]],
  );
  if (combinations.length > MOST_CASES)
    throw new SettingError(`That makes ${combinations.length} cases.`, `Take ${MOST_CASES} at most, or use the command line's sweep.`);
  return combinations.map((words) => {
    const query = new URLSearchParams(SCHEMA.toQuery(settings));
    query.delete("seed");
    if (data) query.set("data", data);
    for (const [key, value] of words) query.set(key, String(value));
    return String(query);
  });
}

/** What a sweep is made of besides the settings that it varies. */
export interface Base {
  /** The panel's settings. */
  settings: Settings;
  /** The word that names the images, or a person's own. */
  data?: string;
  own?: Reference;
}

/** A sweep that has yet to begin. Throws an EngineError where it cannot be: axes alike, too many cases. */
export function sweepOf(axes: readonly Axis[], seeds: number, { settings, data, own }: Base): Fresh<Sweep> {
  if (new Set(axes.map(({ key }) => key)).size < axes.length) throw new EngineError("Both settings are the same.", "Choose another.");
  const cases = casesOf(axes, settings, data);
  return { axes, seeds, cases, score: pageOf(settings.preset).words.score, ...(own && { own: { id: own.id, name: own.name } }) };
}

export const sweepTitle = ({ axes }: Pick<Sweep, "axes">): string => `A sweep over ${axes.map(({ key }) => key).join(" and ")}`;

const MILLION = 1e6;

/**
 * Scores in percent against what the teacher computed, a dot for each run; where that does not vary, against the value of the first
 * setting, or its number in the list. Cases of one value of the second setting are a group; a case's mean has its 95 % interval over seeds.
 */
export function drawingOf(sweep: Sweep): Drawing {
  const { axes, score } = sweep;
  const scores = sweep.scores.map(runsOf);
  const { label, of } = horizontal(sweep);
  const [first, second] = axes;
  const perGroup = first.values.length;
  const groups = second?.values ?? [undefined];
  const casesIn = (group: number) =>
    Array.from({ length: perGroup }, (_, i) => i * groups.length + group).filter((index) => scores[index].length);
  const lines = groups.flatMap((value, group): DrawnLine[] => {
    const cases = casesIn(group);
    if (!cases.length) return [];
    const name = value === undefined ? "mean" : `${second.key} ${value}`;
    const seeds = Math.min(...cases.map((index) => scores[index].length));
    const runs = cases.flatMap((index) =>
      scores[index].map(({ run, score }): DrawnLine["points"][number] => [of(index, run), 100 * score, null, null]),
    );
    return [
      { label: name, seeds, points: cases.map((index) => meanPoint(scores[index], of, index)).toSorted(([a], [b]) => a - b) },
      { label: value === undefined ? "runs" : `${name}, runs`, seeds: 0, points: runs, single: true },
    ];
  });
  return {
    study: "sweep",
    id: axes.map(({ key }) => key).join("-"),
    title: sweepTitle(sweep),
    paper: "",
    x: label,
    y: `${score}, %`,
    lines,
  };
}

type Where = (index: number, run: number) => number;

/** The runs of a case that were not left out: which of its seeds, from 0, and its score. */
const runsOf = (scores: Sweep["scores"][number]): { run: number; score: number }[] =>
  scores.flatMap((score, run) => (score === null ? [] : [{ run, score }]));

function meanPoint(runs: ReturnType<typeof runsOf>, of: Where, index: number): DrawnLine["points"][number] {
  const scores = runs.map(({ score }) => score);
  const middle = 100 * mean(scores);
  const reach = reachOfMean(scores);
  const x = mean(runs.map(({ run }) => of(index, run)));
  return reach === undefined ? [x, middle, null, null] : [x, middle, middle - 100 * reach, middle + 100 * reach];
}

function horizontal({ axes: [first, second], scores, costs = [] }: Sweep): { label: string; of: Where } {
  const all = costs.flatMap((list, index) => list.filter((_, run) => scores[index][run] !== null));
  if (new Set(all).size > 1)
    return { label: "teacher's multiply-adds over the run, millions", of: (index, run) => costs[index][run] / MILLION };
  const place = (index: number) => Math.floor(index / (second?.values.length ?? 1));
  const numeric = first.values.every((value) => typeof value === "number");
  return {
    label: numeric ? first.key : `${first.key}: ${first.values.map((value, i) => `${i + 1} ${value}`).join(", ")}`,
    of: (index) => (numeric ? Number(first.values[place(index)]) : place(index) + 1),
  };
}
