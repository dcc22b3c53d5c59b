/**
 * How fast is a step of each network and each method? `npm run steps [-- rounds=7 --json + WORDS ...]`
 *
 * Each `+` begins a case in the words of `npm run distill`; without any, those of `CASES` run. `teacher=fresh:WORDS` is an untrained network
 * of such settings: what a step takes does not depend on what the teacher knows. Cases take turns, so that a busy moment of the machine meets them
 * all. `rate` compares the step's multiply-adds per second with those of the first case.
 */
import type { Engine } from "../../engine/device";
import { planMemory } from "../../engine/memory";
import { Program } from "../../engine/program";
import type { Settings } from "../../settings/run";
import type { AnyDataset, AnyNetwork, Sources } from "../../tasks/task";
import { Optimizer } from "../../train/optimizer";
import { Session } from "../../train/session";
import { recordStep } from "../../train/step";
import { readArguments, rounded } from "../arguments";
import { nodeEngine } from "../headless";
import { openSources, openWing, SOURCE_KEYS, type Wing } from "../sources";
import { median } from "./contest";

const VIT = "preset=maskedkd width=64 depth=4 heads=4 batch=32 data=shapes:64,8";
const teacher = (family: string, keep: number) => `${VIT} teacher=fresh:width=128,depth=6,heads=4,family=${family} keep=${keep}`;

const CASES: readonly string[] = [
  `${VIT} teacher=none`,
  ...["deit-distilled", "deit3", "cait", "clip", "mae"].map((family) => `${VIT} teacher=none family=${family}`),
  ...["deit", "deit-distilled", "deit3", "cait", "clip", "mae"].map((family) => teacher(family, 0.5)),
  `${teacher("deit", 1)} tome=8`,
  `${teacher("deit", 0.5)} frozen=on`,
  "preset=dino width=64 depth=4 heads=4 batch=16 crops=2 keep=1 data=scenes:64,8",
  "preset=dino width=64 depth=4 heads=4 batch=16 crops=2 keep=0.5 data=scenes:64,8",
  "preset=ast teacher=none data=sounds:64,8",
  "preset=segmenter teacher=none data=scenes:64,8",
  "preset=yolos teacher=none data=scenes:64,8",
];

const ROUNDS = 7;
const FRESH = "fresh:";
/** Steps of one measurement: so many that the wait for the GPU counts for little. */
const STEPS = 3;

interface Case {
  words: string;
  session: Session;
  program: Program;
  /** Multiply-adds of a step by its launches, and bytes of what it takes besides parameters and their moments. */
  macs: number;
  bytes: number;
  launches: number;
  times: number[];
}

export async function main(argv: string[]): Promise<number> {
  const [own, ...given] = ` ${argv.join(" ")}`.split(" + ");
  const { rest, json } = readArguments(own.split(" ").filter(Boolean), ["rounds"]);
  const engine = await nodeEngine();
  const lanes: Case[] = [];
  for (const words of given.length ? given : CASES) lanes.push(await begun(engine, words));
  for (let round = 0; round < Number(rest.rounds ?? ROUNDS); round++)
    for (const lane of lanes) lane.times.push(await lane.program.time(STEPS));
  const rows: Row[] = [];
  for (const lane of lanes) rows.push(await rowOf(lane, lanes[0]));
  console.log(json ? rows.map((row) => JSON.stringify(row)).join("\n") : tableOf(rows));
  for (const { program, session } of lanes) {
    program.dispose();
    session.destroy();
  }
  return 0;
}

/** A recorded step that has run twice, which compiles and settles it. */
async function begun(engine: Engine, words: string): Promise<Case> {
  const { settings, given, rest } = readArguments(words.split(" "), SOURCE_KEYS);
  const wing = await openWing(settings);
  const sources = await sourcesOf(engine, wing, rest, settings);
  const session = Session.create({ engine, runtime: wing.runtime, sources, settings, given });
  const optimizer = new Optimizer(session.task.params, { ...session.task.optimizer, kind: "adamw" });
  const recording = recordStep(engine, (graph) => session.task.trace(graph), optimizer);
  const program = await Program.compile(...recording);
  session.task.load(0);
  await program.time(2);
  const macs = recording[0].launches.reduce((sum, { work }) => sum + work, 0) / 2;
  return { words, session, program, macs, bytes: planMemory(...recording).bytes, launches: recording[0].launches.length, times: [] };
}

/** As a run's, but for a teacher that is asked for fresh. */
async function sourcesOf(engine: Engine, wing: Wing, rest: Record<string, string>, settings: Settings): Promise<Sources> {
  if (!rest.teacher?.startsWith(FRESH)) return openSources(engine, wing, rest, settings);
  const { dataset } = await openSources(engine, wing, { ...rest, teacher: "none" }, { ...settings, teacher: "none" });
  const words = rest.teacher.slice(FRESH.length).split(",");
  return { dataset, teacher: await fresh(engine, wing, dataset, [`preset=${settings.preset}`, ...words]) };
}

/** An untrained network, the way every network comes: written to a file and read from it. */
async function fresh(engine: Engine, { runtime }: Wing, dataset: AnyDataset, words: string[]): Promise<AnyNetwork> {
  const { settings } = readArguments(words, []);
  const session = Session.create({ engine, runtime, sources: { dataset }, settings });
  const bytes = await runtime.networks.write(session.task, dataset);
  session.destroy();
  return runtime.networks.read(bytes, "fresh.safetensors", {});
}

interface Row {
  words: string;
  ms: number;
  launches: number;
  mb: number;
  gmacs: number;
  /** Multiply-adds per second, those of the first case being 1. */
  rate: number;
  /** Of the teacher, choosing included, now and with every patch, where the case has one. */
  teacher_ms?: number;
  teacher_ms_full?: number;
}

async function rowOf(lane: Case, first: Case): Promise<Row> {
  const speed = ({ macs, times }: Case) => macs / median(times);
  const time = await lane.session.task.teacherTime?.();
  return rounded({
    ...{ words: lane.words, ms: median(lane.times), launches: lane.launches, mb: lane.bytes / 1e6, gmacs: lane.macs / 1e9 },
    ...{ rate: speed(lane) / speed(first), teacher_ms: time?.ms, teacher_ms_full: time?.fullMs },
  });
}

function tableOf(rows: readonly Row[]): string {
  const head = ["ms", "launches", "MB", "GMACs", "rate", "teacher ms", "at all patches", "case"];
  const cells = rows.map(({ words, ms, launches, mb, gmacs, rate, teacher_ms, teacher_ms_full }) =>
    [ms, launches, mb, gmacs, rate, teacher_ms, teacher_ms_full].map((value) => value?.toFixed(2) ?? "").concat(words),
  );
  return [head, ...cells].map((row) => row.map((cell, i) => (i < row.length - 1 ? cell.padStart(14) : `  ${cell}`)).join("")).join("\n");
}
