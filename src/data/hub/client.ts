/** Asks the Hub. Whatever it answers becomes what was asked for, or a DataError in words; waits and asks again where that helps. */
import { DataError } from "../dataset";
import { HUB, HUB_FILES } from "./hosts";

export type RepoKind = "datasets" | "models";

export interface Repo {
  kind: RepoKind;
  name: string;
}

export interface FileFacts {
  path: string;
  /** In bytes. */
  size: number;
}

/** What the Hub says of a repository as it is at a revision. */
export interface RepoFacts {
  repo: Repo;
  /** The revision's own name: what is under it never changes. */
  sha: string;
  licence?: string;
  /** The head of its README. */
  card: Record<string, unknown>;
  files: FileFacts[];
}

export interface HubOptions {
  /** Another server that speaks the same API; the person who names it trusts it. */
  endpoint?: string;
  token?: string;
  fetch?: typeof fetch;
  /** Waits so many milliseconds. */
  wait?(ms: number): Promise<unknown>;
  /** Milliseconds without a byte after which an answer counts as cut off. */
  patience?: number;
}

/** How often in a row something may fail before it is given up. */
const TRIES = 4;
/** The longest wait that is not left to the person, and the first of those that double. */
const [LONGEST_MS, FIRST_MS] = [60_000, 1000];
const PATIENCE_MS = 30_000;

export const NOTHING_LOST = "What has come so far is kept: try again, and it goes on from there.";

export class Hub {
  readonly endpoint: string;
  readonly host: string;
  private readonly wait: (ms: number) => Promise<unknown>;

  constructor(private readonly options: HubOptions = {}) {
    this.endpoint = (options.endpoint ?? HUB).replace(/\/+$/, "");
    this.host = new URL(this.endpoint).host;
    this.wait = options.wait ?? ((ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  }

  /** What there is to know of a repository; of a revision of it, where one is named. */
  async facts(repo: Repo, revision?: string): Promise<RepoFacts> {
    const at = revision === undefined ? "" : `/revision/${encodeURIComponent(decoded(revision))}`;
    const response = await this.ask(repo, `/api/${repo.kind}/${repo.name}${at}?blobs=true`);
    const json = await response.json().catch(() => undefined);
    if (!json || typeof json !== "object" || !isName(json.sha, REVISION))
      throw new DataError(`${this.host} answers about ${repo.name} with something that cannot be read.`, "Try again later.");
    const named: Repo = { kind: repo.kind, name: isName(json.id, NAME) ? json.id : repo.name };
    if (json.gated && !this.options.token) throw this.gated(named);
    const card = json.cardData ?? {};
    const licence = [card.license ?? []]
      .flat()
      .filter((one) => typeof one === "string")
      .join(", ");
    return { repo: named, sha: json.sha, card, files: filesIn(json.siblings), ...(licence && { licence }) };
  }

  /** Bytes `from` up to `to` of a file, in pieces as they come; where the stream ends early, the rest is asked for. */
  async stream(repo: Repo, sha: string, path: string, from: number, to: number, take: (piece: Uint8Array) => Promise<void>): Promise<void> {
    const folder = repo.kind === "datasets" ? "/datasets" : "";
    const address = `${folder}/${repo.name}/resolve/${sha}/${path.split("/").map(encodeURIComponent).join("/")}`;
    let at = from;
    for (let failed = 0; at < to; ) {
      const before = at;
      for await (const piece of this.pieces(repo, address, at, to)) {
        if (at + piece.length > to) throw new DataError(`${this.host} sends more of ${path} than was asked for.`, "Try again later.");
        at += piece.length;
        await take(piece);
      }
      failed = at > before ? 0 : failed + 1;
      if (at < to && failed === TRIES)
        throw new DataError(`${path} of ${repo.name} was cut off at byte ${at} again and again.`, NOTHING_LOST);
      if (at < to) await this.wait(FIRST_MS * 2 ** failed);
    }
  }

  /** Ends where the connection does, or where nothing has come for a while. */
  private async *pieces(repo: Repo, address: string, from: number, to: number): AsyncGenerator<Uint8Array> {
    const response = await this.ask(repo, address, { Range: `bytes=${from}-${to - 1}` });
    if (response.status !== 206 && from > 0) {
      await response.body?.cancel();
      throw new DataError(`${this.host} does not send parts of files.`, "Without that nothing can be read from it here.");
    }
    const reader = response.body?.getReader();
    if (!reader) return;
    try {
      for (;;) {
        const { done, value } = await inTime(reader.read(), this.options.patience ?? PATIENCE_MS).catch(() => ({
          done: true,
          value: undefined,
        }));
        if (done) return;
        // A server that sends the whole file in answer is left once the part has come.
        const piece = value!.subarray(0, to - from);
        from += piece.length;
        yield piece;
        if (from === to) return;
      }
    } finally {
      void reader.cancel().catch(() => undefined);
    }
  }

  /** An answer that is none of an error. */
  private async ask(repo: Repo, address: string, headers: Record<string, string> = {}): Promise<Response> {
    for (let tried = 1; ; tried++) {
      const response = await this.tryToAsk(address, headers);
      if (response?.ok) return this.requireHost(response);
      const ms = FIRST_MS * 2 ** tried;
      const due = response?.status === 429 ? secondsIn(response) * 1000 || ms : ms;
      const passes = !response || response.status === 429 || response.status >= 500;
      if (!passes || tried === TRIES || due > LONGEST_MS) throw this.refusal(repo, response, due);
      await response?.body?.cancel();
      await this.wait(due);
    }
  }

  /** Undefined where there was no answer at all. */
  private async tryToAsk(address: string, headers: Record<string, string>): Promise<Response | undefined> {
    const { token, fetch: ask = fetch } = this.options;
    const all = { ...headers, ...(token && { Authorization: `Bearer ${token}` }) };
    // Browsers and Node leave the token out where they are sent on to another host.
    return ask(this.endpoint + address, { headers: all, credentials: "omit", referrerPolicy: "no-referrer" }).catch(() => undefined);
  }

  /** Refuses an answer from a host that the Hub is not known to send to. */
  private async requireHost(response: Response): Promise<Response> {
    const { origin } = new URL(response.url || this.endpoint);
    if (this.endpoint !== HUB || origin === HUB || HUB_FILES.includes(origin)) return response;
    await response.body?.cancel();
    throw new DataError(
      `${this.host} sends on to ${origin}, which is not known to be its own.`,
      "Nothing was read from there. A newer version of this program may know it.",
    );
  }

  private pageOf({ kind, name }: Repo): string {
    return `${this.endpoint}/${kind === "datasets" ? "datasets/" : ""}${name}`;
  }

  /** For a repository whose owner wants terms to be accepted. */
  private gated(repo: Repo): DataError {
    const remedy = this.options.token ? "with the account that the token is of." : "and give a token of your account.";
    return new DataError(
      `${repo.name} is only for those who have accepted its terms.`,
      `Read and accept them at ${this.pageOf(repo)}, ${remedy}`,
    );
  }

  private refusal({ kind, name }: Repo, response: Response | undefined, due: number): DataError {
    const { host } = this;
    const hasToken = Boolean(this.options.token);
    if (!response) return new DataError(`${host} cannot be reached.`, `Are you offline? ${NOTHING_LOST}`);
    const code = response.headers.get("X-Error-Code") ?? "";
    const what = kind === "datasets" ? "data set" : "model";
    const { status } = response;
    if (code === "GatedRepo" || status === 403) return this.gated({ kind, name });
    if (code === "RevisionNotFound")
      return new DataError(
        `${name} has no such revision at ${host}.`,
        `Its branches and tags are listed at ${this.pageOf({ kind, name })}.`,
      );
    if (code === "EntryNotFound") return new DataError(`${name} has a file in its list that ${host} does not have.`, "Try again later.");
    if (status === 401 && hasToken && code !== "RepoNotFound")
      return new DataError(`${host} does not accept the token.`, `Make one that may read at ${this.endpoint}/settings/tokens.`);
    if (status === 401 || status === 404)
      return new DataError(
        `There is no ${what} ${name} at ${host}, or it is private.`,
        "Check owner and name; a private one needs a token of yours.",
      );
    if (status === 429)
      return new DataError(`${host} has had too many requests from here (429).`, `Wait ${Math.ceil(due / 1000)} seconds. ${NOTHING_LOST}`);
    return new DataError(`${host} answers with error ${status}.`, status >= 500 ? `Try again later. ${NOTHING_LOST}` : "Check the name.");
  }
}

const decoded = (revision: string): string => {
  try {
    return decodeURIComponent(revision);
  } catch {
    return revision;
  }
};

/** How the Hub names repositories and revisions: what it answers becomes part of what it is asked next. */
const NAME = /^\w[\w.-]*(\/\w[\w.-]*)?$/;
const REVISION = /^\w+$/;

const isName = (value: unknown, shape: RegExp): value is string =>
  typeof value === "string" && value.length <= LONGEST && shape.test(value);

/** Letters of a name or a path, at most. */
const LONGEST = 4096;

/** The files of its list that can be asked for. */
function filesIn(siblings: unknown): FileFacts[] {
  const all: unknown[] = Array.isArray(siblings) ? siblings : [];
  return all.flatMap((one) => {
    const { rfilename: path, size } = (one ?? {}) as { rfilename?: unknown; size?: unknown };
    return isPath(path) && isSize(size) ? [{ path, size }] : [];
  });
}

const isSize = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether a path stays within its repository, and can stand in an address: it can unless half a letter is missing. */
const isPath = (value: unknown): value is string =>
  typeof value === "string" && value.length <= LONGEST && value.isWellFormed() && !/(^|\/)\.\.?(\/|$)/.test(value);

/** What a server asks to wait, in seconds or as a date; 0 where it does not say. */
function secondsIn(response: Response): number {
  const said = response.headers.get("Retry-After") ?? "";
  const seconds = /^\d+$/.test(said) ? Number(said) : (Date.parse(said) - Date.now()) / 1000;
  return Math.max(0, seconds || 0);
}

function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("too late")), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
