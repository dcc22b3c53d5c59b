/**
 * A visitor's own recordings to a data set: WAV files, each of a class, mixed to one channel and resampled to 16 kHz. Nothing leaves the
 * machine.
 */
import { Findings } from "./annotated";
import { heldOut, inTurns } from "./assemble";
import { Copies } from "./copies";
import { DataError, NotForTask } from "./dataset";
import { contentKey } from "./digest";
import { LEAST_SAMPLES, RATE } from "./fbank";
import type { SourceFile } from "./files";
import { MAX_BYTES } from "./gzip";
import { topFolder } from "./images";
import { classesOf, type Labelled } from "./layout";
import { resample } from "./resample";
import { labelled } from "./soundlabels";
import { type PackedSounds, packWaves, soundMoments, soundsId, toInt16, unpackedSplit } from "./sounds";
import { contents, unpacked } from "./unpack";
import { readWav } from "./wav";

export interface OpenSoundsOptions {
  /** Mel bands. */
  side: number;
  /** Share of each class to hold out where the files do not divide the data; 0.15 by default. */
  holdOut?: number;
  seed: number;
  onProgress?: (share: number) => void;
}

/** A data set from files, and what a person should know of how it was read. */
export interface OpenedSounds extends PackedSounds {
  notes: string[];
}

/** Seconds of a recording that are kept. */
const MOST_SECONDS = 10;
/** Of full scale: what is nowhere louder is silence. */
const SILENCE = 1e-4;

const WAV = /\.(wave?)$/i;
const OTHER_SOUND = /\.(mp3|flac|ogg|oga|opus|m4a|aac|aiff?|wma|amr|au|caf)$/i;
const TABLE = /\.(csv|tsv)$/i;
const FORMATS =
  "Choose a folder or zip of WAV files: one folder per class, ESC-50's folder with its table, or files whose names begin with the class.";

/** A recording that was read. */
interface Heard {
  wave: Int16Array;
  label: number;
  test: boolean;
}

/** Reads files into a data set; every failure is a `DataError` that names the file and says what to do. */
export function openSounds(files: SourceFile[], options: OpenSoundsOptions): Promise<OpenedSounds> {
  const findings = new Findings();
  return findings.explain(() => open(files, options, findings));
}

async function open(files: SourceFile[], { side, seed, holdOut = 0.15, onProgress }: OpenSoundsOptions, findings: Findings) {
  const all = await unpacked(files, findings);
  const sounds = all.filter(({ path }) => WAV.test(path));
  noteOthers(all, findings);
  if (sounds.length === 0) throw new NotForTask(`There are no WAV files among the chosen files (${all[0].path}, ...).`, FORMATS);
  const known = await labelled(
    sounds,
    all.filter(({ path }) => TABLE.test(path)),
    findings,
  );
  const classes = classesOf(known);
  const heard = await hear(known, classes, findings, onProgress);
  const { train, test } = divided(heard, classes, holdOut, seed);
  const parts = { train: packed(train), test: packed(inTurns(test, ({ label }) => label)) };
  const set = {
    ...{ name: `${topFolder(sounds) ?? "Recordings"} (yours)`, side, channels: 1 as const, classes },
    ...{ moments: soundMoments(unpackedSplit(parts.train), side), ...parts },
  };
  onProgress?.(1);
  return { ...set, id: await soundsId(set), notes: findings.notes() };
}

function noteOthers(files: SourceFile[], findings: Findings): void {
  for (const { path } of files) {
    const [, format] = OTHER_SOUND.exec(path) ?? [];
    if (format) findings.add(`Recordings in the format ${format.toUpperCase()}, which is not read here, left out`, path);
    else if (!WAV.test(path) && !TABLE.test(path)) findings.add("Files that play no part, left out", path);
  }
}

/** Reads the recordings one by one. What cannot be read, is silent or too short is noted and left out. */
async function hear(known: Labelled[], classes: string[], findings: Findings, onProgress?: (share: number) => void): Promise<Heard[]> {
  const copies = new Copies(findings, "recording");
  const heard: Heard[] = [];
  let bytes = 0;
  for (const [i, { file, name, test }] of known.entries()) {
    const wave = await findings.without("Recordings that could not be used, left out", async () => {
      const content = await contents(file);
      const made = waveOf(content, file.path, findings);
      copies.take(await contentKey(content), { path: file.path, test });
      return made;
    });
    onProgress?.((i + 1) / known.length);
    if (!wave) continue;
    bytes += wave.byteLength;
    if (bytes > MAX_BYTES) throw new DataError(`The recordings up to ${file.path} take more than 1 GB.`, "Choose fewer, or shorter ones.");
    heard.push({ wave, label: classes.indexOf(name), test });
  }
  if (heard.length === 0) throw new DataError("None of the recordings could be used.", "Save them again as WAV with 16 bits.");
  return heard;
}

/** A recording at 16 kHz. Throws a DataError for one that cannot be read or holds nothing to learn from. */
export function waveOf(bytes: Uint8Array, path: string, findings: Findings): Int16Array {
  const { rate, channels, samples } = readWav(bytes, path);
  const kept = samples.subarray(0, MOST_SECONDS * rate);
  const wave = toInt16(resample(kept, rate, RATE));
  const remedy = "Remove it, or record it again.";
  if (wave.length < LEAST_SAMPLES) {
    const what = `${path} lasts ${Math.round((1000 * wave.length) / RATE)} ms; 25 ms are the least`;
    throw new DataError(`${what}.`, remedy);
  }
  if (kept.every((v) => Math.abs(v) < SILENCE)) throw new DataError(`${path} is silent.`, remedy);
  if (rate !== RATE) findings.add(`Recordings of ${rate / 1000} kHz, resampled to 16 kHz`, path);
  if (channels > 1) findings.add(`Recordings of ${channels} channels, mixed to one`, path);
  if (kept.length < samples.length) findings.add(`Recordings cut to their first ${MOST_SECONDS} seconds`, path);
  return wave;
}

/** Halves as the files say, else a share of each class is held out. Throws a DataError for held-out classes that training lacks. */
function divided(heard: Heard[], classes: string[], holdOut: number, seed: number): Record<"train" | "test", Heard[]> {
  const [train, test] = [heard.filter((one) => !one.test), heard.filter((one) => one.test)];
  if (train.length === 0 || test.length === 0) {
    const [rest, held] = heldOut(heard, ({ label }) => label, holdOut, seed);
    return { train: rest, test: held };
  }
  const learned = new Set(train.map(({ label }) => label));
  const stray = classes.find((_, label) => !learned.has(label));
  if (stray === undefined) return { train, test };
  throw new DataError(`No recording of "${stray}" is among those to learn from.`, "Add one, or leave that class out.");
}

const packed = (some: Heard[]) =>
  packWaves(
    some.map(({ wave }) => wave),
    some.map(({ label }) => label),
  );
