/**
 * The address carries every setting that is not at its default, so that it can be shared. Five words are no settings: `data` names
 * images that are not the usual ones (`?data=shapes:1200,2000`, or `?data=hf:OWNER/NAME` of the Hub), `kernels` forces kernel variants
 * (`?kernels=gemm=quad4x4,rows=lane`): it says how to compute, not what; `watch` names a recorded run (`?watch=maskedkd`), `lesson` a lesson, and with `present` the page is
 * laid out for a projector. `teacher` is a setting, but may also name a network of the Hub (`?teacher=hf:OWNER/NAME`).
 */
import { isHubWord } from "../../data/hub/word";
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
    const teacher = settings.get("teacher") ?? "";
    if (!isHubWord(teacher)) return { settings, ...words };
    settings.delete("teacher");
    return { settings, ...words, teacher };
  },
  write(settings, given) {
    const { data, kernels, teacher } = address.read();
    const none = settings.teacher === "none";
    show(SCHEMA.toQuery(settings, given), { data, kernels, teacher: none ? undefined : teacher });
  },
  writeData(data) {
    const { settings, kernels, teacher } = address.read();
    show(String(settings), { data, kernels, teacher });
  },
  writeTeacher(teacher) {
    const { settings, data, kernels } = address.read();
    show(String(settings), { data, kernels, teacher });
  },
};

/** The address as it is, or is about to be. */
export const link = (): string => new URL(waiting === "" ? location.pathname : (waiting ?? location.href), location.href).href;

function show(settings: string, words: Partial<Record<(typeof WORDS)[number] | "teacher", string>>): void {
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
