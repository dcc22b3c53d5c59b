/** A kept run as a file, in another browser. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SCHEMA } from "../../tasks";
import { adapter, BYTES, keptPage } from "./keeper.fixture";
import { type FakePage, readyPage, started, step } from "./playground.fixture";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

async function savedFile({ page, say, downloads }: FakePage, step: number): Promise<File> {
  await page.keeper.saveToFile();
  say({ type: "saved", bytes: BYTES, step });
  await vi.waitFor(() => expect(downloads).toHaveLength(1));
  return new File([downloads[0].bytes as BlobPart], "mine.safetensors");
}

test("a run's file brings its curves to another browser, which verifies it and says that it is another GPU", async () => {
  const file = await savedFile(await keptPage(), 3);
  const other = readyPage("seed=9");
  other.say({ type: "adapter", facts: { ...(adapter as object), name: "Other" } as never });
  await other.page.keeper.openFile(file);
  expect(other.told("restore")).toHaveLength(1);
  other.say(started(SCHEMA.defaults(), { step: 3, restored: true }));
  const { history, notice } = other.page.store.getState();
  expect(history.points.map(({ step, losses }) => [step, losses.ce])).toEqual([
    [2, 0.75],
    [3, 1 / 3],
  ]);
  expect(history.marks).toEqual([{ step: 3, text: "other GPU" }]);
  expect(notice).toMatch(/mine\.safetensors is as it was saved\. It was made on GPU; on Other it goes on/);
  other.say(step(4));
  expect(other.page.store.getState().history.points.at(-1)?.step).toBe(4);
});

test("a file that was edited, cut, or is none is refused by name, and the run under way stays as it is", async () => {
  const bytes = new Uint8Array(await (await savedFile(await keptPage(), 3)).arrayBuffer());
  const made = await keptPage();
  const before = made.page.store.getState();
  const edited = bytes.map((byte, i) => (i === bytes.length - 1 ? byte ^ 1 : byte));
  for (const [content, why] of [
    [edited, /mine\.safetensors is damaged or was edited: .*student/],
    [bytes.subarray(0, 900), /mine\.safetensors: .*truncated/],
    [Uint8Array.of(5), /mine\.safetensors: only 1 bytes/],
  ] as const) {
    await made.page.keeper.openFile(new File([content as BlobPart], "mine.safetensors"));
    expect(made.page.store.getState()).toEqual({ ...before, failure: expect.objectContaining({ message: expect.stringMatching(why) }) });
  }
  expect(made.told("restore")).toEqual([]);
});
