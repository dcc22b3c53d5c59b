import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createCanvas } from "@napi-rs/canvas";
import { afterAll, afterEach, expect, it, vi } from "vitest";
import { writeSafetensors } from "../models/safetensors";
import { initViT } from "../models/vit/config";
import { DEIT_S } from "../models/vit/vit.fixture";
import { main } from "./read";

const place = mkdtempSync(join(tmpdir(), "read-"));
afterAll(() => rmSync(place, { recursive: true }));
const log = vi.spyOn(console, "log").mockImplementation(() => {});
afterEach(() => log.mockClear());

function put(path: string, content: string | Uint8Array): void {
  mkdirSync(join(place, path, ".."), { recursive: true });
  writeFileSync(join(place, path), content);
}

let shade = 0;
async function picture(path: string): Promise<void> {
  const canvas = createCanvas(8, 8);
  const context = canvas.getContext("2d");
  context.fillStyle = `rgb(${shade++}, 100, 200)`;
  context.fillRect(0, 0, 8, 8);
  put(path, await canvas.encode("png"));
}

/** What the command says of these paths, and its exit status. */
async function read(...paths: string[]): Promise<Record<string, unknown> & { status: number }> {
  const status = await main([...paths.map((path) => join(place, path)), "side=8", "--json"]);
  return { status, ...JSON.parse(log.mock.calls[0][0]) };
}

it("reads pictures with a class each", async () => {
  for (const name of ["cat", "dog"]) for (const i of [0, 1, 2]) await picture(`pets/${name}/${i}.png`);
  put("pets/cat/note.txt", "nothing");
  expect(await read("pets")).toMatchObject({
    ...{ status: 0, kind: "images", name: "pets (yours)", classes: ["cat", "dog"], train: 4, test: 2 },
    counts: { train: { cat: 2, dog: 2 }, test: { cat: 1, dog: 1 } },
    notes: ["Files that play no part, left out: 1 (pets/cat/note.txt)."],
  });
});

it("reads pictures with boxes where there are any", async () => {
  for (const i of [0, 1]) {
    await picture(`street/${i}.png`);
    put(`street/${i}.txt`, "0 0.5 0.5 0.5 0.5\n1 0.5 0.5 0.2 0.2\n");
  }
  expect(await read("street")).toMatchObject({
    ...{ status: 0, kind: "detection", classes: ["0", "1"], train: 1, test: 1, boxes: 4, notes: [] },
    counts: { train: { 0: 1, 1: 1 }, test: { 0: 1, 1: 1 } },
  });
});

it("reads weights", async () => {
  const config = { ...DEIT_S, image: 4, patch: 2, classes: 3, width: 64, depth: 1, heads: 1, headDim: 64, mlp: 16 };
  put("vit.safetensors", writeSafetensors(new Map([...initViT(config, 1)].map(([name, weight]) => [`_orig_mod.${name}`, weight]))));
  const said = await read("vit.safetensors");
  expect(said).toMatchObject({ status: 0, kind: "weights", config, tensors: { "head.bias": { shape: [3], values: [0, 0, 0] } } });
});

it("says what is refused and why, with the exit status 1", async () => {
  mkdirSync(join(place, "empty"));
  expect(await read("empty")).toMatchObject({ status: 1, refused: true, message: expect.stringContaining("is empty") });
  log.mockClear();
  expect(await read("nowhere")).toMatchObject({ status: 1, refused: true, message: expect.stringContaining("nowhere") });
  log.mockClear();
  put("bad/a.xml", "<annotation>");
  await picture("bad/a.png");
  const { message } = await read("bad");
  expect(message).toContain("one class only (bad)");
  expect(message).toContain("bad/a.xml, line 1: <annotation> is never closed");
  expect(await main(["side=8"])).toBe(1);
  expect(await main([place, "side=many"])).toBe(1);
});
