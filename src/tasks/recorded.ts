/** A recorded snapshot, kept until a setting changes what is recorded: pictures are refreshed all the time. */
export class Recorded<S extends { readonly batch: number; destroy(): void }> {
  private snapshot?: S;
  /** Counts the changes that call for a new recording. */
  private version = 0;

  /** The snapshot for `batch` images; compiled where there is none, and again where a change came meanwhile. */
  async of(batch: number, compile: () => Promise<S>): Promise<S> {
    while (this.snapshot?.batch !== batch) {
      this.drop();
      const { version } = this;
      const fresh = await compile();
      if (version === this.version) this.snapshot = fresh;
      else fresh.destroy();
    }
    return this.snapshot;
  }

  /** A setting that changes recordings has changed. */
  forget(): void {
    this.version++;
    this.drop();
  }

  private drop(): void {
    this.snapshot?.destroy();
    this.snapshot = undefined;
  }
}
