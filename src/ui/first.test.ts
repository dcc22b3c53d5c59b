/** The page's HTML brings the pictures that the app then shows. */
import { readFileSync } from "node:fs";
import { PNG } from "pngjs";
import { expect, test } from "vitest";
import { TASKS } from "../tasks";
import { frame } from "./first.node";
import { PAGES } from "./tasks";

const [FIRST, ...OTHERS] = Object.values(TASKS);

test("the first pictures are those of the first task, named by what they show", () => {
  const { pictures: all } = PAGES[FIRST.name].first!();
  // The first one is on the stage, and among those to pick from.
  const pictures = [all[0], ...all];
  const shown = [...frame().matchAll(/alt="(\w+)" src="data:image\/png;base64,([^"]+)"/g)];
  expect(shown.map(([, name]) => name)).toEqual(pictures.map(({ name }) => name));
  for (const [i, [, , data]] of shown.entries()) {
    const { data: pixels } = PNG.sync.read(Buffer.from(data, "base64"));
    const { side, planes } = pictures[i];
    const channels = [0, 1, 2].flatMap((c) => Array.from({ length: side ** 2 }, (_, at) => pixels[4 * at + c]));
    expect(channels).toEqual([...planes]);
  }
});

/** Whether the pictures stay with such an address. */
function stays(search: string): boolean {
  const [, others] = /<main data-others="([^"]*)">/.exec(frame())!;
  let removed = false;
  const remove = () => {
    removed = true;
  };
  const script = readFileSync("public/first.js", "utf8");
  new Function("location", "document", script)({ search }, { querySelector: () => ({ remove, dataset: { others } }) });
  return !removed;
}

test("an address that names a method of another task, or other images, waits for pictures of its own", () => {
  expect(stays("?data=shapes")).toBe(false);
  const [own] = Object.keys(FIRST.methods);
  for (const search of ["", `?preset=${own}`, "?preset=unheard-of"]) expect(stays(search), search).toBe(true);
  for (const other of OTHERS.flatMap(({ methods }) => Object.keys(methods))) {
    expect(stays(`?keep=0.3&preset=${other}`), other).toBe(false);
    expect(stays(`?preset=${other}&preset=${own}`), other).toBe(true);
  }
});
