/** Everything of the page but its components: stores, the worker, all that a visitor can do. A browser or a test provides the rest. */
import { SCHEMA } from "../../tasks";
import type { Command, Event, Wanted } from "../../worker/protocol";
import { KEPT_FACTS } from "../../worker/readerProtocol";
import type { RecordingFacts } from "../../worker/recording";
import type { KeyValueStore } from "../../worker/storage";
import { Connection, type WorkerLike } from "./connection";
import type { Address, Context } from "./context";
import { DataActions } from "./dataActions";
import { Experiments, type HowToRun, wantedIn } from "./experiments";
import { RunKeeper } from "./keeper";
import { KEPT_LIST } from "./keptList";
import { Reader } from "./reader";
import { fetchRecording, RecordedRun, recordings } from "./recorded";
import { Recovery } from "./recovery";
import { Redraw } from "./redraw";
import type { Room } from "./room";
import { RunActions } from "./runActions";
import { SAVED_RUNS, SavedRuns } from "./savedRuns";
import { SettingActions } from "./settingActions";
import { createSources, receiveSource, type SourcesStore } from "./sources";
import { createRunStore, type RunStore, receive } from "./store";
import type { Tabs } from "./tabs";
import { TeacherActions } from "./teacherActions";

/** What the page needs of a browser. */
export interface Outside {
  /** Start the training worker, and a worker that reads a data set. */
  worker(): WorkerLike;
  reader(): WorkerLike;
  storage: KeyValueStore;
  room: Room;
  tabs: Tabs;
  /** Erases the page's own files that are kept for visits without a network. */
  eraseFiles(): Promise<void>;
  address: Address;
  /** The address below which the page's files lie. */
  base: string;
  fetch(file: string): Promise<Blob | undefined>;
  download(content: Uint8Array, name: string): void;
}

const ERASED =
  "All that this page kept in this browser is erased: runs, images, teachers, and the files of the page itself, which the next visit " +
  "fetches again. A run under way goes on, and is kept again.";
const NEWER =
  "A newer version of this page keeps its runs in this browser in a way that this one does not know. All of it stays as it is, and nothing is " +
  "kept here: load the newer version, or save your run to a file.";
/** Commands that a recording carries out, and changes of settings: those stand in the panel, and act when it goes live. */
const OF_RECORDINGS: readonly Command["type"][] = ["play", "pause", "step", "stop", "set"];

const NOT_ERASED = "The browser did not let this page erase what it kept. Clear the data of this site in the browser's settings.";

export class Playground {
  readonly store: RunStore;
  readonly sources: SourcesStore = createSources();
  readonly data: DataActions;
  readonly teachers: TeacherActions;
  readonly settings: SettingActions;
  readonly run: RunActions;
  readonly keeper: RunKeeper;
  readonly savedRuns: SavedRuns;
  readonly experiments: Experiments;
  private readonly recovery: Recovery;
  private readonly connection: Connection;
  private readonly redraw: Redraw;
  /** Whether a run begins as soon as the worker is ready for it, and which one beside it. */
  private startsWhenReady = false;
  private besideWhenReady?: Wanted;

  constructor(private readonly outside: Outside) {
    const { storage, room, tabs, address, fetch, download } = outside;
    const { settings, teacher } = address.read();
    this.store = createRunStore(settings);
    this.sources.setState({ offered: { model: teacher } });
    this.connection = new Connection(outside.worker, (event) => this.receive(event));
    const send: Context["send"] = (command, transfer) => this.sendLive(command, transfer);
    const goLive = () => this.trainLive();
    const context: Context = { store: this.store, sources: this.sources, storage, room, tabs, address, fetch, download, send, goLive };
    this.redraw = new Redraw(this.store);
    this.data = new DataActions(context, new Reader(outside.reader));
    this.teachers = new TeacherActions(context, this.data);
    this.settings = new SettingActions(context, this.data);
    this.keeper = new RunKeeper(context);
    this.recovery = new Recovery(context, this.keeper, () => this.connect());
    this.run = new RunActions(context, this.settings, this.teachers, this.keeper);
    this.savedRuns = new SavedRuns(context);
    this.experiments = new Experiments(context, (query, how) => this.runThis(query, how));
    storage.onChange((key) => this.reread(key));
  }

  /**
   * Opens the page: with the recording that its address names, or, where it names nothing at all and no run is kept, with the first
   * there is; else, and where that cannot be had, with a worker. `moves`: whether a recording may play by itself.
   */
  async open(moves: boolean): Promise<void> {
    const { settings, data, teacher, watch, lesson } = this.outside.address.read();
    await this.keeper.list.offer();
    if (await this.outside.storage.isNewer()) this.store.setState({ notice: NEWER });
    // A lesson brings its recording along.
    if (lesson !== undefined) return this.store.setState({ lesson });
    const bare = settings.size === 0 && data === undefined && teacher === undefined && this.store.getState().kept.length === 0;
    const [first] = bare && moves ? await this.recordings() : [];
    const name = watch ?? first?.name;
    if (name !== undefined) await this.watch(name);
    if (!this.store.getState().watching) this.connect();
  }

  /** Starts (again) with a new worker. */
  connect(): void {
    this.clear();
    this.store.setState({ watching: undefined, failure: undefined });
    this.connection.open();
    const { base, address } = this.outside;
    this.connection.send({ type: "open", base, settings: this.store.getState().wanted, kernels: address.read().kernels });
    void this.data.loadAgain();
    void this.keeper.list.offer();
  }

  /** Nothing is under way any more: another worker comes. */
  private clear(): void {
    this.startsWhenReady = false;
    this.besideWhenReady = undefined;
    // A step that has yet to be shown is one of what has just ended.
    this.redraw.drop();
    this.keeper.reset();
    this.sources.setState({ restoring: false, missing: undefined, teacherTraining: undefined, importing: false, run: undefined });
    this.store.setState({
      phase: "opening",
      note: "",
      active: undefined,
      step: 0,
      measuring: undefined,
      place: undefined,
      beside: undefined,
    });
  }

  /** The recorded runs that come with the page. */
  recordings(): Promise<RecordingFacts[]> {
    return recordings(this.outside.fetch);
  }

  /** Shows a recorded run, by its name, in place of the run under way. Says so where it cannot be had; then all stays as it is. */
  async watch(name: string): Promise<void> {
    const recording = await fetchRecording(name, this.outside.fetch).catch((error: Error) => error);
    if (recording instanceof Error) return this.store.setState({ notice: recording.message });
    const { events, settings, version, ...watching } = recording;
    this.clear();
    // Settings that came after it was recorded are at their defaults.
    const wanted = { ...SCHEMA.defaults(settings.preset), ...settings };
    this.store.setState({ watching, wanted, given: [], notice: undefined });
    this.connection.open(new RecordedRun(events));
    this.connection.send({ type: "play" });
  }

  /** Trains what the recording shows, with the panel's settings. */
  trainLive(): void {
    const { watching, wanted, given } = this.store.getState();
    this.store.setState({ watching: undefined });
    // A new worker gets the data that were asked for last.
    void this.data.loadNamed(watching?.data);
    this.outside.address.write(wanted, given);
    this.connect();
    this.startsWhenReady = true;
  }

  /** Sends a command to the worker. A recording cannot carry out any: a worker that can is opened first. */
  private sendLive(command: Command, transfer?: Transferable[]): void {
    const { watching } = this.store.getState();
    if (watching && !OF_RECORDINGS.includes(command.type)) this.connect();
    this.connection.send(command, transfer);
  }

  /**
   * Puts the settings and images of an address into the panel; they act with the next start. Resolves with whether images had to be
   * loaded; `own` images stay.
   */
  async setUp(query: string, own = false): Promise<boolean> {
    if (this.store.getState().watching) this.connect();
    const words = new URLSearchParams(query);
    const data = words.get("data") ?? undefined;
    words.delete("data");
    const { settings, given } = SCHEMA.fromPairs(words);
    this.settings.setUp(settings, given);
    return !own && this.data.loadNamed(data);
  }

  /** Starts what an address says, as soon as its images are there; and what another one says, to go step for step with it. */
  private async runThis(query: string, { own, beside }: HowToRun): Promise<void> {
    const loads = await this.setUp(query, own);
    const waits = loads || !this.sources.getState().loaded || !this.store.getState().active;
    const other = beside === undefined ? undefined : wantedIn(beside);
    this.besideWhenReady = waits ? other : undefined;
    if (waits) this.startsWhenReady = true;
    else this.run.restart(other);
  }

  /** Erases all that this page keeps in the browser, of every tab. A run under way goes on, and is kept again. */
  async erase(): Promise<void> {
    const { storage, eraseFiles } = this.outside;
    const files = eraseFiles().then(
      () => true,
      () => false,
    );
    const erased = (await storage.erase()) && (await files);
    if (erased) this.store.setState({ runs: [], baseline: undefined, kept: [], notice: ERASED });
    else this.store.setState({ notice: NOT_ERASED });
  }

  /** Another tab has changed what is kept under a key, or erased all. */
  private reread(key: string | undefined): void {
    const lists = {
      [KEPT_LIST]: () => this.keeper.list.offer(),
      [SAVED_RUNS]: () => this.savedRuns.load(),
      [KEPT_FACTS]: () => this.data.readKept(),
    };
    for (const [name, read] of Object.entries(lists)) if (key === undefined || key === name) void read();
  }

  private receive(event: Event): void {
    if (this.store.getState().watching) this.receiveRecorded(event);
    else this.receiveLive(event);
  }

  private receiveLive(event: Event): void {
    this.keeper.bringHistory(event);
    const waited = this.sources.getState().missing !== undefined;
    receive(this.store, event);
    receiveSource(this.sources, event);
    this.data.receive(event, waited);
    this.show(event);
    if (event.type === "started") this.settings.started(event.settings, event.restored);
    if (event.type === "phase" && event.phase === "finished") this.savedRuns.keep();
    if (event.type === "phase" && event.phase === "ready" && this.startsWhenReady) this.startNow();
    if (event.type === "errors") this.savedRuns.keepErrors();
    this.keeper.receive(event);
    this.recovery.receive(event);
    this.experiments.receive(event);
    if (event.type === "failed" && event.fatal && !this.store.getState().adapter) void this.watchInstead();
  }

  /** Where no GPU can be opened there is something to see all the same: of the chosen method, if there is a recording of it. */
  private async watchInstead(): Promise<void> {
    const all = await this.recordings();
    const { preset } = this.store.getState().wanted;
    const [first] = [...all.filter((one) => one.preset === preset), ...all];
    if (first) await this.watch(first.name);
  }

  private startNow(): void {
    const { besideWhenReady } = this;
    this.startsWhenReady = false;
    this.besideWhenReady = undefined;
    this.run.restart(besideWhenReady);
  }

  /** What is recorded is shown, but it is no run of this browser: nothing of it is kept. */
  private receiveRecorded(event: Event): void {
    // It ended before what errors cost was known: nothing goes on.
    if (event.type === "measuring") return;
    const { failure } = this.store.getState();
    receive(this.store, event);
    // That no GPU can be opened stays true.
    this.store.setState({ failure });
    receiveSource(this.sources, event);
    this.show(event);
  }

  /** Draws what has come in, or hands it to the visitor. */
  private show(event: Event): void {
    if (event.type === "step") this.redraw.step(event.report.step);
    if (event.type === "started") this.redraw.drop();
    if (event.type === "phase" || event.type === "failed") this.redraw.flush();
    if (event.type === "exported") this.outside.download(event.bytes, fileName(event));
  }
}

const fileName = ({ name, ending }: Extract<Event, { type: "exported" }>) => `${name.replaceAll(/[^\w.]+/g, "-").toLowerCase()}.${ending}`;
