import { describe, expect, it, vi } from "vitest";
import { main } from "./steps";

describe("npm run steps", () => {
  it("measures cases in turns, with an untrained teacher where one is asked for", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
    const tiny = "preset=maskedkd width=8 depth=1 heads=2 batch=2 data=shapes:24,12";
    const half = `${tiny} keep=0.5 teacher=fresh:width=16,depth=1,heads=2,family=deit3`;
    const words = ["rounds=1", "--json", ...[`${tiny} teacher=none`, half].flatMap((one) => ["+", ...one.split(" ")])];
    expect(await main(words)).toBe(0);
    const [alone, taught] = String(log.mock.calls[0][0])
      .split("\n")
      .map((line) => JSON.parse(line));
    log.mockRestore();
    expect(alone).toMatchObject({ rate: 1, words: `${tiny} teacher=none` });
    expect(alone).not.toHaveProperty("teacher_ms");
    expect(taught.launches).toBeGreaterThan(alone.launches);
    expect(taught.gmacs).toBeGreaterThan(alone.gmacs);
    expect(taught.teacher_ms).toBeGreaterThan(0);
    expect(taught.teacher_ms_full).toBeGreaterThan(0);
  });
});
