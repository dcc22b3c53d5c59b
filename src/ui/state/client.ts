/** Owns the worker: sends commands, folds its events into the store, and keeps the run in this browser now and then. */
import { KEYS, type Settings, settingsOf } from "../../settings/experiment";
import type { Event } from "../../worker/protocol";
import { forget, keep, recall } from "../../worker/storage";
import { download } from "./download";
import { History } from "./history";
import { keepErrors, keepRun } from "./savedRuns";
import { kindWanted, loadAgain, onSupplyEvent } from "./sourceActions";
import { setSupply } from "./sources";
import { busy, getState, receive, setState } from "./store";
import { readUrl, writeUrl } from "./url";
import { openLink, send } from "./workerLink";

/** Its number rises with the shape of what is kept. */
const SLOT = "run-3";
const AUTOSAVE_MS = 30_000;
/** Curves are redrawn at most this often. */
const REDRAW_MS = 400;

/** A run as it is kept in the browser: the worker's bytes, and what the page saw of it. */
interface Kept {
  bytes: Uint8Array;
  step: number;
  total: number;
  history: History;
}

let redraw: ReturnType<typeof setTimeout> | undefined;
/** What each awaited "saved" event is for, in order. */
const purposes: ("keep" | "file")[] = [];
let playOnceRestored = false;
/** What the page saw of the run that is being restored, before the reload. */
let brought: History | undefined;
/** After a failure the state on the GPU is not worth keeping. */
let tainted = false;

/** Starts (again) with a new worker. */
export function connect(): void {
  purposes.length = 0;
  setSupply({ restoring: false, missing: undefined, teaching: undefined, run: undefined });
  setState({ phase: "opening", note: "", failure: undefined, active: undefined, step: 0, measuring: undefined });
  openLink(handle);
  send({ type: "open", base: document.baseURI, kind: kindWanted(), kernels: readUrl().kernels });
  void loadAgain();
  void lookForKept();
}

async function lookForKept(): Promise<void> {
  const kept = await recall<Kept>(SLOT);
  if (kept) setState({ kept: { step: kept.step, total: kept.total } });
}

function handle(event: Event): void {
  if (event.type === "started" && event.restored && brought) setState({ history: brought });
  receive(event);
  onSupplyEvent(event);
  if (event.type === "saved") saved(event.bytes, event.step);
  if (event.type === "step") scheduleRedraw(event.report.step);
  if (event.type === "started") afterStart(event.settings, event.restored);
  if (event.type === "exported") download(event.bytes, `${event.name.replaceAll(/[^\w.]+/g, "-").toLowerCase()}.safetensors`);
  if (event.type === "failed") {
    tainted = true;
    void lookForKept();
  }
  if (event.type === "phase") flushRedraw();
  if (event.type === "phase" && event.phase === "finished") keepRun(getState());
  if (event.type === "errors") keepErrors(getState());
  if (event.type === "phase" && (event.phase === "paused" || event.phase === "finished")) autosave();
}

let newestStep = 0;

function scheduleRedraw(step: number): void {
  newestStep = step;
  redraw ??= setTimeout(flushRedraw, REDRAW_MS);
}

function flushRedraw(): void {
  if (redraw === undefined) return;
  clearTimeout(redraw);
  redraw = undefined;
  setState(({ version }) => ({ version: version + 1, step: newestStep }));
}

/** Settles whose settings count, once a run has begun. */
function afterStart(settings: Settings, restored: boolean): void {
  tainted = false;
  clearTimeout(redraw);
  redraw = undefined;
  const { wanted } = getState();
  // A restored run brings its settings along; otherwise the panel's are newer.
  if (restored) {
    setState({ wanted: settings });
    writeUrl(getState().wanted);
  } else
    for (const key of KEYS)
      if (settingsOf(settings.preset)[key]?.when === "live" && wanted[key] !== settings[key])
        send({ type: "set", key, value: wanted[key] });
  if (restored && playOnceRestored) send({ type: "play" });
}

function saved(bytes: Uint8Array, step: number): void {
  const { history } = getState();
  const kept: Kept = { bytes, step, total: history.total, history };
  if (purposes.shift() === "file") download(bytes, `masked-distillation-step-${step}.safetensors`);
  else void keep(SLOT, kept);
}

export function saveToFile(): void {
  purposes.push("file");
  send({ type: "save" });
}

export async function openFile(file: File): Promise<void> {
  restore(new Uint8Array(await file.arrayBuffer()), false);
}

/** Continues the run this browser kept. */
export async function resumeKept(): Promise<void> {
  const kept = await recall<Kept>(SLOT);
  if (kept) restore(kept.bytes, true, History.revive(kept.history));
  else setState({ kept: undefined });
}

function restore(bytes: Uint8Array, play: boolean, seen?: History): void {
  brought = seen;
  playOnceRestored = play;
  setState({ kept: undefined, failure: undefined });
  setSupply({ restoring: true });
  send({ type: "restore", bytes });
}

/** Begins a run with the panel's settings; the one kept before makes way. */
export function begin(): void {
  void forget(SLOT);
  setState({ kept: undefined, failure: undefined });
  setSupply({ restoring: false, missing: undefined });
  send({ type: "start", settings: getState().wanted });
}

function autosave(): void {
  const { step, active } = getState();
  if (tainted || !active || step === 0 || purposes.includes("keep")) return;
  purposes.push("keep");
  send({ type: "save" });
}

setInterval(() => busy(getState()) && autosave(), AUTOSAVE_MS);
document.addEventListener("visibilitychange", () => document.hidden && autosave());
