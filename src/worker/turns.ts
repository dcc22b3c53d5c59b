/** Work on the GPU's session waits here for its turn: nothing may change under a step that is on the GPU. */
export class Turns {
  private last: Promise<unknown> = Promise.resolve();

  /** Runs `work` once all earlier work is done. */
  readonly alone = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = this.last.then(work);
    this.last = mine.catch(() => undefined);
    return mine;
  };
}
