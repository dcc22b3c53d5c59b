/** The readers of page and command line on files as people have them. */
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { SourceFile } from "../data/files";
import { openFiles } from "../data/open";
import { openDetection } from "../data/open.detection";
import type { Weight } from "../models/weights";
import { readNetwork } from "../tasks/vitNetwork";
import { type Case, cases, folder, hasCases, judge, type Seen, seenBoxes, seenImages } from "./cases.fixture";
import { decodeInNode, decodeWholeInNode } from "./decode.node";
import { listed } from "./listed";
import { readAny } from "./read";

const SEED = 1;

async function read({ reader, side }: Case, files: SourceFile[]): Promise<Seen> {
  const options = { side, seed: SEED };
  try {
    if (reader === "images") return seenImages(await openFiles(files, { ...options, decode: decodeInNode }));
    if (reader === "detection") return seenBoxes(await openDetection(files, { ...options, decode: decodeWholeInNode }));
    return { network: await readNetwork(await files[0].bytes(), files[0].path) };
  } catch (error) {
    return { refused: error as Error };
  }
}

/** The command for these files, whatever they are, comes to the same: the same content or network, notes, or reason to refuse them. */
async function expectSaid({ side = 0 }: Partial<Case>, files: SourceFile[], { refused, network, id, classes, notes }: Seen): Promise<void> {
  const said = readAny(files, { side });
  if (refused) return expect(said).rejects.toThrow(refused.message);
  if (!network) return expect(said).resolves.toMatchObject({ id, classes, notes });
  const values = ([name, { shape, data }]: [string, Weight]) => [name, { shape, values: [...data.subarray(0, 4)] }];
  const tensors = Object.fromEntries([...network.weights].map(values));
  return expect(said).resolves.toMatchObject({ config: network.config, tensors });
}

const copies: string[] = [];
afterAll(() => {
  for (const place of copies) rmSync(place, { recursive: true });
});

/** A copy of the cases with these links (path: target) in it. */
function linked(links: Record<string, string>): string {
  const place = mkdtempSync(join(tmpdir(), "cases-"));
  copies.push(place);
  cpSync(folder, place, { recursive: true });
  for (const [path, target] of Object.entries(links)) symlinkSync(target, join(place, path));
  return place;
}

/** The files in the order of listing, backwards, and otherwise turned about. */
const orders = (files: SourceFile[]) => [
  files,
  files.toReversed(),
  files.toSorted((a, b) => (basename(a.path) < basename(b.path) ? -1 : 1)),
];

describe.skipIf(!hasCases)("files as people have them", () => {
  it.each(cases.map((one) => [one.name, one] as const))("%s", async (_, one) => {
    const place = one.links ? linked(one.links) : folder;
    const files = one.paths.flatMap((path) => listed(join(place, path)));
    const first = await read(one, files);
    judge(one.expect, first, one.tolerance);
    await expectSaid(one, files, first);
    for (const order of one.orders ? orders(files) : []) {
      const again = await read(one, order);
      judge(one.expect, again, one.tolerance);
      if (one.expect.sameInAnyOrder) expect(again).toMatchObject({ id: first.id });
    }
  });
});
