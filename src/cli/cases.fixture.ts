/** Files as people have them, each with the right answer: what `cases.json` of ../shared/cases says, and the judge of it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { PackedDataset } from "../data/dataset";
import type { DetectionSet } from "../data/detection";
import { fitting } from "../data/square";
import { EngineError } from "../engine/errors";
import type { Network } from "../tasks/vitNetwork";

type Rgb = [number, number, number];
type Part = "train" | "test" | "all";

interface Shown {
  class?: string;
  part?: Part;
  size: [number, number];
  pixels: { at: [number, number]; rgb: Rgb }[];
  boxes?: { class: string; box: number[] }[];
}

export interface Expectation {
  classes?: string[];
  classesInAnyOrder?: string[];
  classCount?: number;
  counts?: Partial<Record<Part, Record<string, number>>>;
  pictures?: Partial<Record<Part, number>>;
  shows?: Shown[];
  notes?: string[];
  refused?: { says?: string[]; names?: string[]; not?: string[] };
  sameInAnyOrder?: boolean;
  config?: object;
  values?: Record<string, number[]>;
  anyOf?: Expectation[];
}

export interface Case {
  name: string;
  reader: "images" | "detection" | "weights";
  paths: string[];
  side: number;
  orders?: boolean;
  links?: Record<string, string>;
  tolerance?: number;
  expect: Expectation;
}

const given = process.env.MDP_SHARED;
export const folder = given ? join(given, "cases") : fileURLToPath(new URL("../../../shared/cases", import.meta.url));
export const hasCases = existsSync(join(folder, "cases.json"));
if (!hasCases) console.warn(`\n*** SKIPPED: no cases at ${folder}. Set MDP_SHARED to the folder above them. ***\n`);
export const cases: Case[] = hasCases ? JSON.parse(readFileSync(join(folder, "cases.json"), "utf8")) : [];

/** One picture of what was read. */
interface Picture {
  part: Part;
  class?: string;
  rgb(x: number, y: number): Rgb;
  boxes?: { class: string; box: readonly number[] }[];
}

/** What was read, whatever it was. */
export interface Seen {
  id?: string;
  classes?: string[];
  notes?: string[];
  side?: number;
  pictures?: Picture[];
  network?: Network;
  /** Where on a square a picture of that size lies, and how large it is there. */
  place?(size: [number, number]): { left: number; top: number };
  refused?: { message: string };
}

export function seenImages(data: PackedDataset & { notes: string[] }): Seen {
  const area = data.side ** 2;
  const pictures = (["train", "test"] as const).flatMap((part) =>
    Array.from({ length: data[part].count }, (_, i): Picture => {
      const value = (c: number, x: number, y: number) => data[part].images[(i * 3 + c) * area + y * data.side + x];
      const rgb = (x: number, y: number): Rgb => [value(0, x, y), value(1, x, y), value(2, x, y)];
      return { part, class: data.classes[data[part].labels[i]], rgb };
    }),
  );
  const place = ([width, height]: [number, number]) => ({
    left: -Math.floor((width - data.side) / 2),
    top: -Math.floor((height - data.side) / 2),
  });
  return { ...data, pictures, place };
}

export function seenBoxes(data: DetectionSet & { notes: string[] }): Seen {
  const pictures = (["train", "test"] as const).flatMap((part) =>
    Array.from({ length: data[part].count }, (_, i): Picture => {
      const rgb = (x: number, y: number) =>
        [
          ...data[part]
            .image(i)
            .subarray(3 * (y * data.side + x))
            .subarray(0, 3),
        ] as Rgb;
      const boxes = data[part].truths(i).map(({ category, box }) => ({ class: data.classes[category], box }));
      return { part, rgb, boxes };
    }),
  );
  return { ...data, pictures, place: ([width, height]) => fitting(width, height, data.side) };
}

/** Throws where what was read is not what is right. */
export function judge(expected: Expectation, seen: Seen, tolerance = 6): void {
  const { refused, anyOf, ...rest } = expected;
  if (refused) judgeRefusal(refused, seen);
  else if (!anyOf?.some((one) => one.refused)) expect(seen.refused?.message).toBeUndefined();
  if (seen.pictures) judgeData(rest, seen, tolerance);
  if (expected.config) expect(seen.network?.config).toMatchObject(expected.config);
  for (const [name, values] of Object.entries(expected.values ?? {}))
    expect([...(seen.network?.weights.get(name)?.data.subarray(0, values.length) ?? [])]).toEqual(values);
  if (anyOf) judgeAny(anyOf, seen, tolerance);
}

function judgeAny(some: Expectation[], seen: Seen, tolerance: number): void {
  const faults = some.map((one) => {
    try {
      judge(one, seen, tolerance);
      return "";
    } catch (error) {
      return String(error);
    }
  });
  if (!faults.includes("")) throw new Error(`None of these holds:\n${faults.join("\n")}`);
}

function judgeRefusal({ says = [], names = [], not = [] }: NonNullable<Expectation["refused"]>, { refused }: Seen): void {
  expect(refused, "it should be refused").toBeInstanceOf(EngineError);
  const message = refused?.message ?? "";
  const plain = message.replace(/[^\s,()]*\.(zip|tar|tgz|gz|png|jpe?g|jfif|ppm|json|xml|txt)\b/gi, "");
  for (const word of says) expect(plain).toMatch(new RegExp(word, "i"));
  for (const word of not) expect(plain).not.toMatch(new RegExp(word, "i"));
  for (const name of names) expect(message).toContain(name);
}

function judgeData(expected: Expectation, seen: Seen, tolerance: number): void {
  const { classes, classesInAnyOrder, classCount, counts = {}, pictures = {}, shows = [], notes = [] } = expected;
  const names = seen.classes?.map((name) => name.normalize("NFC"));
  if (classes) expect(names).toEqual(classes);
  if (classesInAnyOrder) expect(names?.toSorted()).toEqual(classesInAnyOrder.toSorted());
  if (classCount) expect(names).toHaveLength(classCount);
  const of = (part: Part) => (seen.pictures ?? []).filter((one) => part === "all" || one.part === part);
  for (const [part, byClass] of Object.entries(counts)) {
    const there = of(part as Part);
    const found = Object.fromEntries(names!.map((name) => [name, there.filter((one) => one.class?.normalize("NFC") === name).length]));
    expect(found, part).toEqual(byClass);
  }
  for (const [part, count] of Object.entries(pictures)) expect(of(part as Part), part).toHaveLength(count);
  for (const note of notes) expect(seen.notes?.join("\n")).toMatch(new RegExp(note, "i"));
  for (const one of shows) judgePicture(one, seen, tolerance);
}

function judgePicture(shown: Shown, seen: Seen, tolerance: number): void {
  const { left, top } = seen.place!(shown.size);
  const fits = (picture: Picture) =>
    (shown.class === undefined || shown.class === picture.class) &&
    (shown.part === undefined || shown.part === picture.part) &&
    shown.pixels.every(({ at: [x, y], rgb }) => picture.rgb(x + left, y + top).every((v, c) => Math.abs(v - rgb[c]) <= tolerance));
  const found = seen.pictures!.filter(fits);
  expect(found, `pictures like ${JSON.stringify(shown)}`).toHaveLength(1);
  if (!shown.boxes) return;
  const boxes = found[0].boxes!.map(({ class: name, box }) => ({ class: name.normalize("NFC"), box: [...box] }));
  const near = shown.boxes.map(({ class: name, box }) => {
    const [x1, y1, x2, y2] = box;
    const edges = [x1 + left, y1 + top, x2 + left, y2 + top];
    return { class: name, box: edges.map((edge) => expect.toSatisfy((v: number) => Math.abs(v - edge) <= 0.75)) };
  });
  expect(boxes).toHaveLength(near.length);
  expect(boxes).toEqual(expect.arrayContaining(near));
}
