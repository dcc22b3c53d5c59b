/**
 * The address carries every setting that is not at its default, so that it can be shared. Five words are no settings: `data` names
 * generated images that are not the usual ones (`?data=shapes:1200,2000`), `kernels` forces kernel variants
 * (`?kernels=gemm=quad4x4,rows=lane`): it says how to compute, not what; `watch` names a recorded run (`?watch=maskedkd`), `lesson` a lesson, and with `present` the page is
 * laid out for a projector.
 */
import { SCHEMA } from "../../tasks";
import type { Address } from "./context";

const WORDS = ["data", "kernels", "watch", "lesson", "present"] as const;

/** Browsers limit how often an address may be replaced; Safari throws after a hundred times in ten seconds. */
const GAP_MS = 2000;

/** What the address will be, while it waits to be written. */
let waiting: string | undefined;
let writtenAt = Number.NEGATIVE_INFINITY;

export const address: Address = {
  read() {
    const settings = new URLSearchParams(waiting ?? location.search);
    const words = Object.fromEntries(WORDS.map((word) => [word, settings.get(word) ?? undefined]));
    for (const word of WORDS) settings.delete(word);
    return { settings, ...words };
  },
  write(settings, given) {
    const { data, kernels } = address.read();
    show(SCHEMA.toQuery(settings, given), { data, kernels });
  },
  writeData(data) {
    const { settings, kernels } = address.read();
    show(String(settings), { data, kernels });
  },
};

/** The address as it is, or is about to be. */
export const link = (): string => new URL(waiting === "" ? location.pathname : (waiting ?? location.href), location.href).href;

function show(settings: string, words: Partial<Record<(typeof WORDS)[number], string>>): void {
  const named = Object.entries(words).flatMap(([word, value]) => (value ? [String(new URLSearchParams({ [word]: value }))] : []));
  const query = [settings, ...named].filter(Boolean).join("&");
  if (waiting === undefined) setTimeout(write, Math.max(0, writtenAt + GAP_MS - performance.now()));
  waiting = query && `?${query}`;
}

function write(): void {
  writtenAt = performance.now();
  try {
    history.replaceState(null, "", `${waiting || location.pathname}${location.hash}`);
    waiting = undefined;
  } catch {
    // The browser has had enough of new addresses for now.
    setTimeout(write, GAP_MS);
  }
}
