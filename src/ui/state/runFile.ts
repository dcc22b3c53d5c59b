/** A run as a file that a visitor takes away and brings back, with what this page saw of it. Loaded when it is asked for. */
import { EngineError } from "../../engine/errors";
import { areBits } from "../../metrics/bits";
import { type Made, opened, sealed } from "../../train/bundle";
import { History } from "./history";

/** A run that a file holds, verified. */
export interface RunFile {
  bytes: Uint8Array;
  history?: History;
  /** What a person should know of it. */
  notice?: string;
}

/** The file of a run. Pictures stay behind: they are made anew. */
export function runFile(bytes: Uint8Array, adapter: string, { views: _, ...history }: History): Promise<Uint8Array> {
  return sealed(bytes, adapter, JSON.stringify(history));
}

/** Rejects with an EngineError for a file that is no saved run, or not as it was saved. */
export async function openRunFile(file: File, adapter: string): Promise<RunFile> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  const { checkpoint, made, history: text } = await opened(bytes, file.name);
  const history = text === undefined ? undefined : History.revive(historyIn(text, file.name), checkpoint.step);
  const other = made && made.adapter !== adapter ? otherAdapter(made, adapter) : undefined;
  if (other) history?.marks.push({ step: checkpoint.step, text: "other GPU" });
  return {
    bytes,
    ...(history && { history }),
    ...(made && { notice: [`${file.name} is as it was saved.`, other].filter(Boolean).join(" ") }),
  };
}

const otherAdapter = (made: Made, adapter: string) =>
  `It was made on ${made.adapter}; on ${adapter} it goes on with numbers that may differ in their last digits.`;

/** The fields of a history, checked as far as the page relies on them. */
function historyIn(text: string, name: string): History {
  const told = jsonIn(text);
  if (isHistory(told)) return { ...told, points: told.points.map((point) => ({ ...BARE, ...point })), views: {} } as unknown as History;
  throw new EngineError(`${name} is damaged or was edited: what was seen of the run cannot be read.`, "Choose another saved run.");
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What charts read of every point. */
const BARE = { losses: {}, rates: {}, smooth: {}, figures: {}, scores: {} };

function isHistory(told: unknown): told is Pick<History, "points"> {
  const {
    total,
    points,
    evaluations,
    marks,
    sums,
    inPoint = 0,
    latest = {},
    means = {},
    ms = 0,
    imagesPerSecond = 0,
    scaled = {},
  } = (told ?? {}) as Record<string, unknown>;
  const isPoint = ({ step, ...sets }: Map) => Number.isSafeInteger(step) && Object.values(sets).every(areNumbers);
  const isMark = ({ step, text }: Map) => Number.isSafeInteger(step) && typeof text === "string";
  const areAll = (list: unknown, is: (one: Map) => boolean) => Array.isArray(list) && list.every((one) => isMap(one) && is(one));
  return (
    isCount(total) &&
    areAll(points, isPoint) &&
    areAll(evaluations, isTest) &&
    areAll(marks, isMark) &&
    [sums, scaled].every(areNumbers) &&
    // What goes on in it: the point under way, and what is carried from step to step.
    isCount(inPoint) &&
    (inPoint === 0 || (points as unknown[]).length > 0) &&
    [latest, means].every((sets) => isMap(sets) && Object.values(sets).every(areNumbers)) &&
    [ms, imagesPerSecond].every(isNumber)
  );
}

function isTest({ step, count, scores, right }: Map): boolean {
  const counted = Number.isSafeInteger(step) && isCount(count);
  const scored = isMap(scores) && areNumbers(scores) && Object.keys(scores).length > 0;
  return counted && scored && (right === undefined || (typeof right === "string" && areBits(right, count as number)));
}

type Map = Record<string, unknown>;

/** JSON writes what is no number as null. */
const isNumber = (value: unknown): boolean => value === null || typeof value === "number";
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
const areNumbers = (value: unknown): boolean => isMap(value) && Object.values(value).every(isNumber);
const isMap = (value: unknown): value is Map => typeof value === "object" && value !== null && !Array.isArray(value);
