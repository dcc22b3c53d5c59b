/** A store in memory, for tests. */
import type { Beside, KeyValueStore } from "./storage";

type Listener = (key: string | undefined) => void;

/** Who listens at each store: pages that share values are tabs of one browser. */
const listeners = new WeakMap<Map<string, unknown>, Map<object, Listener>>();

export function memoryStore(values = new Map<string, unknown>()): KeyValueStore & { values: Map<string, unknown> } {
  const all = listeners.get(values) ?? new Map<object, Listener>();
  listeners.set(values, all);
  const tell = (key: string | undefined) => {
    for (const [owner, listener] of all) if (owner !== store) listener(key);
  };
  const store: ReturnType<typeof memoryStore> = {
    values,
    recall: async <T>(key: string) => structuredClone(values.get(key)) as T | undefined,
    async keep(key, value) {
      values.set(key, structuredClone(value));
      tell(key);
      return true;
    },
    async forget(key) {
      values.delete(key);
      tell(key);
    },
    async alter<T>(key: string, edit: (before: T | undefined, beside: Beside) => T) {
      const beside: Beside = {
        put: (other, value) => void values.set(other, structuredClone(value)),
        delete: (other) => void values.delete(other),
      };
      const after = edit(structuredClone(values.get(key)) as T | undefined, beside);
      values.set(key, structuredClone(after));
      tell(key);
      return after;
    },
    async erase() {
      values.clear();
      tell(undefined);
      return true;
    },
    isNewer: async () => false,
    onChange: (listener) => void all.set(store, listener),
  };
  return store;
}
