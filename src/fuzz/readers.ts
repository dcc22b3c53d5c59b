/** Every reader of what comes from outside, with what makes inputs for it. */

import { decodeInNode, decodeWholeInNode } from "../cli/decode.node";
import { rowsIn } from "../cli/rows";
import { Findings } from "../data/annotated";
import { Copies } from "../data/copies";
import type { DetectionSet } from "../data/detection";
import type { SourceFile } from "../data/files";
import { file } from "../data/files.fixture";
import { readHubWord } from "../data/hub/address";
import { Hub } from "../data/hub/client";
import { modelFilesOf, modelPlanOf } from "../data/hub/model";
import { planOf } from "../data/hub/plan";
import { filesOf } from "../data/hub/rows";
import { isHubWord } from "../data/hub/word";
import { readMask } from "../data/masks";
import { openFiles } from "../data/open";
import { openDetection } from "../data/open.detection";
import { openSegmentation } from "../data/open.segmentation";
import { openSounds } from "../data/open.sounds";
import { eachPicture } from "../data/pictures";
import { unpacked } from "../data/unpack";
import type { Engine } from "../engine/device";
import { initDetector } from "../models/detector/init";
import { readSafetensors, readSafetensorsMetadata } from "../models/safetensors";
import { override } from "../ops/tune";
import { SCHEMA, TASKS } from "../tasks";
import { claimsIn } from "../tasks/claimsFile";
import { readAnswers } from "../tasks/classification/answers";
import { beginning, changesOf, sizesOf } from "../tasks/detection/beginning";
import { readDetector } from "../tasks/detection/network";
import { generatedBy, sampleBy } from "../tasks/generated";
import { networkIn } from "../tasks/networkFiles";
import { readNetwork as readSegmenter } from "../tasks/segmentation/network";
import { readNetwork as readViT } from "../tasks/vitNetwork";
import { readNetwork as readYolos } from "../tasks/yolos/network";
import { opened, sealed } from "../train/bundle";
import { askedIn } from "../ui/claims/file";
import { difference } from "../ui/state/difference";
import { runsIn } from "../ui/state/logs";
import { openRunFile } from "../ui/state/runFile";
import type { Run } from "../ui/state/runs";
import { rowsOf, toCsv, toJson, toLatex } from "../ui/state/runTable";
import type { Draws } from "./draws";
import { gzipped, someTar, someZip, withChangedChunk } from "./make.archives";
import { someCoco, someFolders, someMasks, someNumbers, someVoc, someYolo } from "./make.data";
import { someConfigs, someFacts, someHistory, someLog, someSounds } from "./make.page";
import { someParquet } from "./make.parquet";
import { somePicture, somePng } from "./make.pictures";
import {
  someAnswers,
  someBeginning,
  someCheckpoint,
  someDetector,
  someResnet,
  someSegmenter,
  someTensors,
  someViT,
  someYolosNetwork,
  wholeCheckpoint,
} from "./make.weights";
import { someAddress, someClaims, someRows, someSettings } from "./make.words";
import { mutatedBytes } from "./mutate.bytes";
import type { Reader } from "./reader";
import { soundAnswers, soundData, soundNetwork, soundRun } from "./sound";

/** Pixels along an edge of what data sets are read to. */
const SIDE = 8;
const OPTIONS = { side: SIDE, seed: 1 };
/** Deflate makes at most 1,032 bytes of one; samples of a bit become bytes, and what is unpacked is copied now and then. */
const PACKED = 12 * 1032;

type Bytes = Uint8Array;
const someOf = (name: string, make: (draws: Draws) => Bytes) => (draws: Draws) => [file(name, make(draws))];
const changedMostly = (bytes: Bytes, draws: Draws) => (draws.chance(0.8) ? mutatedBytes(bytes, draws) : bytes);

/** Reads all that is in archives, as a data set of them would. */
async function readAll(files: SourceFile[]): Promise<void> {
  for (const one of await unpacked(files, new Findings())) await one.bytes();
}

/** A picture is read, or noted with its reason. */
async function readPictures(files: SourceFile[]): Promise<void> {
  const findings = new Findings();
  const look = { findings, copies: new Copies(findings), test: false };
  await eachPicture(
    files,
    (bytes) => decodeWholeInNode(bytes, SIDE),
    look,
    () => {},
  );
}

const withBytes = (read: (bytes: Bytes, name: string) => unknown) => async (files: SourceFile[]) => {
  const [{ bytes, path }] = files;
  await read(await bytes(), path);
};

const images = async (files: SourceFile[]) => {
  const data = await openFiles(files, { ...OPTIONS, decode: decodeInNode });
  soundData(data, data.channels);
};
const boxes = async (files: SourceFile[]) => soundData(await openDetection(files, { ...OPTIONS, decode: decodeWholeInNode }), 3);
const masks = async (files: SourceFile[]) => soundData(await openSegmentation(files, { ...OPTIONS, decode: decodeWholeInNode }), 3);

/** A server of the Hub's API that has these files of one data set, and its card. */
async function hubOf(all: SourceFile[]): Promise<Hub> {
  const files = all.slice(0, -1);
  const card = new TextDecoder().decode(await all.at(-1)!.bytes());
  const siblings = files.map(({ path, size }) => ({ rfilename: path, size }));
  const answer = async (address: string, headers: Record<string, string>) => {
    const found = files.find(({ path }) => address.endsWith(path));
    if (address.includes("/revision/")) return new Response(null, { status: 404 });
    if (!found) return new Response(`{"id":"me/set","sha":"a","siblings":${JSON.stringify(siblings)},"cardData":${card}}`);
    const [from, to] = headers.Range.slice("bytes=".length).split("-").map(Number);
    return new Response((await found.bytes()).slice(from, to + 1), { status: 206 });
  };
  return new Hub({
    endpoint: "https://hub.example",
    fetch: (address, init) => answer(String(address), init?.headers as Record<string, string>),
  });
}

const NOWHERE = { list: async () => [], read: async () => undefined, write: async () => undefined };

/** As a data set of the Hub: described, its rows read, and these as the files that they are. */
async function parquet(files: SourceFile[]): Promise<void> {
  const plan = await planOf({ name: "me/set" }, await hubOf(files), NOWHERE);
  const read = await filesOf(plan);
  await (plan.columns.objects ? boxes : images)(read.files);
}

/** A server that answers this about a data set and a model, and zeros for their files. */
async function facts(text: string): Promise<void> {
  const answer = async (address: unknown, { headers }: RequestInit = {}) => {
    if (String(address).includes("/revision/")) return new Response(null, { status: 404 });
    if (String(address).includes("/api/")) return new Response(text);
    const [from, to] = (headers as Record<string, string>).Range.slice("bytes=".length).split("-").map(Number);
    // Nobody waits for a gigabyte of zeros.
    return new Response(to - from < 1e6 ? new Uint8Array(to + 1 - from) : null, { status: 206 });
  };
  const hub = new Hub({ endpoint: "https://hub.example", fetch: answer as typeof fetch, wait: async () => undefined });
  await modelFilesOf(await modelPlanOf({ name: "me/set" }, hub, NOWHERE));
  await planOf({ name: "me/set" }, hub, NOWHERE);
}

const readTensors = (bytes: Bytes, name: string) => [readSafetensors(bytes, name), readSafetensorsMetadata(bytes, name)];

/** Published classes may have one name twice: which is meant is asked once data wants it. */
const vit = async (bytes: Bytes, name: string, hints?: Parameters<typeof readViT>[2]) => {
  const network = await readViT(bytes, name, hints);
  const classes = network.classes?.map((one, i, all) => (all.indexOf(one) < i ? `${one} #${i}` : one));
  soundNetwork({ ...network, classes }, network.config.classes, network.config.channels);
};
const answers = async (bytes: Bytes, name: string) => {
  const { classes, data, train, test } = await readAnswers(bytes, name);
  soundAnswers(classes, data, [train, test]);
};
const detector = async (bytes: Bytes, name: string) => {
  const network = await readDetector(bytes, name);
  soundNetwork(network, network.begins ? 0 : network.config.classes, 3);
};
const segmenter = async (bytes: Bytes, name: string) => {
  const network = await readSegmenter(bytes, name);
  soundNetwork(network, network.config.classes, network.config.encoder.channels);
};

/** A student of the file's sizes begins as it. */
const begun = async (bytes: Bytes, name: string) => {
  const start = await readDetector(bytes, name);
  const { classes, config, moments } = start;
  const set = { side: 64, classes: ["cat", "dog"], moments: { mean: [0.4, 0.5, 0.6], std: [0.2, 0.2, 0.3] } } as unknown as DetectionSet;
  const pairs = Object.entries({ preset: "samkd", ...sizesOf(start) }).map(([key, value]): [string, string] => [key, String(value)]);
  SCHEMA.fromPairs(pairs);
  changesOf(start, set);
  const own = { ...config, image: 64, classes: 2, ...(config.plain && { plain: { ...config.plain, window: 1 } }) };
  const weights = beginning(initDetector(own, 2), start, own, set);
  soundNetwork({ classes: classes.length > 0 ? classes : undefined, moments, weights }, 0, moments.mean.length);
};

/** A network with its configuration beside it, as people download it. */
const folder = async (files: SourceFile[]) => {
  const { bytes, name, hints } = await networkIn(files);
  await vit(bytes, name, hints);
};

/** Runs made elsewhere, compared and written down. */
const log = async (text: string) => {
  const runs = (await runsIn(text, "log.jsonl")).map((run, i): Run => ({ ...run, id: i + 1, colour: i }));
  for (const write of [toCsv(rowsOf(runs, 1)), toJson(runs, 1), toLatex(runs, 1)])
    if (write.includes("undefined") && !text.includes("undefined")) throw new Error(write);
  const some = runs.slice(0, 3);
  for (const run of some) for (const other of some) difference(run, other, some);
};

/** A run's file with this history: its curves go on. */
const seen = async (text: string) => {
  const bytes = await sealed(wholeCheckpoint(), "a GPU", text);
  const { history } = await openRunFile(new File([bytes as BlobPart], "run.safetensors"), "another GPU");
  history!.push({ step: 4, losses: { ce: 1 }, rates: { student: 1 }, lr: 1, ms: 1, imagesPerSecond: 1 });
  history!.measured("scores", { top1: 1 });
  history!.keep("naming", "maps", { step: 4, value: 1 }, 9);
  structuredClone(history);
};

const sounds = async (files: SourceFile[]) => {
  const data = await openSounds(files, OPTIONS);
  soundData(data, 1);
};

const yolos = async (bytes: Bytes, name: string) => {
  const network = await readYolos(bytes, name);
  soundNetwork(network, network.config.classes, network.config.encoder.channels);
};

/** Facts of an adapter, for the choice of kernels that an address may name. */
const engine = { facts: { name: "none", software: false, subgroup: 32 } } as unknown as Engine;

/** As the page reads its address: settings, generated images, kernels. */
function address(query: string): void {
  const words = new URLSearchParams(query);
  const { settings } = SCHEMA.fromPairs(words);
  for (const [key, value] of Object.entries(settings)) SCHEMA.parse(key, value, settings.preset);
  for (const task of Object.values(TASKS)) {
    generatedBy(words.get("data") ?? "", task, task.generated.page);
    sampleBy(words.get("data") ?? "", task);
  }
  askedIn(query);
  if (isHubWord(words.get("data") ?? "")) readHubWord(words.get("data")!);
  override(engine, words.get("kernels") ?? "");
}

const asText = (read: (text: string) => unknown) => withBytes((bytes) => read(new TextDecoder().decode(bytes)));
const someText = (name: string, make: (draws: Draws) => string) => someOf(name, (draws) => new TextEncoder().encode(make(draws)));

export const READERS: readonly Reader[] = [
  {
    name: "picture",
    make: (draws) => {
      const [ending, bytes] = somePicture(draws);
      return [file(`a.${ending}`, changedMostly(bytes, draws))];
    },
    read: readPictures,
  },
  {
    name: "mask",
    make: someOf("m.png", (draws) => (draws.chance(0.5) ? withChangedChunk(somePng(draws), draws) : mutatedBytes(somePng(draws), draws))),
    read: withBytes(readMask),
    times: PACKED,
  },
  {
    name: "zip",
    make: someOf("a.zip", (draws) => (draws.chance(0.5) ? someZip(draws) : mutatedBytes(someZip(draws), draws))),
    read: readAll,
    times: PACKED,
  },
  {
    name: "tar",
    make: someOf("a.tar", (draws) => (draws.chance(0.7) ? someTar(draws) : mutatedBytes(someTar(draws), draws))),
    read: readAll,
    times: PACKED,
  },
  { name: "gzip", make: someOf("a.tar.gz", (draws) => gzipped(someTar(draws), draws)), read: readAll, times: PACKED },
  { name: "numbers", make: someNumbers, read: images, times: PACKED },
  { name: "folders", make: someFolders, read: images },
  { name: "coco", make: someCoco, read: boxes },
  { name: "voc", make: someVoc, read: boxes },
  { name: "yolo", make: someYolo, read: boxes },
  { name: "masks", make: someMasks, read: masks, times: PACKED },
  { name: "parquet", make: someParquet, read: parquet, times: PACKED },
  { name: "safetensors", make: someOf("a.safetensors", someTensors), read: withBytes(readTensors) },
  { name: "vit", make: someOf("a.safetensors", someViT), read: withBytes(vit) },
  { name: "answers", make: someOf("a.safetensors", someAnswers), read: withBytes(answers) },
  { name: "detector", make: someOf("a.safetensors", someDetector), read: withBytes(detector) },
  { name: "backbone", make: someOf("a.safetensors", someResnet), read: withBytes(detector) },
  { name: "segmenter", make: someOf("a.safetensors", someSegmenter), read: withBytes(segmenter) },
  { name: "begun", make: someOf("a.safetensors", someBeginning), read: withBytes(begun) },
  { name: "folder", make: (draws) => [file("net/model.safetensors", someViT(draws)), ...someConfigs(draws)], read: folder },
  { name: "sounds", make: someSounds, read: sounds },
  { name: "log", make: someText("log.jsonl", someLog), read: asText(log) },
  { name: "seen", make: someText("history.json", someHistory), read: asText(seen) },
  { name: "facts", make: someText("facts.json", someFacts), read: asText(facts) },
  { name: "yolos", make: someOf("a.safetensors", someYolosNetwork), read: withBytes(yolos) },
  {
    name: "run",
    make: someOf("a.safetensors", someCheckpoint),
    read: withBytes(async (bytes, name) => soundRun((await opened(bytes, name)).checkpoint)),
  },
  { name: "address", make: someText("address", someAddress), read: asText(address) },
  { name: "rows", make: someText("rows.jsonl", someRows), read: asText((text) => rowsIn(text, "rows.jsonl")) },
  { name: "claims", make: someText("claims.json", someClaims), read: asText((text) => claimsIn(JSON.parse(text))) },
  { name: "settings", make: someText("settings", someSettings), read: asText((text) => SCHEMA.checked(JSON.parse(text))) },
];
