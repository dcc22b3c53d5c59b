/** A run as a file that a visitor takes away and brings back, with what this page saw of it. Loaded when it is asked for. */
import { EngineError } from "../../engine/errors";
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
  if (isHistory(told)) return { ...told, views: {} } as unknown as History;
  throw new EngineError(`${name} is damaged or was edited: what was seen of the run cannot be read.`, "Choose another saved run.");
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isHistory(told: unknown): told is Record<string, unknown> {
  const { total, points, evaluations, marks, sums } = (told ?? {}) as Partial<History>;
  const areNumbers = (value: unknown) => isMap(value) && Object.values(value).every((n) => n === null || typeof n === "number");
  const isPoint = ({ step, ...sets }: History["points"][number]) => Number.isSafeInteger(step) && Object.values(sets).every(areNumbers);
  const isTest = ({ step, count, scores }: History["evaluations"][number]) =>
    Number.isSafeInteger(step) && Number.isSafeInteger(count) && areNumbers(scores) && Object.keys(scores).length > 0;
  const lists = [points, evaluations, marks].every((list) => Array.isArray(list) && list.every(isMap));
  return (
    Number.isSafeInteger(total) &&
    lists &&
    points!.every(isPoint) &&
    evaluations!.every(isTest) &&
    marks!.every(({ step, text }) => Number.isSafeInteger(step) && typeof text === "string") &&
    areNumbers(sums)
  );
}

const isMap = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
