/**
 * What a visitor can do with the Hub: look up what a name stands for, and fetch it. Each asks huggingface.co, and only when it is called.
 * Loaded when it is wanted.
 */
import { create, type StoreApi, type UseBoundStore } from "zustand";
import { type HubAddress, hubWord, readHubWord, readModelWord, USUAL_ROWS } from "../../data/hub/address";
import type { EngineError } from "../../engine/errors";
import type { HubCommand, HubEvent, HubFacts, HubKind } from "../../worker/hubProtocol";
import type { GivenFile } from "../../worker/readerProtocol";
import type { KeyValueStore } from "../../worker/storage";
import type { WorkerLike } from "./connection";
import type { Refusal } from "./sources";

/** What a person has entered. */
export interface HubEntry {
  /** As `HubAddress` has it, after "hf:", without rows; or an address at huggingface.co. */
  name: string;
  train: number;
  test: number;
  spread: boolean;
}

export interface HubState {
  entry: HubEntry;
  phase: "idle" | "looking" | "looked" | "fetching";
  /** What was looked up. */
  facts?: HubFacts;
  /** How much of it has come, 0..1; seconds until the Hub is asked again. */
  share?: number;
  waiting?: number;
  refusal?: Refusal;
  /** Bytes that are kept in this browser. */
  kept: number;
  /** In memory; in storage only where `keepsToken` says so. */
  token: string;
  keepsToken: boolean;
}

/** What the actions need of the page. */
export interface HubOutside {
  worker(): WorkerLike;
  storage: KeyValueStore;
  keptBytes(): Promise<number>;
  emptyKept(): Promise<void>;
  /** Takes in what was fetched. */
  take(files: GivenFile[], told: { word: string; name: string; notes: string[] }): Promise<unknown>;
}

export const HUB_TOKEN = "hub-token";
const EMPTY: HubEntry = { name: "", ...USUAL_ROWS, spread: false };

export class HubActions {
  readonly store: UseBoundStore<StoreApi<HubState>>;
  private worker?: WorkerLike;
  /** The word that was looked up last. */
  private word = "";

  constructor(
    private readonly kind: HubKind,
    private readonly outside: HubOutside,
  ) {
    this.store = create<HubState>()(() => ({ entry: EMPTY, phase: "idle", kept: 0, token: "", keepsToken: false }));
  }

  /** Reads how much is kept, and the token where it was to be kept. */
  async open(): Promise<void> {
    const token = await this.outside.storage.recall<string>(HUB_TOKEN);
    this.store.setState({ kept: await this.outside.keptBytes(), ...(typeof token === "string" && token && { token, keepsToken: true }) });
  }

  /** Enters what a word names; what was looked up before no longer counts. */
  enter(word: string): void {
    try {
      const { rows = USUAL_ROWS, spread = false, ...place } = readHubWord(word);
      this.edit({ name: hubWord(place).slice("hf:".length), ...rows, spread });
    } catch (error) {
      this.edit({ name: word });
      this.refuse(error as EngineError);
    }
  }

  edit(part: Partial<HubEntry>): void {
    this.end();
    this.store.setState(({ entry }) => ({ entry: { ...entry, ...part }, facts: undefined, refusal: undefined }));
  }

  /** Keeps the token in memory, and in this browser's storage where that is wanted. */
  async setToken(token: string, keeps: boolean): Promise<void> {
    const { storage } = this.outside;
    this.store.setState({ token, keepsToken: keeps });
    await (keeps && token ? storage.keep(HUB_TOKEN, token) : storage.forget(HUB_TOKEN));
  }

  /** Asks the Hub what there is of that name. */
  look(): void {
    this.end();
    const { entry, token } = this.store.getState();
    try {
      this.word = hubWord(this.addressOf(entry));
    } catch (error) {
      this.refuse(error as EngineError);
      return;
    }
    this.store.setState({ phase: "looking", facts: undefined, refusal: undefined });
    this.worker = this.outside.worker();
    this.worker.onmessage = ({ data }: MessageEvent<HubEvent>) => void this.receive(data);
    this.worker.onerror = ({ message }) => this.refuse({ what: message || "Fetching ended unexpectedly.", remedy: "Ask for fewer rows." });
    this.send({ type: "look", what: this.kind, word: this.word, ...(token && { token }) });
  }

  /** Fetches what was looked up. */
  fetch(): void {
    if (this.store.getState().phase !== "looked") return;
    this.store.setState({ phase: "fetching", share: 0, refusal: undefined });
    this.send({ type: "fetch" });
  }

  /** Gives up. What has come is kept; the next time the rest is fetched. */
  async cancel(): Promise<void> {
    this.end();
    this.store.setState({ facts: undefined, kept: await this.outside.keptBytes() });
  }

  /** Removes all that was fetched and is kept. */
  async empty(): Promise<void> {
    await this.outside.emptyKept().catch(() => undefined);
    this.end();
    this.store.setState({ facts: undefined, kept: await this.outside.keptBytes() });
  }

  private addressOf({ name, train, test, spread }: HubEntry): HubAddress {
    const word = `hf:${name
      .trim()
      .replace(/^https?:\/\/(?:huggingface\.co|hf\.co)\/(?:datasets\/)?/, "")
      .replace(/^hf:/, "")
      .replace(/\/$/, "")}`;
    if (this.kind === "model") return readModelWord(word);
    const { rows = { train, test }, ...place } = readHubWord(word);
    return { ...place, rows, ...(spread && { spread }) };
  }

  private async receive(event: HubEvent): Promise<void> {
    if (event.type === "looked") this.store.setState({ phase: "looked", facts: event.facts, waiting: undefined });
    else if (event.type === "progress") this.store.setState({ share: event.share, waiting: undefined });
    else if (event.type === "waiting") this.store.setState({ waiting: Math.ceil(event.ms / 1000) });
    else if (event.type === "refused") this.refuse({ what: event.message, remedy: event.remedy });
    else await this.take(event);
  }

  private async take({ files, name, notes }: Extract<HubEvent, { type: "fetched" }>): Promise<void> {
    this.end();
    this.store.setState({ facts: undefined, kept: await this.outside.keptBytes() });
    await this.outside.take(files, { word: this.word, name, notes });
  }

  private refuse({ what, remedy }: Pick<EngineError, "what" | "remedy">): void {
    this.end();
    this.store.setState({ facts: undefined, refusal: { message: what, remedy } });
  }

  private end(): void {
    this.worker?.terminate();
    this.worker = undefined;
    this.store.setState({ phase: "idle", share: undefined, waiting: undefined });
  }

  private send(command: HubCommand): void {
    this.worker?.postMessage(command, []);
  }
}
