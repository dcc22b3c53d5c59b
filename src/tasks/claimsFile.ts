/** The file of claims that `npm run claims` writes, read back: everything that is shown of it is checked. */
import { EngineError } from "../engine/errors";
import { type ClaimsFile, CODE } from "./claims";

const AGAIN = "Run npm run claims again.";

/** Throws an EngineError when a value is not a file of claims of this code. */
export function claimsIn(value: unknown): ClaimsFile {
  const { code, adapter, claims, instrument, figures } = fields(value);
  const whole = isText(adapter) && listOf(claims, isMeasured) && listOf(instrument, isInstrument) && listOf(figures, isDrawing);
  if (!isText(code) || !Array.isArray(claims))
    throw new EngineError("The file of claims cannot be read: it is not what npm run claims writes.", AGAIN);
  if (code !== CODE)
    throw new EngineError(`These claims were measured with code ${code}, this page has ${CODE}: results would not be comparable.`, AGAIN);
  if (!whole) throw new EngineError("The file of claims cannot be read: a part of it is not what npm run claims writes.", AGAIN);
  return value as ClaimsFile;
}

type Test = (value: unknown) => boolean;

const fields = (value: unknown) => (typeof value === "object" && value !== null ? value : {}) as Record<string, unknown>;
const listOf = (value: unknown, test: Test) => Array.isArray(value) && value.every(test);
const isText: Test = (value) => typeof value === "string";
const isNumber: Test = (value) => Number.isFinite(value);
const orNull =
  (test: Test): Test =>
  (value) =>
    value === null || test(value);
const isCount: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
const isInterval: Test = (value) => listOf(value, isNumber) && (value as unknown[]).length === 2;
const UNITS: unknown[] = ["points", "ms", "MB", "nats"];
const VERDICTS: unknown[] = ["agrees", "opposite", "cannot tell"];

/** Whether some fields of a value are texts, and its result is one. */
function isResult(value: unknown, ...texts: string[]): boolean {
  const row = fields(value);
  const measured = orNull(isNumber)(row.difference) && orNull(isInterval)(row.interval) && isCount(row.seeds);
  return measured && texts.every((key) => isText(row[key]));
}

const isMargin: Test = (value) => isNumber(fields(value).value) && isText(fields(value).name);
const isPair: Test = (value) => {
  const { address, claimed } = fields(value);
  return isText(address) && (claimed === 1 || claimed === -1 || isMargin(claimed));
};

function isMeasured(value: unknown): boolean {
  const { unit, verdict, margin, pair, together } = fields(value);
  return (
    (together === undefined || typeof together === "boolean") &&
    (margin === undefined || isMargin(margin)) &&
    (pair === undefined || isPair(pair)) &&
    isResult(value, "id", "title", "paper", "study", "measured", "address") &&
    UNITS.includes(unit) &&
    VERDICTS.includes(verdict)
  );
}

const isInstrument: Test = (value) => isResult(value, "task", "study", "about") && typeof fields(value).proven === "boolean";

function isDrawing(value: unknown): boolean {
  const row = fields(value);
  return ["study", "id", "title", "paper", "x", "y"].every((key) => isText(row[key])) && listOf(row.lines, isLine);
}

function isLine(value: unknown): boolean {
  const { label, seeds, points } = fields(value);
  const isPoint: Test = (point) =>
    listOf(point, orNull(isNumber)) && (point as unknown[]).length === 4 && (point as unknown[]).slice(0, 2).every(isNumber);
  return isText(label) && isCount(seeds) && listOf(points, isPoint);
}
