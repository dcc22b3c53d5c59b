/** A reader that does, in turn, what the fuzzer must notice: so that a test can tell that it does. */
import { file } from "../data/files.fixture";
import { EngineError } from "../engine/errors";
import type { Draws } from "./draws";
import type { Reader } from "./reader";

const DEEDS: readonly (() => unknown)[] = [
  () => "accepts",
  () => {
    throw new TypeError("not meant");
  },
  () => {
    for (;;);
  },
  () => new Uint8Array(4e8),
  () => {
    for (const all: unknown[] = []; ; ) all.push(Array(1e7).fill(0));
  },
  () => {
    throw new EngineError("It is wrong.", "Correct it.");
  },
];

export const TRAPS: Reader = {
  name: "traps",
  make: (draws: Draws) => [file("deed", [draws.iteration % DEEDS.length])],
  async read([deed]) {
    return DEEDS[(await deed.bytes())[0]]();
  },
};
