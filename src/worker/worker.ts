/** The session behind postMessage: training never touches the page's thread, and goes on when its tab is hidden. */

import { type Engine, openEngine } from "../engine/device";
import { EngineError } from "../engine/errors";
import { override, tune } from "../ops/tune";
import { isDetection, KEYS, type Settings, settingOf } from "../settings/experiment";
import { OtherSide } from "../tasks/classification/fitted";
import type { Reference } from "../tasks/task";
import { readCheckpoint } from "../train/checkpoint";
import { Session } from "../train/session";
import { delivered } from "./delivered";
import { ErrorWatch } from "./errorAnalysis";
import { type AnyData, type AnyNetwork, CLASSIFIER, DETECTOR, type Kind, type Watcher } from "./kinds";
import type { Command, Event, Phase } from "./protocol";
import type { KindName } from "./readerProtocol";
import { Supply } from "./sources";
import { keep, recall } from "./storage";

const post = (event: Event) => postMessage(event);
const PREPARING = "Preparing kernels";
let shown: Phase = "opening";
function phase(to: Phase, note = ""): void {
  shown = to;
  post({ type: "phase", phase: to, note });
}

type Card = Extract<Event, { type: "refused" }>["at"];

/** A session and what it learns from; what is loaded later is the next one's. */
interface Run {
  session: Session;
  kind: Kind;
  dataset: AnyData;
  teacher?: AnyNetwork;
  watch: Watcher;
}

let engine: Engine | undefined;
let run: Run | undefined;
/** What the next run learns from, by kind; which data belong to which network is checked where they are loaded. */
const supplies = {
  classifier: new Supply(CLASSIFIER, post, isWanted) as unknown as Supply,
  detector: new Supply(DETECTOR, post, isWanted) as unknown as Supply,
};
let supply = supplies.classifier;
function isWanted(kind: { name: string }): boolean {
  return supply.kind.name === kind.name;
}
let base = "";
/** A saved run that waits for its data or its teacher. */
let pending: Uint8Array | undefined;
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

const errors = new ErrorWatch(alone, post);

self.onmessage = ({ data }: MessageEvent<Command>) => {
  if (data.type === "pause") playing = false;
  else if (data.type === "endTeaching") supply.endTeaching(data.use);
  else if (data.type === "endErrors") errors.end();
  else enqueue(() => carryOut(data), CARDS[data.type]);
};

function enqueue(work: () => Promise<void>, at?: Card): void {
  queue = queue.then(work).catch((error) => fail(error, at));
}

/** Where a command that comes to nothing is reported when the run is none the worse for it. */
const CARDS: Partial<Record<Command["type"], Card>> = {
  ...{ data: "data", paint: "data", keepData: "data", teach: "teacher", import: "teacher", dropTeacher: "teacher", export: "teacher" },
};

async function carryOut(command: Command): Promise<void> {
  switch (command.type) {
    case "open":
      return open(command);
    case "data":
    case "paint":
      await load(command);
      return resume();
    case "kind":
      return turnTo(command.kind);
    case "keepData":
      return supply.keepData(command.keep);
    case "teach":
      return teach(command.settings);
    case "import":
      await alone(() => taken(command));
      return resume();
    case "dropTeacher":
      return supply.dropTeacher();
    case "measureErrors":
      return measureErrors();
    case "export":
      return alone(() => exported(command.what));
    case "start":
      await settle();
      if (!command.paused) phase("compiling", `${PREPARING}, once`);
      if (!isPrepared(command.settings)) await begin(command.settings);
      return command.paused ? phase("ready") : play();
    case "play":
      return play();
    case "step":
      await settle();
      await alone(advance);
      await alone(() => current().watch.look());
      return phase(current().session.finished ? "finished" : "paused");
    case "stop":
      await settle();
      return stop();
    case "set":
      return alone(() => change(command.key, command.value));
    case "save":
      return alone(save);
    case "restore":
      pending = command.bytes;
      return resume();
    case "abandon":
      pending = undefined;
  }
}

async function taken({ as, bytes, name, told }: Extract<Command, { type: "import" }>): Promise<void> {
  if (as === "teacher") return supply.import(opened(), bytes, name, told);
  run?.session.task.offerGuide?.(await supply.importGuide(bytes, name, told));
}

async function open({ base: from, kind, kernels }: Extract<Command, { type: "open" }>): Promise<void> {
  phase("opening", "Opening the GPU");
  engine = await openEngine(navigator.gpu);
  engine.onCompiled = tellCompiled;
  post({ type: "adapter", facts: engine.facts });
  void engine.lost.then((error) => playing && fail(error));
  if (!engine.facts.software) {
    phase("opening", "Measuring which kernels suit this GPU, once");
    await tune(engine, { get: recall<string>, set: async (key, value) => void (await keep(key, value)) });
  }
  if (kernels) force(engine, kernels);
  phase("opening", "Loading data and teacher");
  base = from;
  await turnTo(kind);
}

/** Takes these kernels, or, where the adapter does not have them, says so and leaves the choice as it is. */
function force(engine: Engine, kernels: string): void {
  try {
    override(engine, kernels);
  } catch (error) {
    const { message, remedy } = inWords(error);
    post({ type: "unusable", problem: `${message} ${remedy}` });
  }
}

/** So many kernels between two words about them: people listen to these, too. */
const TOLD_EVERY = 10;

/** While people wait for kernels: how many there are already. */
function tellCompiled(): void {
  const { compiledCount, pipelineCount } = opened();
  if ((shown === "opening" || shown === "compiling") && compiledCount % TOLD_EVERY === 0 && compiledCount < pipelineCount)
    phase(shown, `${PREPARING}: ${compiledCount} of ${pipelineCount}`);
}

function load(command: Parameters<typeof delivered>[0]): Promise<void> {
  const { kind, dataset, notes } = delivered(command);
  return supplies[kind].load(dataset, notes);
}

/** Data and teachers are of this kind from now on; the page's own teacher of it is there when first wanted. */
async function turnTo(name: KindName): Promise<void> {
  const known = supply === supplies[name];
  supply = supplies[name];
  await supply.teachers.fetch(new URL(supply.kind.shipped, base).href);
  if (!known && supply.ready) supply.tell();
}

/** Makes a fresh session, paused before its first step, and shows what it looks at. */
async function begin(settings: Settings): Promise<void> {
  pending = undefined;
  await turnTo(kindOf(settings));
  const { dataset } = supply;
  const teacher = teacherFor(settings);
  const session = Session.create({ ...subject(dataset, teacher), settings: { ...settings, side: dataset.side } });
  await introduce(session, dataset, teacher);
}

const teacherFor = ({ teacher }: Settings) => (teacher === "none" ? undefined : supply.teacher?.network);

/** Whether the session at hand is what `begin` would make: nothing has happened to it yet, and nothing else is wanted. */
function isPrepared(settings: Settings): boolean {
  if (!run || !supply.ready || pending || run.session.step > 0 || run.session.changes.length > 0) return false;
  const { session, dataset, teacher } = run;
  const wanted = { ...settings, side: dataset.side };
  return dataset === supply.dataset && teacher === teacherFor(settings) && KEYS.every((key) => session.settings[key] === wanted[key]);
}

/** Continues the saved run that waits, if there is one. One that cannot go on waits no longer. */
async function resume(): Promise<void> {
  if (!pending) return;
  try {
    await goOn(pending);
  } catch (error) {
    pending = undefined;
    fail(error);
  }
}

/** Continues a saved run if what it was saved with is there; otherwise says what is missing. */
async function goOn(bytes: Uint8Array): Promise<void> {
  const saved = readCheckpoint(bytes);
  const missing = (what: "data" | "teacher" | "guide", wanted: Reference) =>
    post({ type: "missing", what, wanted, settings: saved.settings });
  await turnTo(kindOf(saved.settings));
  if (!supply.ready || supply.dataset.id !== saved.dataset.id) return missing("data", saved.dataset);
  const { dataset } = supply;
  const teacher = saved.teacher && supply.teacher?.network;
  if (saved.teacher && teacher?.id !== saved.teacher.id) return missing("teacher", saved.teacher);
  if (saved.guide && supply.guide?.id !== saved.guide.id) return missing("guide", saved.guide);
  await settle();
  const session = Session.restore(subject(dataset, teacher), bytes);
  pending = undefined;
  await introduce(session, dataset, teacher, true);
  phase("paused", `Continuing at step ${session.step}`);
}

async function introduce(session: Session, dataset: AnyData, teacher?: AnyNetwork, restored = false): Promise<void> {
  errors.end();
  run?.session.destroy();
  const { kind } = supply;
  if (kind.stepFirst) warm(session);
  const watch = kind.watch(dataset, session, post);
  run = { session, kind, dataset, teacher, watch };
  watch.showGallery();
  const { settings, step, changes } = session;
  const named = (what: Reference) => ({ id: what.id, name: what.name });
  post({
    ...{ type: "started", settings: { ...settings }, step, changes: [...changes], restored },
    ...{ dataset: named(dataset), teacher: teacher && named(teacher) },
  });
  await watch.introduce();
  if (!kind.stepFirst) warm(session);
  postCost();
}

/** Whatever people do first, the kernels of the first step are compiled meanwhile. What is wrong with them is said when it is made. */
function warm(session: Session): void {
  void session.warm().catch(() => undefined);
}

/** Trains a teacher while the run is paused. Not awaited by the queue, as playing is not; the next to start ends it. */
async function teach(settings: Settings): Promise<void> {
  await settle();
  running = supply.teach(opened(), settings, alone).catch((error) => fail(error, "teacher"));
  void running.then(() => enqueue(resume));
}

/** Runs steps until somebody pauses, or the end. Not awaited by the queue: commands act between its steps. */
async function play(): Promise<void> {
  if (playing || current().session.finished) return;
  await settle(); // a loop that was told to pause may still be at its last step
  playing = true;
  timingDue = performance.now() + TIMING_WAITS_MS;
  phase("compiling", `${PREPARING}, once`);
  running = loop().catch(fail);
}

/** The training loop, of the student or of a teacher. */
let running: Promise<void> = Promise.resolve();

async function loop(): Promise<void> {
  const { session, watch } = current();
  let announced = false;
  while (playing && !session.finished) {
    await alone(advance);
    if (!announced) {
      phase("running");
      postCost(); // only now are the step's own buffers there
    }
    announced = true;
    await alone(() => watch.glance());
    await alone(timeTeacher);
  }
  playing = false;
  await alone(() => watch.look());
  if (session.finished) await stop();
  else phase("paused");
}

/** Tests the student where it is, unless that has just been done, and calls the run finished. */
async function stop(): Promise<void> {
  const { step, settings } = current().session;
  if (step > 0 && step % settings.evaluate !== 0) await alone(evaluate);
  phase("finished");
  measureErrors();
}

/** Not awaited by the queue, as playing is not: it goes on beside whatever else is asked for. */
function measureErrors(): void {
  void errors.measure(current().session).catch((error) => fail(error, "errors"));
}

/** Stops whatever trains and waits for it; a teacher is used as it is. */
async function settle(): Promise<void> {
  playing = false;
  supply.endTeaching(true);
  await running;
}

async function advance(): Promise<void> {
  const { session, watch } = current();
  const known = session.changes.length;
  const { kept, ...report } = await session.advance();
  // What a task measures before its first step are changes too.
  for (const change of session.changes.slice(known)) post({ type: "changed", change });
  post({ type: "step", report });
  await watch.count({ kept, step: report.step });
  if (report.step % session.settings.evaluate === 0) await evaluate();
}

async function evaluate(): Promise<void> {
  const { session, dataset, watch } = current();
  post({ type: "evaluated", step: session.step, scores: await session.evaluate(), count: dataset.test.count });
  await watch.tested?.();
}

async function change(key: Parameters<Session["set"]>[0], value: string | number): Promise<void> {
  const { session, watch } = current();
  post({ type: "changed", change: session.set(key, value) });
  postCost();
  if (!playing) await watch.look();
  if (settingOf(key, session.settings.preset).group !== "mask") return;
  await watch.follow();
  timingDue = performance.now() + TIMING_WAITS_MS;
}

async function save(): Promise<void> {
  const { session, watch } = current();
  watch.store();
  post({ type: "saved", bytes: await session.save(), step: session.step });
}

async function exported(what: "student" | "teacher"): Promise<void> {
  if (what === "teacher") {
    const { teacher } = supply;
    if (teacher) post({ type: "exported", name: teacher.network.name, bytes: teacher.bytes });
    return;
  }
  const { session, kind, dataset } = current();
  const score = (await session.evaluate())[kind.score];
  post({ type: "exported", name: `Student of ${dataset.name}, ${session.step} steps`, bytes: await kind.write(session, dataset, score) });
}

/** Timing the teacher may take this share of a run's time; it waits until a change has been seen to act. */
const TIMING_SHARE = 0.03;
const TIMING_WAITS_MS = 2000;

let timingDue = 0;

/** Times the teacher now and then, and soon after a change of its patches. */
async function timeTeacher(): Promise<void> {
  const started = performance.now();
  if (started < timingDue) return;
  const time = await current().session.task.teacherTime?.();
  const ended = performance.now();
  timingDue = ended + (ended - started) / TIMING_SHARE;
  if (time) post({ type: "timed", time });
}

function postCost(): void {
  const cost = current().session.task.cost();
  if (cost) post({ type: "cost", cost });
}

function current(): Run {
  if (!run) throw new EngineError("There is no run yet.", "Wait until the page has opened the GPU.");
  return run;
}

function opened(): Engine {
  if (!engine) throw new EngineError("The GPU is not open yet.", "Wait a moment.");
  return engine;
}

function subject(dataset: AnyData, teacher?: AnyNetwork) {
  return { engine: opened(), subject: supply.kind.subject({ dataset, teacher, guide: supply.guide }) };
}

const kindOf = ({ preset }: Settings): KindName => (isDetection(preset) ? "detector" : "classifier");

/** Tells what went wrong: at the card it concerns when whatever runs goes on, else as the run's own failure. */
function fail(error: unknown, at?: Card): void {
  const fatal = !engine || engine.failure !== undefined;
  const { message, remedy } = inWords(error);
  if (at && !fatal) {
    post({ type: "refused", at, message, remedy, ...(error instanceof OtherSide && { side: error.side }) });
    return;
  }
  playing = false;
  post({ type: "failed", message, remedy, fatal });
  phase(fatal ? "failed" : run ? "paused" : "failed", message);
}

function inWords(error: unknown): { message: string; remedy: string } {
  if (error instanceof EngineError) return { message: error.what, remedy: error.remedy };
  return { message: error instanceof Error ? error.message : String(error), remedy: "Please report this." };
}
