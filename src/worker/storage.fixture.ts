/** A store in memory, for tests. */
import type { KeyValueStore } from "./storage";

export function memoryStore(values = new Map<string, unknown>()): KeyValueStore & { values: Map<string, unknown> } {
  return {
    values,
    recall: async <T>(key: string) => structuredClone(values.get(key)) as T | undefined,
    keep: async (key, value) => values.set(key, structuredClone(value)) !== undefined,
    forget: async (key) => void values.delete(key),
    async alter<T>(key: string, edit: (before: T | undefined) => T) {
      const after = edit(structuredClone(values.get(key)) as T | undefined);
      values.set(key, structuredClone(after));
      return after;
    },
    async erase() {
      values.clear();
      return true;
    },
  };
}
