/** People's recordings: where their classes are told, what is made of them, what is refused. */
import { expect, test } from "vitest";
import { hasShared, sharedBytes, sharedPaths } from "../models/shared.fixture";
import { DataError } from "./dataset";
import type { SourceFile } from "./files";
import { file, textFile } from "./files.fixture";
import { openSounds } from "./open.sounds";
import { type PackedSoundSplit, unpackedSplit } from "./sounds";
import { tone, type WavOptions, wavBytes } from "./wav.fixture";

const open = (files: SourceFile[]) => openSounds(files, { side: 8, seed: 1, holdOut: 0.34 });
const wav = (path: string, hertz = 440, o: WavOptions = {}, count = 1600) => file(path, wavBytes(tone(count, hertz, o.rate), o));
const labelsOf = ({ labels }: PackedSoundSplit) => [...labels];
/** Three recordings of each class in its folder. */
const folders = () => ["cat", "dog"].flatMap((name, c) => [1, 2, 3].map((i) => wav(`pets/${name}/${i}.wav`, 300 + 100 * c + i)));

async function refusal(files: SourceFile[]): Promise<string> {
  const error = await open(files).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(DataError);
  return (error as DataError).message;
}

test("a folder per class: a share of each is held out, whatever the order of listing", async () => {
  const set = await open(folders());
  expect([set.name, set.classes, set.side, set.channels]).toEqual(["pets (yours)", ["cat", "dog"], 8, 1]);
  expect([set.train.count, labelsOf(set.test)]).toEqual([4, [0, 1]]);
  expect(set.notes).toEqual([]);
  expect((await open(folders().reverse())).id).toBe(set.id);
  expect(unpackedSplit(set.test).wave(1)).toHaveLength(1600);
});

test("the names' first words tell classes where folders do not; folders of halves keep their parts", async () => {
  const files = ["train", "test"].flatMap((half) =>
    ["0_ann_1", "0_bob_2", "1_ann_1", "1_bob_2"].map((name, i) => wav(`digits/${half}/${name}.wav`, 200 + 50 * i + half.length)),
  );
  const set = await open(files);
  expect([set.classes, labelsOf(set.train), labelsOf(set.test)]).toEqual([
    ["0", "1"],
    [0, 0, 1, 1],
    [0, 1, 0, 1],
  ]);
  expect(set.notes).toEqual(["Classes are the first words of the recordings' names: 0, 1."]);
});

test("ESC-50's table tells classes and folds, of which the last is held out", async () => {
  const rows = ["1-a-0.wav,1,0,dog", "1-b-1.wav,1,1,rain", "2-a-0.wav,2,0,dog", "2-b-1.wav,2,1,rain"];
  const table = textFile("ESC-50/meta/esc50.csv", ["filename,fold,target,category", ...rows].join("\n"));
  const sounds = [...rows.map((row) => row.split(",")[0]), "9-x-7.wav"].map((name, i) => wav(`ESC-50/audio/${name}`, 300 + i));
  const set = await open([table, ...sounds]);
  expect([set.classes, set.train.count, labelsOf(set.test)]).toEqual([["dog", "rain"], 2, [0, 1]]);
  expect(set.notes).toEqual([
    "Fold 2 of ESC-50/meta/esc50.csv is held out.",
    "Recordings that ESC-50/meta/esc50.csv does not name, left out: 1 (ESC-50/audio/9-x-7.wav).",
  ]);
});

test("a table of many rows is read, and a fold that is no number is none", async () => {
  const table = (fold: (i: number) => unknown, count: number) =>
    textFile(
      "set/esc.csv",
      ["filename,fold,category", ...Array.from({ length: count }, (_, i) => `${i}.wav,${fold(i)},${i % 2}`)].join("\n"),
    );
  const sounds = Array.from({ length: 6 }, (_, i) => wav(`set/${i}.wav`, 300 + i));
  const long = await open([table((i) => i % 3, 130_000), ...sounds]);
  expect([long.notes, long.test.count]).toEqual([["Fold 2 of set/esc.csv is held out."], 2]);
  const odd = await open([table((i) => (i < 2 ? ["first", ""][i] : 1 + (i % 2)), 6), ...sounds]);
  expect([odd.notes, odd.test.count]).toEqual([["Fold 2 of set/esc.csv is held out."], 2]);
  expect((await open([table(() => "first", 6), ...sounds])).notes).toEqual([]);
});

test("of rows too short to say which half they are of a share is held out, as without that column", async () => {
  const table = textFile("set/sounds.csv", ["filename,category,split", ...[0, 1, 2, 3, 4, 5].map((i) => `${i}.wav,${i % 2}`)].join("\n"));
  const set = await open([table, ...Array.from({ length: 6 }, (_, i) => wav(`set/${i}.wav`, 300 + i))]);
  expect([set.classes, set.train.count, set.test.count]).toEqual([["0", "1"], 4, 2]);
});

test("other rates and channels are resampled, mixed and reported", async () => {
  const odd = [wav("pets/cat/8.wav", 500, { rate: 8000, bits: 8 }, 800), wav("pets/dog/9.wav", 500, { rate: 48_000, channels: 2 }, 9600)];
  const { notes, train, test: held } = await open([...folders(), ...odd]);
  expect(notes).toEqual([
    "Recordings of 8 kHz, resampled to 16 kHz: 1 (pets/cat/8.wav).",
    "Recordings of 48 kHz, resampled to 16 kHz: 1 (pets/dog/9.wav).",
    "Recordings of 2 channels, mixed to one: 1 (pets/dog/9.wav).",
  ]);
  for (const split of [train, held]) for (let i = 0; i < split.count; i++) expect(unpackedSplit(split).wave(i)).toHaveLength(1600);
});

test("what cannot be used is left out by name: silent, too short, damaged, compressed, of other formats", async () => {
  const bad = [
    file("pets/cat/silent.wav", wavBytes(new Float32Array(1600))),
    wav("pets/cat/short.wav", 440, {}, 300),
    file("pets/cat/text.wav", [1, 2, 3]),
    wav("pets/dog/law.wav", 440, { kind: 7 }),
    file("pets/dog/song.mp3", [1]),
    textFile("pets/readme.md", "hello"),
  ];
  const { notes, train } = await open([...folders(), ...bad]);
  expect(train.count).toBe(4);
  expect(notes[0]).toBe("Recordings in the format MP3, which is not read here, left out: 1 (pets/dog/song.mp3).");
  expect(notes[1]).toBe("Files that play no part, left out: 1 (pets/readme.md).");
  expect(notes[2]).toMatch(/^Recordings that could not be used, left out: 4 \(/);
  for (const what of ["short.wav lasts 19 ms; 25 ms are the least", "silent.wav is silent", "text.wav is not a WAV file"])
    expect(notes[2]).toContain(what);
});

test("a recording that is there twice is reported", async () => {
  const { notes } = await open([...folders(), wav("pets/cat/again.wav", 301)]);
  expect(notes).toEqual([
    "Recordings that are there more than once, byte for byte, so that copies may be both trained on and held out: 1 (pets/cat/1.wav and pets/cat/again.wav).",
  ]);
});

test("refuses what tells no classes, and what holds nothing to hear", async () => {
  expect(await refusal([file("a.png", [1])])).toMatch(/no WAV files among the chosen files \(a.png/);
  expect(await refusal([wav("a/one.wav"), wav("a/two.wav")])).toMatch(/Nothing says which class/);
  const silent = ["cat", "dog"].flatMap((name) => [1, 2].map((i) => file(`${name}/${i}.wav`, wavBytes(new Float32Array(500 + i)))));
  expect(await refusal(silent)).toMatch(/None of the recordings could be used.*is silent/);
});

test.skipIf(!hasShared)("spoken digits: 280 to learn from, 120 held out, ten classes, resampled from 8 kHz", async () => {
  const files = sharedPaths("fsdd").map((path) => file(path, sharedBytes(path)));
  const set = await openSounds(files, { side: 32, seed: 1 });
  expect([set.train.count, set.test.count, set.classes]).toEqual([280, 120, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]]);
  expect(set.notes).toContain("Classes are the first words of the recordings' names: 0, 1, 2, 3, 4 and more.");
  expect(set.notes.find((note) => note.startsWith("Recordings of 8 kHz, resampled to 16 kHz: 400"))).toBeDefined();
  expect(labelsOf(set.test).slice(0, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

test("compressed sounds are decoded where something decodes them, and left out by name where nothing does", async () => {
  const more = [
    file("pets/cat/4.mp3", Uint8Array.of(1)),
    file("pets/dog/5.flac", Uint8Array.of(2)),
    file("pets/dog/6.ogg", Uint8Array.of(3)),
  ];
  const decode = async ([first]: Uint8Array) => {
    if (first === 3) throw new Error("unknown");
    return { rate: 16_000, channels: 1, samples: tone(1600, 500 + 100 * first) };
  };
  const set = await openSounds([...folders(), ...more], { side: 8, seed: 1, holdOut: 0.25, decode });
  expect(set.train.count + set.test.count).toBe(8);
  expect(set.notes.join(" ")).toMatch(
    /MP3, decoded by this browser.*FLAC, decoded by this browser.*6\.ogg is no OGG that this browser decodes/s,
  );
  const without = await open([...folders(), ...more]);
  expect(without.train.count + without.test.count).toBe(6);
  expect(without.notes.join(" ")).toContain("Recordings in the format MP3, which is not read here, left out");
});
