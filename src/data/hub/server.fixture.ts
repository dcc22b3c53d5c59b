/** A server that speaks as much of the Hub's API as is asked here, for tests: lists, files by range, and a second host that it sends on to. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A file; or one of any size whose beginning and end are of these bytes, with nothing between: nobody makes 100 GB for a test. */
export type FakeFile = Uint8Array | { size: number; ends: Uint8Array };

export interface FakeRepo {
  files?: Record<string, FakeFile>;
  /** What the Hub has converted: the branch refs/convert/parquet. */
  converted?: Record<string, FakeFile>;
  card?: object;
  /** Who may read it: whoever has accepted its terms, or its owner; both have this token. */
  gated?: string;
  private?: string;
  /** The name it has now. */
  movedTo?: string;
}

/** How a request is answered in place of the usual answer. */
export interface Fault {
  status?: number;
  headers?: Record<string, string>;
  /** Sends so many bytes of the answer, and then ends the connection, or no more. */
  cut?: number;
  stall?: number;
  /** Answers with the whole file, whatever part was asked for. */
  whole?: boolean;
}

export interface FakeHub {
  endpoint: string;
  /** The host of the files. */
  files: string;
  /** What was asked for, in order: path and range. */
  asked: string[];
  /** Bytes of files that were sent. */
  sent: number;
  /** Tokens that came to the host of the files: none should. */
  leaked: string[];
  /** Is asked before each answer; `path` as in `asked`. */
  fault?: (path: string) => Fault | undefined;
  close(): Promise<void>;
}

const SHA = { main: "a".repeat(40), converted: "c".repeat(40) };
const CONVERTED = "refs%2Fconvert%2Fparquet";

/** Serves data sets and models by their names, with "datasets/" or "models/" before them. */
export async function serveHub(repos: Record<string, FakeRepo>): Promise<FakeHub> {
  const hub: FakeHub = { endpoint: "", files: "", asked: [], sent: 0, leaked: [], close: () => close(servers) };
  const files = createServer((request, response) => {
    if (request.headers.authorization) hub.leaked.push(request.headers.authorization);
    sendFile(hub, repos, request, response);
  });
  const api = createServer((request, response) => answer(hub, repos, request, response));
  const servers = [api, files];
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  hub.endpoint = address(api);
  hub.files = address(files);
  return hub;
}

const address = (server: Server): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function close(servers: Server[]): Promise<void> {
  for (const server of servers) server.closeAllConnections();
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
}

const REPO = "([\\w.-]+(?:/[\\w.-]+)?)";
const API = new RegExp(`^/api/(datasets|models)/${REPO}(?:/revision/([^/?]+))?\\?blobs=true$`);
const RESOLVE = new RegExp(`^/(datasets/)?${REPO}/resolve/([^/]+)/(.+)$`);

function answer(hub: FakeHub, repos: Record<string, FakeRepo>, request: IncomingMessage, response: ServerResponse): unknown {
  const path = request.url!;
  const { range, authorization } = request.headers;
  hub.asked.push(range ? `${path} ${range}` : path);
  const fault = hub.fault?.(path);
  if (fault?.status) return response.writeHead(fault.status, fault.headers).end();
  const list = API.exec(path);
  if (list) return lists(repos, list, authorization, response);
  const [, folder, name] = RESOLVE.exec(path) ?? [];
  const repo = repos[`${folder ? "datasets" : "models"}/${name}`];
  if (!repo) return error(response, 404, "EntryNotFound");
  if (!isAllowed(repo, authorization)) return error(response, authorization ? 403 : 401, repo.gated ? "GatedRepo" : "RepoNotFound");
  return response.writeHead(302, { Location: hub.files + path, "Access-Control-Allow-Origin": "*" }).end();
}

const isAllowed = (repo: FakeRepo, authorization?: string): boolean => {
  const token = repo.gated ?? repo.private;
  return token === undefined || authorization === `Bearer ${token}`;
};

const error = (response: ServerResponse, status: number, code: string): unknown =>
  response.writeHead(status, { "X-Error-Code": code }).end();

function lists(
  repos: Record<string, FakeRepo>,
  [, kind, name, revision = "main"]: string[],
  authorization: string | undefined,
  response: ServerResponse,
): unknown {
  const repo = repos[`${kind}/${name}`];
  // The Hub does not tell strangers which private repositories there are.
  if (!repo || (repo.private && !isAllowed(repo, authorization))) return error(response, authorization ? 404 : 401, "RepoNotFound");
  if (repo.movedTo)
    return void response
      .writeHead(307, { Location: `/api/${kind}/${repo.movedTo}${revision === "main" ? "" : `/revision/${revision}`}?blobs=true` })
      .end();
  const files = revision === CONVERTED ? repo.converted : revision === "main" ? repo.files : undefined;
  if (revision !== "main" && !files) return error(response, 404, "RevisionNotFound");
  const siblings = Object.entries(files ?? {}).map(([rfilename, file]) => ({ rfilename, size: "ends" in file ? file.size : file.length }));
  const facts = {
    id: name,
    sha: revision === CONVERTED ? SHA.converted : SHA.main,
    gated: repo.gated ? "auto" : false,
    cardData: repo.card,
    siblings,
  };
  return response.writeHead(200, { "Content-Type": "application/json" }).end(JSON.stringify(facts));
}

function sendFile(hub: FakeHub, repos: Record<string, FakeRepo>, request: IncomingMessage, response: ServerResponse): unknown {
  const [, folder, name, sha, path] = RESOLVE.exec(request.url!)!;
  const repo = repos[`${folder ? "datasets" : "models"}/${name}`];
  const file = (sha === SHA.converted ? repo.converted : repo.files)?.[decodeURIComponent(path)];
  if (!file) return error(response, 404, "EntryNotFound");
  const fault = hub.fault?.(`file ${request.url}`);
  const [, from, to] = (!fault?.whole && /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? "")) || [];
  const size = "ends" in file ? file.size : file.length;
  const [start, end] = from === undefined ? [0, size] : [Number(from), Math.min(size, Number(to) + 1)];
  const bytes = "ends" in file ? partOf(file, start, end) : file.subarray(start, end);
  const headers = { "Content-Length": bytes.length, "Access-Control-Allow-Origin": "*" };
  response.writeHead(
    from === undefined ? 200 : 206,
    from === undefined ? headers : { ...headers, "Content-Range": `bytes ${start}-${end - 1}/${size}` },
  );
  const part = bytes.subarray(0, fault?.cut ?? fault?.stall);
  hub.sent += part.length;
  if (fault?.cut !== undefined) return response.write(part, () => response.destroy());
  return fault?.stall === undefined ? response.end(part) : response.write(part);
}

function partOf({ size, ends }: { size: number; ends: Uint8Array }, from: number, to: number): Uint8Array {
  const part = new Uint8Array(to - from);
  for (const at of [0, size - ends.length]) {
    const inside = ends.subarray(Math.max(0, from - at), Math.max(0, to - at));
    if (inside.length > 0) part.set(inside, Math.max(0, at - from));
  }
  return part;
}
