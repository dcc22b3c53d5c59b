/**
 * A visitor's own recordings to a data set: WAV files, and what else the browser decodes, each of a class, mixed to one channel and resampled to 16 kHz. Nothing leaves the
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
import { type DecodeSound, isWav, type Recording, readWav } from "./wav";

export interface OpenSoundsOptions {
  /** Mel bands. */
  side: number;
  /** Share of each class to hold out where the files do not divide the data; 0.15 by default. */
  holdOut?: number;
  seed: number;
  /** What decodes sounds that are no WAV files, where there is something. */
  decode?: DecodeSound;
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
/** A compressed sound takes many times its file once decoded; longer ones are not worth it for their first seconds. */
const MOST_COMPRESSED = 20e6;
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

async function open(files: SourceFile[], { side, seed, holdOut = 0.15, decode, onProgress }: OpenSoundsOptions, findings: Findings) {
  const all = await unpacked(files, findings);
  const isSound = ({ path }: SourceFile) => WAV.test(path) || (decode !== undefined && OTHER_SOUND.test(path));
  const sounds = all.filter(isSound);
  noteOthers(
    all.filter((one) => !isSound(one)),
    findings,
  );
  if (sounds.length === 0) throw new NotForTask(`There are no WAV files among the chosen files (${all[0].path}, ...).`, FORMATS);
  const known = await labelled(
    sounds,
    all.filter(({ path }) => TABLE.test(path)),
    findings,
  );
  const classes = classesOf(known);
  const heard = await hear(known, classes, { findings, decode, onProgress });
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
    else if (!TABLE.test(path)) findings.add("Files that play no part, left out", path);
  }
}

type Hearing = Pick<OpenSoundsOptions, "decode" | "onProgress"> & { findings: Findings };

/** Reads the recordings one by one. What cannot be read, is silent or too short is noted and left out. */
async function hear(known: Labelled[], classes: string[], { findings, decode, onProgress }: Hearing): Promise<Heard[]> {
  const copies = new Copies(findings, "recording");
  const heard: Heard[] = [];
  let bytes = 0;
  for (const [i, { file, name, test }] of known.entries()) {
    const wave = await findings.without("Recordings that could not be used, left out", async () => {
      const content = await contents(file);
      const made = waveOf(await recordingOf(content, file.path, { findings, decode }), file.path, findings);
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

/** What a file holds. Throws a DataError for one that cannot be read. */
async function recordingOf(bytes: Uint8Array, path: string, { findings, decode }: Hearing): Promise<Recording> {
  const [, format] = OTHER_SOUND.exec(path) ?? [];
  if (format === undefined || decode === undefined || isWav(bytes)) return readWav(bytes, path, MOST_SECONDS);
  const remedy = "Save it again as WAV with 16 bits.";
  if (bytes.length > MOST_COMPRESSED)
    throw new DataError(`${path} has more than ${MOST_COMPRESSED / 1e6} MB; compressed sounds are decoded as a whole.`, "Cut it first.");
  const recording = await decode(bytes).catch(() => {
    throw new DataError(`${path} is no ${format.toUpperCase()} that this browser decodes.`, remedy);
  });
  findings.add(`Recordings in the format ${format.toUpperCase()}, decoded by this browser`, path);
  return recording;
}

/** A recording at 16 kHz. Throws a DataError for one that holds nothing to learn from. */
function waveOf({ rate, channels, samples }: Recording, path: string, findings: Findings): Int16Array {
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
