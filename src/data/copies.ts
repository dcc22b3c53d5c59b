/** Pictures that are there more than once: among what is held out too, they make test scores mean nothing. */
import type { Findings } from "./annotated";

interface Seen {
  path: string;
  test: boolean;
}

export class Copies {
  private readonly first = new Map<string, Seen>();

  constructor(private readonly findings: Findings) {}

  /** Takes the next picture, by the digest of its file, and notes it if there was the same before. */
  take(key: string, { path, test }: Seen): void {
    const known = this.first.get(key);
    if (!known) this.first.set(key, { path, test });
    else this.findings.add(known.test === test ? MORE_THAN_ONCE : ON_BOTH_SIDES, `${known.path} and ${path}`);
  }
}

const MORE_THAN_ONCE = "Pictures that are there more than once, byte for byte, so that copies may be both trained on and held out";
const ON_BOTH_SIDES = "The same picture both trained on and held out, so that test scores are too good";
