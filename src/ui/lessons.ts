/** What a visitor can do about data and teacher: load, read again, keep, train, import, remove. */
import { scenesId, scenesOfId } from "../data/scenes";
import { detectionScenesId, detectionScenesOfId } from "../data/scenes.detection";
import { defaults, isDetection, type Settings } from "../train/experiment";
import type { Told } from "../train/network";
import type { DataFacts, Event } from "../worker/protocol";
import { buffersOf, DATA_SEED, type GivenFile, KEPT_FACTS, type KindName } from "../worker/reading";
import { recall } from "../worker/storage";
import { dropped } from "./files";
import { send } from "./link";
import { cancelReading, type Source as Readable, read } from "./reading";
import { begun, getState, setState } from "./store";
import { getSupply, receiveSupply, refuse, setSupply } from "./supply";
import { writeUrl } from "./url";

/** Generated pictures, or what is read. */
type Source = { kind: "scenes"; id: string } | Readable;

const SCENES: Record<KindName, Source> = {
  classifier: { kind: "scenes", id: scenesId({ train: 8000, test: 1000, seed: DATA_SEED }) },
  detector: { kind: "scenes", id: detectionScenesId({ train: 4000, test: 200, seed: DATA_SEED }) },
};
const WHAT = { files: "Reading your images", kept: "Reading the kept images" };

/** Of what the loaded data was made, by kind: to be made again at another size, or when the GPU was lost. */
const sources = { ...SCENES };
/** Kinds whose data the worker has. */
const delivered = new Set<KindName>();
/** Rises with every wish for data; an older one that is still under way is not wanted any more. */
let wish = 0;

/** Makes a data set for the next run; whether it was handed over. What is loaded stays until that has worked. */
async function load(wanted: Source, side: number): Promise<boolean> {
  const mine = ++wish;
  const kind = kindWanted();
  refuse("data");
  if (wanted.kind === "scenes") return paint(kind, wanted, side);
  const what = WHAT[wanted.kind];
  setSupply({ reading: { what } });
  const outcome = await read({ kind, source: wanted, side }, (share) => {
    if (mine === wish) setSupply({ reading: { what, share } });
  });
  if (mine !== wish || !outcome) return false;
  setSupply({ reading: undefined });
  if ("message" in outcome) {
    refuse("data", outcome);
    return false;
  }
  take(kind, wanted);
  send({ type: "data", made: outcome.made }, buffersOf(outcome.made.dataset));
  return true;
}

/** Generated pictures are painted when they are first asked for: there is nothing to wait for. */
function paint(kind: KindName, wanted: Source & { kind: "scenes" }, side: number): boolean {
  cancelReading();
  setSupply({ reading: undefined });
  take(kind, wanted);
  const [pictures, boxes] = [scenesOfId(wanted.id), detectionScenesOfId(wanted.id)];
  send({ type: "paint", id: pictures ? scenesId({ ...pictures, side }) : detectionScenesId({ ...boxes!, side }) });
  return true;
}

function take(kind: KindName, source: Source): void {
  sources[kind] = source;
  delivered.add(kind);
}

/** What the panel's preset teaches. */
export const kindWanted = (): KindName => (isDetection(getState().wanted.preset) ? "detector" : "classifier");

const side = () => getState().wanted.side;

/** Makes what is to be loaded, after the page or its GPU was opened. */
export async function loadAgain(): Promise<void> {
  delivered.clear();
  void load(sources[kindWanted()], side());
  setSupply({ keptData: await recall<DataFacts>(KEPT_FACTS) });
}

/** Gives up what is being read. */
export function cancelLoading(): void {
  dropWish();
  ensureData();
}

function dropWish(): void {
  wish++;
  cancelReading();
  setSupply({ reading: undefined });
}

/** There is always something to learn from: where nothing of this kind has come yet, the page's own. */
function ensureData(): void {
  const kind = kindWanted();
  if (!delivered.has(kind)) void load(SCENES[kind], side());
}

/** Takes what was dropped: a lone safetensors file is a teacher, all else data. */
export async function loadDropped(transfer: DataTransfer): Promise<void> {
  dropWish();
  refuse("data");
  const mine = wish;
  const found = (count: number) => {
    if (mine === wish) setSupply({ reading: { what: `Looking through folders: ${count} files` } });
    return mine === wish;
  };
  const files = await dropped(transfer, found).catch(() => undefined);
  if (mine !== wish) return;
  setSupply({ reading: undefined });
  if (!files)
    return refuse("data", { message: "What was dropped cannot be read.", remedy: "Choose the files or the folder with the buttons." });
  const [first, ...others] = files;
  if (first?.file.name.endsWith(".safetensors") && others.length === 0) await importNetwork("teacher", first.file, {});
  else await loadFiles(files);
}

/** Images with a class each or, under a preset of detection, with boxes. */
export const loadFiles = (files: GivenFile[]): Promise<boolean> => load({ kind: "files", files }, side());
export const loadKept = (): Promise<boolean> => load({ kind: "kept" }, side());
export const loadScenes = (): Promise<boolean> => load(SCENES[kindWanted()], side());

/** Turns data and teacher cards to what the wanted preset learns from. */
export function turnToKind(): void {
  const kind = kindWanted();
  if (getSupply().missing) abandon();
  send({ type: "kind", kind });
  if (!delivered.has(kind)) void load(sources[kind], side());
}
/** Makes the loaded data again at another size. */
export const resize = (pixels: number): Promise<boolean> => load(sources[kindWanted()], pixels);

/** A fresh session with what is loaded, unless a run is under way or a saved one is about to go on. */
export function prepare(): void {
  const { failure } = getState();
  if (!begun(getState()) && !getSupply().restoring && !failure?.fatal) send({ type: "start", settings: getState().wanted, paused: true });
}

export function onSupplyEvent(event: Event): void {
  const waiting = getSupply().missing !== undefined;
  receiveSupply(event);
  if (event.type === "loaded") {
    adjust({ ...getState().wanted, side: event.data.side });
    prepare();
  }
  if (event.type === "missing") {
    // The panel follows once: what is changed while the run waits is its owner's.
    if (!waiting) adjust(event.settings);
    if (event.what === "data") fetchMissing(event.wanted.id);
  }
}

/** The panel follows what is loaded, or what is about to go on. */
function adjust(wanted: Settings): void {
  setState({ wanted });
  writeUrl(getState().wanted);
}

/** Data that a saved run waits for, where it can be had without its owner. */
function fetchMissing(id: string): void {
  const options = scenesOfId(id) ?? detectionScenesOfId(id);
  if (options) void load({ kind: "scenes", id }, options.side);
  else if (getSupply().keptData?.id === id) void loadKept();
}

/** Whether a run may start: with a teacher at hand, or with none wanted. If not, says so where it can be mended. */
export function hasTeacher(): boolean {
  const { loaded } = getSupply();
  if (!loaded || loaded.teacher || getState().wanted.teacher === "none") return true;
  refuse("teacher", {
    message: "There is no teacher for this data yet.",
    remedy: "Train one, import one, or let the student learn alone.",
  });
  return false;
}

export type Size = keyof typeof SIZES;

/** Sizes of a teacher trained here, of a transformer and of a detector; it should be larger than its student. */
const SIZES = {
  tiny: { ...{ width: 48, depth: 3, heads: 3 }, ...{ stem: 12, blocks: 1, channels: 24, stacked: 1 } },
  small: { ...{ width: 64, depth: 4, heads: 4 }, ...{ stem: 16, blocks: 1, channels: 32, stacked: 1 } },
  medium: { ...{ width: 96, depth: 5, heads: 4 }, ...{ stem: 16, blocks: 2, channels: 32, stacked: 2 } },
  large: { ...{ width: 192, depth: 8, heads: 6 }, ...{ stem: 32, blocks: 3, channels: 64, stacked: 3 } },
};

/** The sizes in words. */
export function sizes(detects: boolean): [size: Size, words: string][] {
  return (Object.keys(SIZES) as Size[]).map((size) => {
    const { width, depth, stem, blocks } = SIZES[size];
    return [size, detects ? `four stages of ${blocks} from width ${stem}` : `${depth} blocks of width ${width}`];
  });
}

/** Tests on the way to a teacher. */
const TESTS = 10;

export function teach(size: Size, steps: number): void {
  const { preset, detector, batch, seed, side } = getState().wanted;
  const evaluate = Math.max(10, Math.round(steps / TESTS));
  const settings: Settings = { ...defaults(preset), ...SIZES[size], detector, batch, seed, side, steps, evaluate };
  refuse("teacher");
  setSupply({ teaching: { step: 0, steps } });
  send({ type: "teach", settings });
}

export const endTeaching = (use: boolean): void => send({ type: "endTeaching", use });
export const dropTeacher = (): void => send({ type: "dropTeacher" });
export const keepData = (keep: boolean): void => send({ type: "keepData", keep });
export const exportNetwork = (what: "student" | "teacher"): void => send({ type: "export", what });

let lastImport: { as: "teacher" | "guide"; bytes: Uint8Array; name: string } | undefined;

let lastTold: Told = {};

export async function importNetwork(as: "teacher" | "guide", file: File, told: Told): Promise<void> {
  lastImport = { as, bytes: new Uint8Array(await file.arrayBuffer()), name: file.name };
  importAgain(told);
}

/** Reads the last imported file again, after its owner has told more of it. */
export function importAgain(told: Told): void {
  lastTold = told;
  refuse("teacher");
  if (lastImport) send({ type: "import", ...lastImport, told });
}

/** Makes the images again at the size that the last imported file wants, then reads it again. */
export async function resizeFor(pixels: number): Promise<void> {
  if (await resize(pixels)) importAgain(lastTold);
}

/** No longer waits for what a saved run was saved with. */
export function abandon(): void {
  send({ type: "abandon" });
  setSupply({ missing: undefined, restoring: false });
  ensureData();
}
