/** The session behind postMessage: training never touches the page's thread, and goes on when its tab is hidden. */

import type { Dataset } from "../data/dataset";
import { scenes } from "../data/scenes";
import { type Engine, openEngine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { tune } from "../ops/tune";
import { type Classification, classification } from "../train/classification";
import { type Settings, settingOf } from "../train/experiment";
import { type Network, readNetwork } from "../train/network";
import { Session } from "../train/session";
import type { Command, Event, Phase } from "./protocol";
import { keep, recall } from "./storage";
import { Watch } from "./watch";

const TRAIN_IMAGES = 8000;
const TEST_IMAGES = 1000;
const DATA_SEED = 1;

const post = (event: Event) => postMessage(event);
const phase = (to: Phase, note = "") => post({ type: "phase", phase: to, note });

let engine: Engine | undefined;
let dataset: Dataset | undefined;
let teacher: Network | undefined;
let session: Session<Classification> | undefined;
let watch: Watch | undefined;
let playing = false;
/** Commands are carried out one after the other; the training loop is not one of them. */
let queue: Promise<void> = Promise.resolve();
/** Whoever touches the session waits here: nothing may change under a step that is on the GPU. */
let turn: Promise<unknown> = Promise.resolve();

/** Runs `work` once everybody who asked earlier is done. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  const mine = turn.then(work);
  turn = mine.catch(() => undefined);
  return mine;
}

self.onmessage = ({ data }: MessageEvent<Command>) => {
  if (data.type === "pause") playing = false;
  else queue = queue.then(() => carryOut(data)).catch(report);
};

async function carryOut(command: Command): Promise<void> {
  switch (command.type) {
    case "open":
      return open(command.settings, command.teacherUrl);
    case "start":
      await settle();
      if (!command.paused) phase("compiling", "Preparing kernels, once");
      await begin(command.settings);
      return command.paused ? phase("ready") : play();
    case "play":
      return play();
    case "step":
      await settle();
      await alone(advance);
      await alone(async () => watch?.look());
      return phase(session?.finished ? "finished" : "paused");
    case "stop":
      await settle();
      return stop();
    case "set":
      return alone(() => change(command.key, command.value));
    case "save":
      return alone(save);
    case "restore":
      await settle();
      return restore(command.bytes);
  }
}

async function open(settings: Settings, teacherUrl: string): Promise<void> {
  phase("opening", "Opening the GPU");
  engine = await openEngine(navigator.gpu);
  post({ type: "adapter", facts: engine.facts });
  void engine.lost.then((error) => playing && report(error));
  if (!engine.facts.software) {
    phase("opening", "Measuring which kernels suit this GPU, once");
    await tune(engine, { get: recall<string>, set: async (key, value) => void (await keep(key, value)) });
  }
  phase("opening", "Drawing the scenes");
  dataset = scenes({ train: TRAIN_IMAGES, test: TEST_IMAGES, seed: DATA_SEED });
  phase("opening", "Loading the teacher");
  teacher = await loadTeacher(teacherUrl);
  await begin(settings);
  phase("ready");
}

/** The teacher that ships with the page; undefined when there is none at that address. */
async function loadTeacher(url: string): Promise<Network | undefined> {
  const response = await fetch(url);
  if (!response.ok || response.headers.get("content-type")?.includes("html")) return undefined;
  return readNetwork(new Uint8Array(await response.arrayBuffer()), url.split("/").pop() as string);
}

/** Makes a fresh session, paused before its first step, and shows what it looks at. */
async function begin(settings: Settings): Promise<void> {
  const made = Session.create({ ...subject(), settings });
  session?.destroy();
  session = made;
  await introduce();
}

async function restore(bytes: Uint8Array): Promise<void> {
  const made = Session.restore(subject(), bytes);
  session?.destroy();
  session = made;
  await introduce();
  phase("paused", `Continuing at step ${made.step}`);
}

async function introduce(): Promise<void> {
  const { settings, step, changes } = current();
  watch = new Watch(ready().dataset, current(), post);
  watch.showGallery();
  post({ type: "started", settings: { ...settings }, teacher: teacher?.name, step, changes: [...changes] });
  await watch.introduce();
  postCost();
}

/** Runs steps until somebody pauses, or the end. Not awaited by the queue: commands act between its steps. */
async function play(): Promise<void> {
  if (playing || current().finished) return;
  await running; // a loop that was told to pause may still be at its last step
  playing = true;
  timingDue = performance.now() + TIMING_WAITS_MS;
  phase("compiling", "Preparing kernels, once");
  running = loop().catch(report);
}

let running: Promise<void> = Promise.resolve();

async function loop(): Promise<void> {
  let announced = false;
  while (playing && !current().finished) {
    await alone(advance);
    if (!announced) {
      phase("running");
      postCost(); // only now are the step's own buffers there
    }
    announced = true;
    await alone(async () => watch?.glance());
    await alone(timeTeacher);
  }
  playing = false;
  await alone(async () => watch?.look());
  if (current().finished) await stop();
  else phase("paused");
}

/** Tests the student where it is, unless that has just been done, and calls the run finished. */
async function stop(): Promise<void> {
  const { step, settings } = current();
  if (step > 0 && step % settings.evaluate !== 0) await alone(evaluate);
  phase("finished");
}

/** Stops the loop and waits for it. */
async function settle(): Promise<void> {
  playing = false;
  await running;
}

async function advance(): Promise<void> {
  const { kept, ...report } = await current().advance();
  post({ type: "step", report });
  await watch?.count({ kept, step: report.step });
  if (report.step % current().settings.evaluate === 0) await evaluate();
}

async function evaluate(): Promise<void> {
  const { count } = ready().dataset.test;
  post({ type: "evaluated", step: current().step, scores: await current().evaluate(), count });
}

async function change(key: Parameters<Session["set"]>[0], value: string | number): Promise<void> {
  post({ type: "changed", change: current().set(key, value) });
  postCost();
  if (!playing) await watch?.look();
  if (settingOf(key, current().settings.preset).group !== "mask") return;
  await watch?.follow();
  timingDue = performance.now() + TIMING_WAITS_MS;
}

async function save(): Promise<void> {
  watch?.store();
  post({ type: "saved", bytes: await current().save(), step: current().step });
}

/** Timing the teacher may take this share of a run's time; it waits until a change has been seen to act. */
const TIMING_SHARE = 0.03;
const TIMING_WAITS_MS = 2000;

let timingDue = 0;

/** Times the teacher now and then, and soon after a change of its patches. */
async function timeTeacher(): Promise<void> {
  const started = performance.now();
  if (started < timingDue) return;
  const time = await current().task.teacherTime();
  const ended = performance.now();
  timingDue = ended + (ended - started) / TIMING_SHARE;
  if (time) post({ type: "timed", time });
}

function postCost(): void {
  const cost = current().task.cost();
  if (cost) post({ type: "cost", cost });
}

function current(): Session<Classification> {
  if (!session) throw new EngineError("There is no run yet.", "Wait until the page has opened the GPU.");
  return session;
}

function ready(): { engine: Engine; dataset: Dataset } {
  if (!engine || !dataset) throw new EngineError("The GPU is not open yet.", "Wait a moment.");
  return { engine, dataset };
}

function subject() {
  const { engine, dataset } = ready();
  return { engine, subject: classification({ dataset, teacher }) };
}

function report(error: unknown): void {
  playing = false;
  const known = error instanceof EngineError;
  const message = error instanceof Error ? error.message : String(error);
  const fatal = !engine || engine.failure !== undefined;
  post({
    type: "failed",
    message: known ? message.slice(0, -error.remedy.length).trim() : message,
    remedy: known ? error.remedy : "Please report this.",
    fatal,
  });
  phase(fatal ? "failed" : session ? "paused" : "failed", message);
}
