/** Errors a person can act on: what happened, and what to do about it. */

/** Letters of what happened, and of what to do, at most: names in files may be megabytes long, and a page would stand still over them. */
const LONGEST = 2000;

const cut = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)} ...` : text);

export class EngineError extends Error {
  readonly what: string;
  readonly remedy: string;

  constructor(what: string, remedy: string) {
    super(`${cut(what)} ${cut(remedy)}`);
    this.name = "EngineError";
    this.what = cut(what);
    this.remedy = cut(remedy);
  }
}

/** Letters of a value that a message shows. */
const MAX_SHOWN = 100;

/** A value from a file for a message. What others may lie in, at any depth, is shown only where it is a short list of plain values. */
export function shown(value: unknown): string {
  const isPlain = (one: unknown) => typeof one !== "object" || one === null;
  if (isPlain(value)) return String(JSON.stringify(value)).slice(0, MAX_SHOWN);
  return Array.isArray(value) && value.every(isPlain) ? JSON.stringify(value).slice(0, MAX_SHOWN) : "a nested value";
}

/** The GPU had not enough free memory for a request that its limits allow. */
export class OutOfMemory extends EngineError {
  constructor() {
    super("The GPU has not enough free memory for this.", "Halve the batch, or close other GPU-heavy pages.");
  }
}
