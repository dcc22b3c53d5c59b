/** Whoever touches the GPU's session waits here: nothing may change under a step that is on the GPU. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `work` once everybody who asked earlier is done. */
  readonly alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = this.last.then(work);
    this.last = mine.catch(() => undefined);
    return mine;
  };
}
