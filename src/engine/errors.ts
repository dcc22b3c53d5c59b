/** An error a person can act on: what happened, and what to do about it. */
export class EngineError extends Error {
  constructor(
    what: string,
    readonly remedy: string,
  ) {
    super(`${what} ${remedy}`);
    this.name = "EngineError";
  }
}
