/** A bounded number of the fuzzer's inputs, and the fuzzer itself: that it repeats, and that it notices what it is for. */
import { expect, it, vi } from "vitest";
import { Draws } from "./draws";
import { main } from "./fuzz";
import { placeOf } from "./loop";
import { READERS } from "./readers";

/** Inputs of each reader. */
const COUNT = 25;

/** What the command prints, and its exit status. */
async function said(...argv: string[]): Promise<{ status: number; lines: string[] }> {
  const log = vi.spyOn(console, "log").mockImplementation(() => {});
  const status = await main(argv);
  const lines = log.mock.calls.map(([line]) => String(line));
  log.mockRestore();
  return { status, lines };
}

it("nothing but errors for people comes of inputs that nobody would make", { timeout: 300_000 }, async () => {
  const { status, lines } = await said("--count", String(COUNT), "--seed", "1", "--json");
  expect(lines.slice(0, -1)).toEqual([]);
  expect(status).toBe(0);
  const { refused, accepted, ...rest } = JSON.parse(lines[lines.length - 1]);
  const inputs = COUNT * READERS.length;
  expect(rest).toEqual({ final: true, inputs, raw: 0, hangs: 0 });
  expect(refused + accepted).toBe(inputs);
  // Both ends must occur, else inputs are too broken or too whole.
  expect(Math.min(refused, accepted)).toBeGreaterThan(inputs / 10);
});

it.each(READERS.map((reader) => [reader.name, reader] as const))(
  "makes the same inputs for %s again, and others for another seed",
  async (name, reader) => {
    const made = async (seed: number) => {
      const files = Array.from({ length: 8 }, (_, i) => reader.make(new Draws(seed, name, i))).flat();
      return Promise.all(files.map(async ({ path, bytes }) => [path, Buffer.from(await bytes()).toString("base64")]));
    };
    const first = await made(5);
    expect(await made(5)).toEqual(first);
    expect(await made(6)).not.toEqual(first);
  },
);

it("finds what throws, hangs, takes too much or ends the process, says how to repeat it, and goes on", { timeout: 300_000 }, async () => {
  const { status, lines } = await said("--count", "6", "--only=traps", "--seed", "3", "--json");
  expect(status).toBe(1);
  const what = [/^TypeError: not meant/, /^over 2 s/, /^Memory: \d+ MB for 5 bytes$/, /^the process ended: FATAL ERROR/];
  const findings = ["raw", "hang", "raw", "raw"].map((kind, i) => {
    return { reader: "traps", seed: 3, iteration: i + 1, kind, what: expect.stringMatching(what[i]) };
  });
  expect(lines.map((line) => JSON.parse(line))).toEqual([
    ...findings,
    { final: true, inputs: 6, refused: 1, accepted: 1, raw: 3, hangs: 1 },
  ]);
});

it("refuses what it does not know", async () => {
  await expect(main(["--only", "nothing"])).rejects.toThrow('There is no reader "nothing"');
  await expect(main(["--seconds", "soon"])).rejects.toThrow('--seconds cannot be "soon"');
  await expect(main(["--fast"])).rejects.toThrow('Cannot read "--fast"');
});

it("reads for all readers in turns", () => {
  expect(placeOf(READERS.length + 1, READERS)).toEqual({ reader: READERS[1], iteration: 1 });
});
