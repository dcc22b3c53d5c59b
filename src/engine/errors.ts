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

/** The GPU had not enough free memory for a request that its limits allow. */
export class OutOfMemory extends EngineError {
  constructor() {
    super("The GPU has not enough free memory for this.", "Halve the batch, or close other GPU-heavy pages.");
  }
}
