/** Pictures that are there more than once: among what is held out too, they make test scores mean nothing. */
import type { Findings } from "./annotated";

interface Seen {
  path: string;
  test: boolean;
}

export class Copies {
  private readonly first = new Map<string, Seen>();

  constructor(
    private readonly findings: Findings,
    /** What they are, for people. */
    private readonly what: "picture" | "recording" = "picture",
  ) {}

  /** Takes the next picture, by the digest of its file, and notes it if there was the same before. */
  take(key: string, { path, test }: Seen): void {
    const known = this.first.get(key);
    if (!known) this.first.set(key, { path, test });
    else this.findings.add(known.test === test ? moreThanOnce(this.what) : onBothSides(this.what), `${known.path} and ${path}`);
  }
}

const moreThanOnce = (what: string) =>
  `${what[0].toUpperCase()}${what.slice(1)}s that are there more than once, byte for byte, so that copies may be both trained on and held out`;
const onBothSides = (what: string) => `The same ${what} both trained on and held out, so that test scores are too good`;
