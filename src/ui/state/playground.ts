/** Everything of the page but its components: stores, the worker, all that a visitor can do. A browser or a test provides the rest. */
import { SCHEMA } from "../../tasks";
import type { Event } from "../../worker/protocol";
import { KEPT_FACTS } from "../../worker/readerProtocol";
import type { KeyValueStore } from "../../worker/storage";
import { Connection, type WorkerLike } from "./connection";
import type { Address, Context } from "./context";
import { DataActions } from "./dataActions";
import { RunKeeper } from "./keeper";
import { KEPT_LIST } from "./keptList";
import { Reader } from "./reader";
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
  private readonly recovery: Recovery;
  private readonly connection: Connection;
  private readonly redraw: Redraw;

  constructor(private readonly outside: Outside) {
    const { storage, room, tabs, address, fetch, download } = outside;
    this.store = createRunStore(address.read().settings);
    this.connection = new Connection(outside.worker, (event) => this.receive(event));
    const send: Context["send"] = (command, transfer) => this.connection.send(command, transfer);
    const context: Context = { store: this.store, sources: this.sources, storage, room, tabs, address, fetch, download, send };
    this.redraw = new Redraw(this.store);
    this.data = new DataActions(context, new Reader(outside.reader));
    this.teachers = new TeacherActions(context, this.data);
    this.settings = new SettingActions(context, this.data);
    this.keeper = new RunKeeper(context);
    this.recovery = new Recovery(context, this.keeper, () => this.connect());
    this.run = new RunActions(context, this.settings, this.teachers, this.keeper);
    this.savedRuns = new SavedRuns(context);
    storage.onChange((key) => this.reread(key));
  }

  /** Starts (again) with a new worker. */
  connect(): void {
    this.keeper.reset();
    this.sources.setState({ restoring: false, missing: undefined, teacherTraining: undefined, importing: false, run: undefined });
    this.store.setState({ phase: "opening", note: "", failure: undefined, active: undefined, step: 0, measuring: undefined });
    this.connection.open();
    const { base, address } = this.outside;
    this.connection.send({ type: "open", base, task: this.data.task.name, kernels: address.read().kernels });
    void this.data.loadAgain();
    void this.keeper.list.offer();
  }

  /** Puts the settings and images of an address into the panel; they act with the next start. */
  setUp(query: string): void {
    const words = new URLSearchParams(query);
    const data = words.get("data") ?? undefined;
    words.delete("data");
    const { settings, given } = SCHEMA.fromPairs(words);
    this.settings.setUp(settings, given);
    void this.data.loadNamed(data);
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
    this.keeper.bringHistory(event);
    const waited = this.sources.getState().missing !== undefined;
    receive(this.store, event);
    receiveSource(this.sources, event);
    this.data.receive(event, waited);
    this.show(event);
    if (event.type === "started") this.settings.started(event.settings, event.restored);
    if (event.type === "phase" && event.phase === "finished") this.savedRuns.keep();
    if (event.type === "errors") this.savedRuns.keepErrors();
    this.keeper.receive(event);
    this.recovery.receive(event);
  }

  /** Draws what has come in, or hands it to the visitor. */
  private show(event: Event): void {
    if (event.type === "step") this.redraw.step(event.report.step);
    if (event.type === "started") this.redraw.drop();
    if (event.type === "phase" || event.type === "failed") this.redraw.flush();
    if (event.type === "exported") this.outside.download(event.bytes, fileName(event.name));
  }
}

const fileName = (name: string) => `${name.replaceAll(/[^\w.]+/g, "-").toLowerCase()}.safetensors`;
