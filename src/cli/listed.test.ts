import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { EngineError } from "../engine/errors";
import { listed } from "./listed";

const place = mkdtempSync(join(tmpdir(), "listed-"));
afterAll(() => rmSync(place, { recursive: true }));

function put(...paths: string[]): void {
  for (const path of paths) {
    mkdirSync(join(place, path, ".."), { recursive: true });
    writeFileSync(join(place, path), path);
  }
}

const paths = (path: string) =>
  listed(join(place, path))
    .map((file) => file.path)
    .toSorted();

it("names files as a page has them: the folder's own name first, however it is written", async () => {
  put("pets/cat/1.png", "pets/dog/1.png");
  for (const path of ["pets", "pets/", "pets/cat/.."]) expect(paths(path)).toEqual(["pets/cat/1.png", "pets/dog/1.png"]);
  expect(paths("pets/cat/1.png")).toEqual(["1.png"]);
  const [{ size, bytes }] = listed(join(place, "pets/cat"));
  expect([size, new TextDecoder().decode(await bytes())]).toEqual([14, "pets/cat/1.png"]);
});

it("follows links to files and folders, but not round in circles, and leaves out those that lead nowhere", () => {
  put("store/a/1.png", "linked/own.png");
  symlinkSync(join(place, "store/a"), join(place, "linked/cat"));
  symlinkSync(join(place, "store/a/1.png"), join(place, "linked/one.png"));
  symlinkSync(join(place, "linked"), join(place, "linked/again"));
  symlinkSync(join(place, "gone"), join(place, "linked/gone.png"));
  expect(paths("linked")).toEqual(["linked/cat/1.png", "linked/one.png", "linked/own.png"]);
});

it("is empty for an empty folder, and refuses what is not there", async () => {
  mkdirSync(join(place, "empty"));
  expect(paths("empty")).toEqual([]);
  expect(() => listed(join(place, "none"))).toThrow(EngineError);
  put("lost/1.png");
  const [file] = listed(join(place, "lost"));
  rmSync(join(place, "lost/1.png"));
  await expect(file.bytes()).rejects.toThrow(/^lost\/1\.png cannot be read: /);
});
