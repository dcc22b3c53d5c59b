/**
 * A run recorded for the page, which shows it before, or without, any GPU of the visitor:
 *
 *   npm run record -- name=maskedkd title="..." about="..." data=shapes:1200,2000 keep=0.5 steps=1500
 *
 * The training worker's own host makes the run; what it tells the page goes into `public/recordings/NAME.run`, and the list of
 * recordings beside it. `most` pictures of a kind are kept, evenly spread (60 by default). Other words are settings.
 */
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { EngineError } from "../engine/errors";
import { wordFor } from "../tasks/generated";
import { Host } from "../worker/host";
import type { Command, Event } from "../worker/protocol";
import { RECORDING, type Recording, type RecordingFacts, writeRecording } from "../worker/recording";
import type { KeyValueStore } from "../worker/storage";
import { readArguments } from "./arguments";
import { nodeEngine, writeWhole } from "./headless";
import { openData, openWing, type Wing } from "./sources";

const OWN = ["name", "title", "about", "data", "most", "kernels"] as const;
const FOLDER = "public/recordings";
const MOST = 60;

export async function main(argv: string[]): Promise<number> {
  const { settings, given, rest } = readArguments(argv, OWN);
  const { name, title, about } = rest;
  if (!name || !title || !about)
    throw new EngineError("A recording needs a name, a title and a sentence about it.", "Give name=, title= and about=.");
  const wing = await openWing(settings);
  const { id } = await openData(wing, rest.data ?? "scenes", settings.side);
  const base = new URL("public/", `file://${process.cwd()}/`).href;
  const events = await told(
    [
      { type: "open", base, settings },
      { type: "generate", id },
      { type: "start", settings, given },
    ],
    rest.kernels,
  );
  const facts: RecordingFacts = { name, title, about, preset: settings.preset, data: wordOf(wing, id) };
  const recording: Recording = { version: RECORDING, ...facts, settings, events: thinned(events, Number(rest.most ?? MOST)) };
  const bytes = await writeRecording(recording);
  mkdirSync(FOLDER, { recursive: true });
  writeWhole(`${FOLDER}/${name}.run`, bytes);
  writeWhole(`${FOLDER}/list.json`, new TextEncoder().encode(`${JSON.stringify(listed(facts), null, 1)}\n`));
  console.log(`${FOLDER}/${name}.run: ${recording.events.length} events, ${Math.round(bytes.length / 1024)} KiB`);
  return 0;
}

/** What the host tells of itself while it carries out some commands. Throws where one of them fails. */
async function told(commands: Command[], kernels: string | undefined): Promise<Event[]> {
  const events: Event[] = [];
  const host = new Host({
    post(event) {
      if (event.type === "step" && event.report.step % 100 === 0) console.error(`step ${event.report.step}`);
      // What is posted in a worker is copied; here later steps would change it.
      events.push(structuredClone(event));
    },
    openEngine: () => nodeEngine(kernels),
    store: NOTHING,
    fetch: async (url) => (existsSync(fileURLToPath(url)) ? new Uint8Array(readFileSync(fileURLToPath(url))) : undefined),
  });
  for (const command of commands) {
    host.receive(command);
    await host.idle();
  }
  const failed = events.find(({ type }) => type === "failed" || type === "refused") as Extract<Event, { type: "failed" }> | undefined;
  if (failed) throw new EngineError(failed.message, failed.remedy);
  return events;
}

/** How an address names generated images; undefined for those that the page shows by itself. Throws for others: they cannot be recorded. */
function wordOf({ definition, data }: Wing, id: string): string | undefined {
  const options = data.optionsOf(id);
  if (options) return wordFor(options, definition, definition.generated.page);
  throw new EngineError("Only runs on generated images are recorded.", "Leave data= out, or name a generated set.");
}

/** A store that keeps nothing. */
const NOTHING: KeyValueStore = {
  recall: async () => undefined,
  keep: async () => true,
  forget: async () => undefined,
  alter: async () => undefined,
  erase: async () => true,
  isNewer: async () => false,
  onChange: () => undefined,
};

/** The events that a recording needs: of each picture at most so many, and no phases, which whoever plays it tells. */
function thinned(events: Event[], most: number): Event[] {
  const views = new Map<string, Event[]>();
  for (const event of events) if (event.type === "view") views.set(event.view.name, [...(views.get(event.view.name) ?? []), event]);
  const kept = new Set([...views.values()].flatMap((all) => evenly(all, most)));
  return events.filter((event) => (event.type === "view" ? kept.has(event) : event.type !== "phase"));
}

/** At most so many of a list, evenly spread, the first and the last among them. */
function evenly<T>(list: T[], most: number): T[] {
  if (list.length <= most) return list;
  return Array.from({ length: most }, (_, i) => list[Math.round((i * (list.length - 1)) / (most - 1))]);
}

/** The list of recordings with this one in it. */
function listed(facts: RecordingFacts): RecordingFacts[] {
  const path = `${FOLDER}/list.json`;
  const before: RecordingFacts[] = existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : [];
  const at = before.findIndex(({ name }) => name === facts.name);
  return at < 0 ? [...before, facts] : before.with(at, facts);
}
