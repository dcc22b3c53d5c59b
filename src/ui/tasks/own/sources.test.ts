/** A visitor's own picture: what keeps a file or a camera from giving one. */
import { afterEach, expect, test, vi } from "vitest";
import { photograph, pictureOf, problemIn } from "./sources";

afterEach(() => vi.unstubAllGlobals());

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
