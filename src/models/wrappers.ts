/**
 * What training programs put before the names of a network's tensors: "module." (data parallel), "_orig_mod." (compiled),
 * "backbone.", "student.", "encoder." and whatever else a network was a part of.
 */

/** Networks lie in one another this deep at most, and this many in a file. */
const MAX_DEPTH = 8;
const MAX_WRAPPERS = 8;

/** The names without what wraps the network, in the same order. `marks` match names that only such a network has, from their start on. */
export function unwrapped(names: string[], marks: RegExp[]): string[] {
  const found = [...new Set(names.flatMap((name) => wrapperOf(name, marks) ?? []))].slice(0, MAX_WRAPPERS);
  const wrappers = found.sort((a, b) => b.length - a.length);
  return names.map((name) => {
    const whole = wrappers.find((wrapper) => name.startsWith(wrapper));
    return whole === undefined ? withoutShared(name, wrappers) : name.slice(whole.length);
  });
}

/** What stands before the mark, "" for nothing; undefined for a name without any. */
function wrapperOf(name: string, marks: RegExp[]): string | undefined {
  const parts = name.split(".");
  const starts = parts.slice(0, MAX_DEPTH).map((_, i) => parts.slice(i).join("."));
  const start = starts.findIndex((rest) => marks.some((mark) => mark.test(rest)));
  if (start < 0) return undefined;
  return parts
    .slice(0, start)
    .map((part) => `${part}.`)
    .join("");
}

/** A head may lie beside the part that is wrapped deeper: "model.head" of "model.backbone". */
function withoutShared(name: string, wrappers: string[]): string {
  const parts = name.split(".");
  const shared = wrappers.map((wrapper) => {
    const outer = wrapper.split(".").slice(0, -1);
    return outer.findIndex((part, i) => part !== parts[i]);
  });
  return parts.slice(Math.max(0, ...shared)).join(".");
}
