/** What a visitor can do about data: load, read again at another size, keep. The next run learns from them. */
import { isHubWord } from "../../data/hub/word";
import type { Settings } from "../../settings/run";
import { TASKS, taskOf } from "../../tasks";
import type { DataFacts, TaskDefinition } from "../../tasks/definition";
import { sampleBy, wordFor } from "../../tasks/generated";
import type { Event } from "../../worker/protocol";
import { buffersOf, type GivenFile, KEPT_FACTS, type ReadData, type Told } from "../../worker/readerProtocol";
import { pageOf } from "../tasks";
import type { Context } from "./context";
import { areNetwork, dropped, isSavedRun } from "./files";
import { fetchSample, generatedSource, isSample, namedSource, type Source, unknownImages } from "./named";
import type { Reader } from "./reader";
import { begun } from "./selectors";
import { refuse } from "./sources";
import { wantedRun } from "./store";

const WHAT = { files: "Reading your images", kept: "Reading the kept images" };

/** Who takes what is dropped and is no data. */
export interface OtherDrops {
  /** Weights, alone or with what lies beside them in a folder or archive. */
  network(files: GivenFile[]): Promise<void>;
  /** A log of a run, or a sweep's rows. */
  log(file: File): Promise<void>;
  /** A saved run, which goes on. */
  run(file: File): Promise<void>;
}

export class DataActions {
  /** What the loaded data were made from, by task, so that they can be made again at another size or for a new worker. */
  private readonly made: Record<string, Source> = {};
  /** Tasks whose data the worker has. */
  private readonly delivered = new Set<string>();
  /** Rises with every request for data: the result of an older one is dropped. */
  private wish = 0;

  constructor(
    private readonly context: Context,
    private readonly reader: Reader,
  ) {}

  /** The task of the panel's preset. */
  get task(): TaskDefinition {
    return taskOf(this.wanted.preset);
  }

  private get wanted(): Settings {
    return this.context.store.getState().wanted;
  }

  /** Loads data for a new worker. */
  async loadAgain(): Promise<void> {
    const sample = this.takeAddress();
    this.delivered.clear();
    void (sample ? this.loadSample(sample) : this.load(this.source()));
    await this.readKept();
  }

  /** Reads which images are kept on this device. */
  async readKept(): Promise<void> {
    const { storage, sources } = this.context;
    const facts = await storage.recall<DataFacts>(KEPT_FACTS);
    // Earlier versions kept data of the first task alone, and did not say so.
    sources.setState({ keptData: facts && { ...{ task: Object.keys(TASKS)[0], generated: false }, ...facts } });
  }

  /** Reads a visitor's own images. Resolves with whether they were handed to the worker. */
  loadFiles(files: GivenFile[]): Promise<boolean> {
    return this.load({ kind: "files", files });
  }

  loadKept(): Promise<boolean> {
    return this.load({ kind: "kept" });
  }

  /** Reads rows that were fetched from the Hub, for the word that names them. */
  loadFetched(files: GivenFile[], { word, ...told }: { word: string } & Told): Promise<boolean> {
    return this.load({ kind: "files", files, ...told, sample: word });
  }

  /** Generates images: of the task's usual set by default which. */
  loadGenerated(set?: string): Promise<boolean> {
    return this.load(generatedSource(this.task, set));
  }

  /** Loads real images that come with the page, by the word for them. */
  async loadSample(word: string): Promise<boolean> {
    const { sample, most } = sampleBy(word, this.task) ?? {};
    if (!sample) return false;
    this.dropWish();
    this.refuse();
    const mine = this.wish;
    const progress = (share: number) => {
      if (mine === this.wish) this.tellReading(`Fetching ${sample.name}`, share);
      return mine === this.wish;
    };
    const files = await fetchSample(sample, this.context.fetch, progress);
    if (mine !== this.wish) return false;
    if (!files) return this.giveUp(`${sample.name} cannot be fetched.`);
    return this.load({ kind: "files", files, name: sample.name, most, sample: word });
  }

  /** Says why there are no such images. At the page's opening others take their place, and the card forgets what it refused. */
  private giveUp(message: string): false {
    const remedy = "Are you offline? Try again later.";
    this.context.sources.setState({ reading: undefined });
    if (this.delivered.has(this.task.name)) this.refuse({ message, remedy });
    else this.context.store.setState(({ urlProblems }) => ({ urlProblems: [...urlProblems, `${message} ${remedy}`] }));
    this.ensure();
    return false;
  }

  /**
   * Loads the images that an address names; the usual ones where it names none. Says so where there are none of that name. Resolves with
   * whether other images than before were handed to the worker.
   */
  async loadNamed(word?: string): Promise<boolean> {
    const made = this.made[this.task.name];
    if (word !== undefined && this.isOfHub(word)) return made && "sample" in made && made.sample === word ? false : this.offer(word);
    if (word !== undefined && isSample(word, this.task))
      return made && "sample" in made && made.sample === word ? false : this.loadSample(word);
    const source = word === undefined ? generatedSource(this.task) : namedSource(word, this.task);
    if (source && JSON.stringify(source) !== JSON.stringify(made)) return this.load(source);
    if (!source) this.refuse({ message: unknownImages(word ?? "", this.task), remedy: "" });
    return false;
  }

  private isOfHub = (word: string): boolean => this.task.hub !== undefined && isHubWord(word);

  /** Shows the click that fetches images of the Hub: nothing is asked of another server without it. */
  private offer(word: string): false {
    this.context.sources.setState(({ offered }) => ({ offered: { ...offered, data: word } }));
    return false;
  }

  /** Makes the loaded data again at another size. */
  resize(side: number): Promise<boolean> {
    return this.load(this.source(), side);
  }

  /** Reads dropped files as data, unless they are something else that the page takes. */
  async loadDropped(transfer: DataTransfer, on: OtherDrops): Promise<void> {
    this.dropWish();
    this.refuse();
    const mine = this.wish;
    const found = (count: number) => {
      if (mine === this.wish) this.tellReading(`Looking through folders: ${count} files`);
      return mine === this.wish;
    };
    const files = await dropped(transfer, found).catch(() => undefined);
    if (mine !== this.wish) return;
    this.context.sources.setState({ reading: undefined });
    if (!files)
      return this.refuse({ message: "What was dropped cannot be read.", remedy: "Choose the files or the folder with the buttons." });
    if (files.length === 0)
      return this.refuse({ message: "What was dropped holds no files.", remedy: "Drop images, or a folder that has some." });
    if (files.length === 1 && files[0].path.endsWith(".jsonl")) return on.log(files[0].file);
    if (await isSavedRun(files)) return on.run(files[0].file);
    await ((await areNetwork(files)) ? on.network(files) : this.loadFiles(files));
  }

  /** Gives up what is being read. */
  cancel(): void {
    this.dropWish();
    this.ensure();
  }

  /** Keeps the loaded images on this device, or removes what was kept. */
  keep(wanted: boolean): void {
    this.context.send({ type: "keepData", keep: wanted });
  }

  /** Turns data and teacher to the task of the panel's preset. */
  turnToTask(): void {
    if (this.context.sources.getState().missing) this.abandon();
    this.want();
    if (!this.delivered.has(this.task.name)) void this.load(this.source());
  }

  /** Says of which settings the next student is: not every teacher is for all of them. */
  want(): void {
    this.context.send({ type: "want", settings: this.wanted });
  }

  /** Gives up the saved run that waits for its data or networks. */
  abandon(): void {
    this.context.send({ type: "abandon" });
    this.context.sources.setState({ missing: undefined, restoring: false });
    this.ensure();
  }

  /** A fresh session with what is loaded, unless a run is under way or a saved one is about to continue. */
  prepare(): void {
    const { store, sources, send } = this.context;
    const state = store.getState();
    if (begun(state) || sources.getState().restoring || state.failure?.fatal) return;
    send({ type: "start", ...wantedRun(state), paused: true });
  }

  /** After an event has entered the stores; `waited`: whether a saved run was waiting before it. */
  receive(event: Event, waited: boolean): void {
    if (event.type === "loaded") {
      this.adjust({ ...this.wanted, side: event.data.side, ...event.start?.sizes });
      this.prepare();
    }
    if (event.type === "missing") {
      // The panel shows the saved run's settings once; what the visitor changes while it waits stays.
      if (!waited) this.adjust(event.settings);
      if (event.what === "data") this.fetchMissing(event.wanted.id);
    }
  }

  /** Puts the settings of what was loaded, or of a saved run, into the panel. */
  private adjust(wanted: Settings): void {
    this.context.store.setState({ wanted });
    this.context.address.write(wanted);
  }

  /** Gets the data that a saved run waits for, if the page can generate them or has them on this device. */
  private fetchMissing(id: string): void {
    const found = pageOf(this.wanted.preset).generated.optionsOf(id);
    if (found) {
      const { side, ...options } = found;
      void this.load({ kind: "generated", options }, side);
    } else if (this.context.sources.getState().keptData?.id === id) void this.loadKept();
  }

  /** Makes a data set for the next run. Resolves with whether it was handed to the worker; until then the loaded one stays. */
  private async load(source: Source, side = this.wanted.side): Promise<boolean> {
    const mine = ++this.wish;
    const task = this.task.name;
    this.refuse();
    if (source.kind === "generated") return this.generate(source, side);
    const what = WHAT[source.kind];
    this.tellReading(what);
    const outcome = await this.reader.read({ task, source, side }, (share) => mine === this.wish && this.tellReading(what, share));
    if (mine !== this.wish || !outcome) return false;
    this.context.sources.setState({ reading: undefined });
    if ("message" in outcome) {
      this.refuse(outcome);
      return false;
    }
    this.deliver(source, outcome.read);
    return true;
  }

  private deliver(source: Source, read: ReadData): void {
    this.take(read.task, source);
    this.context.send({ type: "data", read }, buffersOf(read.packed));
  }

  /** There is nothing to wait for: generated images are painted one by one when they are used. */
  private generate(source: Source & { kind: "generated" }, side: number): boolean {
    this.reader.cancel();
    this.context.sources.setState({ reading: undefined });
    this.take(this.task.name, source);
    this.context.send({ type: "generate", id: pageOf(this.wanted.preset).generated.idOf({ ...source.options, side }) });
    return true;
  }

  private take(task: string, source: Source): void {
    this.made[task] = source;
    this.delivered.add(task);
    const { page } = this.task.generated;
    const { address, sources } = this.context;
    const word = source.kind === "generated" ? wordFor(source.options, this.task, page) : source.sample;
    const isUsual = source.kind === "generated" && word === undefined;
    // The usual images stand in for those of the Hub until these are fetched, or others are chosen.
    if (!isUsual) sources.setState(({ offered }) => ({ offered: { ...offered, data: undefined } }));
    address.writeData(word ?? sources.getState().offered.data);
  }

  /** What the task's data were last made from; by default they are generated. */
  private source(): Source {
    return this.made[this.task.name] ?? generatedSource(this.task);
  }

  /** The images that the page's address names when it is opened, for the first task that is shown; those to be fetched by their name. */
  private takeAddress(): string | undefined {
    const { address, store } = this.context;
    const { data } = address.read();
    if (data === undefined || this.delivered.size > 0) return undefined;
    if (isSample(data, this.task)) return data;
    if (this.isOfHub(data)) {
      this.offer(data);
      return undefined;
    }
    const named = namedSource(data, this.task);
    if (named) this.made[this.task.name] = named;
    else store.setState(({ urlProblems }) => ({ urlProblems: [...urlProblems, unknownImages(data, this.task)] }));
    return undefined;
  }

  private dropWish(): void {
    this.wish++;
    this.reader.cancel();
    this.context.sources.setState({ reading: undefined });
  }

  /** There is always something to learn from: generated data if nothing else has been loaded for this task. */
  private ensure(): void {
    if (!this.delivered.has(this.task.name)) void this.loadGenerated();
  }

  private tellReading(what: string, share?: number): void {
    this.context.sources.setState({ reading: { what, share } });
  }

  private refuse(refusal?: { message: string; remedy: string }): void {
    refuse(this.context.sources, "data", refusal);
  }
}
