/** A visitor's own picture: what is said of its boxes, and what keeps a file or a camera from giving one. */
import { afterEach, expect, test, vi } from "vitest";
import { ownScene } from "./ownScene";
import { photograph, pictureOf, problemIn } from "./ownSources";

afterEach(() => vi.unstubAllGlobals());

const one = (score: number) => ({ category: 0, score, box: [0, 0, 4, 4] as const });
const own = { number: 2, pixels: new Uint8Array(3) };

test("boxes above the score are told, those of an earlier picture are not", () => {
  const found = { step: 4, student: [], own: { number: 2, student: [one(0.8), one(0.2)], teacher: [one(0.9), one(0.6)] } };
  expect(ownScene({}, found, 0.3)).toBeUndefined();
  expect(ownScene({ own }, found, 0.3)).toEqual({
    student: [one(0.8)],
    teacher: [one(0.9), one(0.6)],
    says: "The student finds 1 object, the teacher 2 objects",
  });
  for (const snapshot of [undefined, { step: 4, student: [] }, { ...found, own: { number: 1, student: [one(0.8)] } }])
    expect(ownScene({ own }, snapshot, 0.3)).toEqual({ says: "Nothing has looked at it yet" });
});

test("what is found is told as a sentence, nothing as nothing", () => {
  const told = (student: number[], teacher?: number[]) =>
    ownScene({ own }, { step: 4, student: [], own: { number: 2, student: student.map(one), teacher: teacher?.map(one) } }, 0.3)?.says;
  expect(told([0.2])).toBe("The student finds nothing");
  expect(told([0.4, 0.5], [])).toBe("The student finds 2 objects, the teacher nothing");
});

const problemOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error) => problemIn(error),
  );

test("files that are empty or too large are refused by name", async () => {
  expect(await problemOf(pictureOf(new File([], "none.png"), 8))).toMatch(/^none\.png is empty\. /);
  const header = new Uint8Array(64);
  header.set([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  new DataView(header.buffer).setUint32(16, 20_000);
  new DataView(header.buffer).setUint32(20, 20_000);
  expect(await problemOf(pictureOf(new File([header], "huge.png"), 8))).toMatch(/^huge\.png has 20000 x 20000 pixels, 400 megapixels; /);
});

test("a camera that is absent, not allowed or in use is told in words", async () => {
  vi.stubGlobal("navigator", {});
  expect(await problemOf(photograph(8))).toMatch(/^There is no camera here\./);
  const says = (name: string) => {
    vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: () => Promise.reject(new DOMException("", name)) } });
    return problemOf(photograph(8));
  };
  expect(await says("NotFoundError")).toMatch(/^There is no camera here\./);
  expect(await says("NotAllowedError")).toMatch(/^The camera is not allowed\./);
  expect(await says("NotReadableError")).toMatch(/^The camera shows no picture\./);
});

test("the camera is let go when it shows nothing", async () => {
  const stop = vi.fn();
  vi.stubGlobal("navigator", { mediaDevices: { getUserMedia: async () => ({ getTracks: () => [{ stop }, { stop }] }) } });
  vi.stubGlobal("document", { createElement: () => ({ play: () => Promise.reject(new DOMException("", "AbortError")) }) });
  expect(await problemOf(photograph(8))).toMatch(/^The camera shows no picture\./);
  expect(stop).toHaveBeenCalledTimes(2);
});
