/** The address follows the settings, however often they change and whatever the browser allows. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SCHEMA } from "../../tasks";
import type { Address } from "./context";

/** Of a page that has just been opened: it remembers when it last wrote. */
let address: Address;

/** Safari's limit, or a lower one. */
let most = 100;
/** When addresses were written. */
let writes: number[] = [];

beforeEach(async () => {
  vi.useFakeTimers();
  vi.resetModules();
  ({ address } = await import("./url"));
  most = 100;
  writes = [];
  vi.stubGlobal("location", { search: "?kernels=rows%3Dlane", pathname: "/page/", hash: "" });
  vi.stubGlobal("history", {
    replaceState: (_: unknown, __: string, to: string) => {
      if (writes.filter((at) => performance.now() - at < 10_000).length >= most) throw new DOMException("Too often.", "SecurityError");
      writes.push(performance.now());
      location.search = to.startsWith("?") ? to : "";
    },
  });
});
afterEach(() => {
  vi.runAllTimers();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const change = (seed: number) => address.write({ ...SCHEMA.defaults(), seed });

test("a thousand changes in ten seconds write the address a few times, and the last of them stands", async () => {
  for (let seed = 2; seed <= 1001; seed++) {
    change(seed);
    await vi.advanceTimersByTimeAsync(10);
  }
  // Read before it is written, it is what it will be.
  expect(address.read().settings.get("seed")).toBe("1001");
  await vi.advanceTimersByTimeAsync(2000);
  expect(location.search).toBe("?seed=1001&kernels=rows%3Dlane");
  expect(writes.length).toBeLessThan(8);
});

test("where the browser refuses further addresses, the last one is written when it allows it", async () => {
  most = 2;
  for (const seed of [2, 3, 4]) {
    change(seed);
    await vi.advanceTimersByTimeAsync(2000);
  }
  expect([location.search, address.read().settings.get("seed")]).toEqual(["?seed=3&kernels=rows%3Dlane", "4"]);
  change(5);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(location.search).toBe("?seed=5&kernels=rows%3Dlane");
});
