/** Errors a person can act on: what happened, and what to do about it. */

export class EngineError extends Error {
  constructor(
    readonly what: string,
    readonly remedy: string,
  ) {
    super(`${what} ${remedy}`);
    this.name = "EngineError";
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
