/** Data sets and models from a server that speaks the Hub's API, whatever it answers. */
import { PNG } from "pngjs";
import { afterEach, describe, expect, it } from "vitest";
import type { Decode, DecodeWhole } from "../decode";
import { openFiles } from "../open";
import { openDetection } from "../open.detection";
import { readHubWord, readModelWord } from "./address";
import { Hub, type HubOptions } from "./client";
import { Blocks, reason } from "./hub.fixture";
import { modelFilesOf, modelPlanOf } from "./model";
import * as parquet from "./parquet.fixture";
import { planOf } from "./plan";
import { BLOCK } from "./remote";
import { filesOf } from "./rows";
import { type FakeHub, type FakeRepo, serveHub } from "./server.fixture";

let server: FakeHub | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

interface Visit {
  hub: Hub;
  store: Blocks;
  waits: number[];
  server: FakeHub;
}

/** A visitor of a server with these repositories; nobody waits. */
async function visit(repos: Record<string, FakeRepo>, options: HubOptions = {}): Promise<Visit> {
  server = await serveHub(repos);
  const waits: number[] = [];
  const wait = async (ms: number) => void waits.push(ms);
  return { hub: new Hub({ endpoint: server.endpoint, wait, ...options }), store: new Blocks(), waits, server };
}

const plan = ({ hub, store }: Visit, word = "hf:me/set") => planOf(readHubWord(word), hub, store);
const fetched = async (visit: Visit, word?: string) => filesOf(await plan(visit, word));

/** Both halves as the Hub converts them. */
const SET: FakeRepo = {
  card: { license: "mit" },
  converted: { "default/train/0000.parquet": parquet.labelled(24), "default/test/0000.parquet": parquet.labelled(9, 24) },
};

/** The middle of a PNG as a flat picture. */
const decode: Decode = async (bytes, side) => {
  const { data, width, height } = PNG.sync.read(Buffer.from(bytes));
  return new Uint8Array(3 * side * side).fill(data[4 * Math.floor(width * (height / 2 + 0.5))]);
};
const decodeWhole: DecodeWhole = async (bytes, side) => ({ pixels: new Uint8Array(3 * side * side).fill(bytes[0]), width: 20, height: 20 });

describe("a data set of images with classes", () => {
  it("is read with its splits as given, its classes in their own order, and its name", async () => {
    const { files, notes } = await fetched(await visit({ "datasets/me/set": SET }));
    const data = await openFiles(files, { side: 8, seed: 1, decode, name: "me/set" });
    expect([data.name, data.classes, data.train.count, data.test.count]).toEqual(["me/set", parquet.CLASSES, 24, 9]);
    expect([...data.train.labels.subarray(0, 6)]).toEqual([0, 1, 2, 0, 1, 2]);
    expect([0, 1, 2].map((i) => data.train.images[i * 3 * 64])).toEqual([40, 120, 200]);
    expect(notes).toEqual(["Learned from is the split train, held out test."]);
  });

  it("is measured before anything of it is fetched: rows, bytes, licence", async () => {
    const found = await plan(await visit({ "datasets/me/set": SET }), "hf:me/set:12,5");
    expect([found.name, found.licence, found.rows]).toEqual(["me/set", "mit", { train: 12, test: 5 }]);
    const large = { files: { "train.parquet": parquet.noisy(600, 3000) } };
    const [some, all] = [
      await plan(await visit({ "datasets/me/set": large }), "hf:me/set:100"),
      await plan(await visit({ "datasets/me/set": large })),
    ];
    expect([some.bytes / 6 / 50_000, all.bytes / 36 / 50_000].map(Math.round)).toEqual([1, 1]);
    // The end of the file has come already.
    expect(all.missing).toBeLessThan(all.bytes);
  });

  it("gives its first rows, over as many files as it takes", async () => {
    const shards = Object.fromEntries([0, 1, 2].map((i) => [`default/train/000${i}.parquet`, parquet.labelled(10, 10 * i)]));
    const visitor = await visit({ "datasets/me/set": { converted: shards } });
    const { files, notes } = await fetched(visitor, "hf:me/set:14");
    expect(files.map(({ known }) => known!.label)).toEqual(Array.from({ length: 14 }, (_, i) => i % 3));
    expect(visitor.server.asked.filter((path) => path.includes("0002.parquet"))).toEqual([]);
    expect(notes).toEqual(["It is all of the split train; a part of that is held out."]);
  });

  it("gives rows from all over it where it is sorted and that is asked for, and else says that classes are missing", async () => {
    const sorted = Array.from({ length: 30 }, (_, i) => Math.floor(i / 10));
    const img = parquet.imageColumn(
      "img",
      sorted.map((label, i) => ({ bytes: parquet.picture(40 + 80 * label, i) })),
    );
    const file = parquet.parquetOf({ img, label: parquet.labelColumn("label", sorted) }, { rowGroup: 5 });
    const visitor = await visit({ "datasets/me/set": { converted: { "default/train/0.parquet": file } } });
    const options = { side: 8, seed: 1, decode };
    const { files } = await fetched(visitor, "hf:me/set:15,1,spread");
    expect(new Set(files.map(({ known }) => known!.label)).size).toBe(3);
    const first = await openFiles((await fetched(visitor, "hf:me/set:12")).files, options);
    expect([first.classes, first.notes[0]]).toEqual([["zebra", "ant"], "Only 2 of the 3 classes are in what was read: zebra, ant."]);
  });

  it("has the names of its card where its files state none, and else its values are the names", async () => {
    const files = { "data/train-00000-of-00001.parquet": parquet.labelled(9, 0, { stated: false }) };
    const class_label = { names: { 0: "z", 1: "a", 2: "m" } };
    const card = {
      dataset_info: {
        features: [
          { name: "img", dtype: "image" },
          { name: "label", dtype: { class_label } },
        ],
      },
    };
    const known = async (repo: FakeRepo) => (await fetched(await visit({ "datasets/me/set": repo }))).files[0].known;
    expect((await known({ files, card }))?.names).toEqual(["z", "a", "m"]);
    expect((await known({ files }))?.names).toEqual(["0", "1", "2"]);
    const named = parquet.parquetOf({
      image: parquet.imageColumn("image", parquet.pictures(3)),
      label: parquet.textColumn("label", ["b", "a", "b"]),
    });
    expect(await known({ files: { "train.parquet": named } })).toEqual({ names: ["a", "b"], label: 1, test: false });
    // Its card may write a name in other letters of Unicode than its values, or both in those that are taken apart.
    const apart = "cafe\u0301";
    const written = parquet.parquetOf({
      image: parquet.imageColumn("image", parquet.pictures(2)),
      label: { ...parquet.textColumn("label", ["tea", apart]), feature: { _type: "ClassLabel", names: [apart, "tea"] } },
    });
    const all = (await fetched(await visit({ "datasets/me/set": { files: { "train.parquet": written } } }))).files;
    expect(all.map((one) => one.known!.names[one.known!.label])).toEqual(["tea", "caf\u00e9"]);
  });

  it("is held out by validation where there is no test, or by what the address names", async () => {
    const converted = Object.fromEntries(
      ["train", "validation", "extra"].map((split) => [`tiny/${split}/0000.parquet`, parquet.labelled(3)]),
    );
    const repo = { converted: { ...converted, "large/train/0000.parquet": parquet.labelled(3) } };
    const visitor = await visit({ "datasets/me/set": repo });
    expect((await plan(visitor)).notes).toEqual([
      "Of its 2 configurations this is tiny; others are large.",
      "Learned from is the split train, held out validation; extra is left out.",
    ]);
    expect((await plan(visitor, "hf:me/set/tiny/extra,train")).notes).toEqual([
      "Learned from is the split extra, held out train; validation is left out.",
    ]);
    expect(await reason(plan(visitor, "hf:me/set/huge"))).toBe(
      "me/set has no configuration huge. It has tiny, large. Write hf:me/set/tiny.",
    );
    expect(await reason(plan(visitor, "hf:me/set/tiny/test"))).toContain("me/set has no split test. It has train, validation, extra.");
  });

  it.each(["UNCOMPRESSED", "SNAPPY", "GZIP", "BROTLI", "ZSTD", "LZ4_RAW"] as const)("is unpacked from %s", async (codec) => {
    const { files } = await fetched(await visit({ "datasets/me/set": { files: { "train.parquet": parquet.labelled(9, 0, { codec }) } } }));
    expect(await Promise.all(files.map(({ bytes }) => bytes()))).toEqual(parquet.pictures(9).map(({ bytes }) => bytes));
  });

  it("leaves rows without a class or a picture out, and says how many", async () => {
    const images = [...parquet.pictures(4), { bytes: null, path: "there.png" }];
    const file = parquet.parquetOf({ img: parquet.imageColumn("img", images), label: parquet.labelColumn("label", [0, 1, -1, 2, 0]) });
    const { files, notes } = await fetched(await visit({ "datasets/me/set": { files: { "train.parquet": file } } }));
    expect(files).toHaveLength(3);
    expect(notes.slice(1)).toEqual([
      "Rows without the bytes of a picture, left out: 1 (row 5 of train).",
      "Rows without a class, left out: 1 (train/0000002.png).",
    ]);
  });
});

describe("a data set of images with boxes", () => {
  const objects = Array.from({ length: 8 }, (_, i) => ({ bbox: i === 3 ? [] : [[1, 2, 8, 6]], category: i === 3 ? [] : [i % 3] }));
  const image = parquet.imageColumn("image", parquet.pictures(8));

  it.each([
    ["lists in a struct", parquet.objectsColumn("objects", objects)],
    ["a list of structs", parquet.objectListColumn("objects", objects)],
  ])("is read as COCO's boxes, from %s", async (_, column) => {
    const file = parquet.parquetOf({ image, objects: column });
    const repo = { converted: { "default/train/0000.parquet": file, "default/test/0000.parquet": file.slice() } };
    const { files } = await fetched(await visit({ "datasets/me/set": repo }), "hf:me/set:8,2");
    const data = await openDetection(files, { side: 20, seed: 1, decode: decodeWhole });
    expect([data.classes, data.train.count]).toEqual([parquet.CLASSES, 8]);
    expect(JSON.parse(new TextDecoder().decode(await files.find(({ path }) => path === "test/annotations.json")!.bytes()))).toEqual({
      images: [8, 9].map((id) => ({ id, file_name: `000000${id}.png` })),
      annotations: [0, 1].map((id) => ({ image_id: 8 + id, category_id: id, bbox: [1, 2, 8, 6] })),
      categories: parquet.CLASSES.map((name, id) => ({ id, name })),
    });
  });
});

describe("a data set that cannot be learned from is refused by name", () => {
  const refused = async (repo: FakeRepo, word?: string) => reason(fetched(await visit({ "datasets/me/set": repo }), word));
  const text = (names: string[]) => parquet.parquetOf(Object.fromEntries(names.map((name) => [name, parquet.textColumn(name, ["x"])])));

  it("without images", async () => {
    expect(await refused({ files: { "train.parquet": text(["question", "answer"]) } })).toBe(
      "me/set has no column of images. It has question, answer. Name a data set that holds images, with a class or boxes each.",
    );
  });

  it("with 10,000 columns", async () => {
    const names = Array.from({ length: 10_000 }, (_, i) => `c${i}`);
    const refusal = await refused({ files: { "train.parquet": parquet.emptyOf(names) } });
    expect(refusal).toContain("me/set has 10,000 columns; 1,000 is the limit.");
  });

  it("with images that are only named, or without classes and boxes", async () => {
    const images = [{ bytes: null, path: "a.png" }];
    const named = parquet.parquetOf({ image: parquet.imageColumn("image", images), label: parquet.labelColumn("label", [0]) });
    expect(await refused({ files: { "train.parquet": named } })).toContain(
      "None of the rows of me/set holds a picture in its column image",
    );
    const bare = parquet.parquetOf({ image: parquet.imageColumn("image", parquet.pictures(2)) });
    expect(await refused({ files: { "train.parquet": bare } })).toContain(
      "me/set has images in its column image, but neither classes nor boxes.",
    );
  });

  it("of 100 GB is not: its first rows are read, and no more than those", async () => {
    const huge = { size: 100e9, ends: parquet.labelled(24) };
    const visitor = await visit({ "datasets/me/set": { converted: { "default/train/0000.parquet": huge } } });
    expect((await fetched(visitor, "hf:me/set:10")).files).toHaveLength(10);
    expect(visitor.server.sent).toBeLessThan(3 * BLOCK);
  });

  it("whose smallest piece is more than a tab can hold", async () => {
    const ends = parquet.exaggerated(parquet.labelled(24, 0, { rowGroup: 24 }), 1e7);
    const said = /^1 rows of me\/set are \d+\.\d GB; 1 GB is the limit\. Ask for fewer rows/;
    expect(await refused({ files: { "train.parquet": { size: 100e9, ends } } }, "hf:me/set:1")).toMatch(said);
  });

  it("in a codec that is not unpacked here", async () => {
    expect(await refused({ files: { "train.parquet": parquet.labelled(9, 0, { codec: "LZO" }) } })).toBe(
      "train.parquet of me/set is compressed with LZO, which is not unpacked here. Here are SNAPPY, GZIP, BROTLI, ZSTD, LZ4, LZ4_RAW.",
    );
  });

  it("without Parquet, or with a file that is cut off", async () => {
    expect(await refused({ files: { "data.csv": new Uint8Array(9) } })).toContain("me/set has no Parquet files");
    expect(await refused({ files: { "train.parquet": parquet.labelled(9).slice(0, -20) } })).toContain(
      "train.parquet of me/set is no whole Parquet file: its end is missing",
    );
    const broken = parquet.labelled(9);
    broken.fill(255, 20, 300);
    expect(await refused({ files: { "train.parquet": broken } })).toContain("train.parquet of me/set cannot be read");
  });

  it("whose terms are not accepted, that is private, or that there is not", async () => {
    const repos = { "datasets/me/gated": { ...SET, gated: "mine" }, "datasets/me/private": { ...SET, private: "mine" } };
    const words = ["hf:me/gated", "hf:me/private", "hf:me/none", "hf:me/gated@v9"];
    const reasons = async (token?: string) => {
      const visitor = await visit(repos, { token });
      const all = await Promise.all(words.map((word) => reason(fetched(visitor, word))));
      return all.map((one) => one.replaceAll(visitor.server.endpoint, "HUB").replaceAll(visitor.hub.host, "HOST"));
    };
    expect(await reasons()).toEqual([
      "me/gated is only for those who have accepted its terms. Read and accept them at HUB/datasets/me/gated, and give a token of your account.",
      "There is no data set me/private at HOST, or it is private. Check owner and name; a private one needs a token of yours.",
      "There is no data set me/none at HOST, or it is private. Check owner and name; a private one needs a token of yours.",
      "me/gated has no such revision at HOST. Its branches and tags are listed at HUB/datasets/me/gated.",
    ]);
    expect((await reasons("mine")).slice(0, 2)).toEqual(["nothing was refused", "nothing was refused"]);
    expect(server!.leaked).toEqual([]);
    expect((await reasons("another"))[0]).toContain(
      "Read and accept them at HUB/datasets/me/gated, with the account that the token is of.",
    );
  });
});

describe("what the server does", () => {
  const large = parquet.noisy(600, 3000);
  const repo: FakeRepo = { files: { "train.parquet": large } };

  it("sends on to another name and another host", async () => {
    const { files } = await fetched(await visit({ "datasets/old": { movedTo: "me/set" }, "datasets/me/set": SET }), "hf:old");
    expect(files).toHaveLength(33);
  });

  it("cuts off: the rest is asked for from there", async () => {
    const visitor = await visit({ "datasets/me/set": repo });
    let cuts = 3;
    visitor.server.fault = (path) => (path.startsWith("file") && cuts-- > 0 ? { cut: 1000 } : undefined);
    expect((await fetched(visitor, "hf:me/set:600")).files).toHaveLength(600);
  });

  it("cuts off at the same byte each time: it is given up, and what has come is not fetched again", async () => {
    const visitor = await visit({ "datasets/me/set": repo });
    const found = await plan(visitor, "hf:me/set:600");
    let left = BLOCK + 1000;
    visitor.server.fault = (path) => {
      if (!path.startsWith("file")) return undefined;
      const cut = left;
      left = 0;
      return { cut };
    };
    expect(await reason(filesOf(found))).toMatch(
      /^train\.parquet of me\/set was cut off at byte \d+ again and again\. What has come so far is kept/,
    );
    visitor.server.fault = undefined;
    const again = await plan(visitor, "hf:me/set:600");
    expect(again.missing).toBeLessThan(found.missing);
    const sent = visitor.server.sent;
    expect((await filesOf(again)).files).toHaveLength(600);
    expect(visitor.server.sent - sent - again.missing).toBeLessThan(2 * BLOCK);
  });

  it("stands still: that counts as cut off", async () => {
    const visitor = await visit({ "datasets/me/set": repo }, { patience: 50 });
    let stalls = 1;
    visitor.server.fault = (path) => (path.startsWith("file") && stalls-- > 0 ? { stall: 4 } : undefined);
    expect((await fetched(visitor, "hf:me/set:100")).files).toHaveLength(100);
  });

  it("asks to wait (429): as long as it says, if that is not for long", async () => {
    const visitor = await visit({ "datasets/me/set": SET });
    const answers = [{ status: 429, headers: { "Retry-After": "7" } }, { status: 503 }];
    visitor.server.fault = () => answers.shift();
    expect((await fetched(visitor)).files).toHaveLength(33);
    expect(visitor.waits).toEqual([7000, 4000]);
    visitor.server.fault = () => ({ status: 429, headers: { "Retry-After": "300" } });
    expect(await reason(plan(visitor))).toBe(
      `${visitor.hub.host} has had too many requests from here (429). Wait 300 seconds. What has come so far is kept: try again, and it goes on from there.`,
    );
  });

  it("fails, answers nonsense, or is not there", async () => {
    const visitor = await visit({ "datasets/me/set": SET });
    visitor.server.fault = () => ({ status: 500 });
    expect(await reason(plan(visitor))).toContain(`${visitor.hub.host} answers with error 500. Try again later.`);
    visitor.server.fault = () => ({ status: 204 });
    expect(await reason(plan(visitor))).toContain("answers about me/set with something that cannot be read");
    await server!.close();
    expect(await reason(plan(visitor))).toContain(`${visitor.hub.host} cannot be reached. Are you offline?`);
  });

  it("sends whole files where a part was asked for", async () => {
    const visitor = await visit({ "datasets/me/set": repo });
    visitor.server.fault = () => ({ whole: true });
    expect(await reason(fetched(visitor))).toContain("does not send parts of files");
  });

  it("sends on to a host that is not the Hub's", async () => {
    const answer = (url: string) => Object.defineProperty(Response.json({ sha: "a" }), "url", { value: url });
    const ask = (url: string) => reason(new Hub({ fetch: async () => answer(url) }).facts({ kind: "datasets", name: "me/set" }));
    expect(await ask("https://elsewhere.example/x")).toContain(
      "huggingface.co sends on to https://elsewhere.example, which is not known to be its own.",
    );
    expect(await ask("https://huggingface.co/api/datasets/me/set")).toBe("nothing was refused");
  });
});

describe("a model", () => {
  const config = new TextEncoder().encode('{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}');
  const files = { "model.safetensors": new Uint8Array(2 * BLOCK + 5).fill(7), "preprocessor_config.json": config, "README.md": config };

  it("is its weights with the configuration beside them, in a folder of its name", async () => {
    const { hub, store } = await visit({ "models/me/vit": { files, card: { license: "apache-2.0" } } });
    const found = await modelPlanOf(readModelWord("hf:me/vit"), hub, store);
    expect([found.name, found.licence, found.bytes, found.missing]).toEqual([
      "me/vit",
      "apache-2.0",
      2 * BLOCK + 5 + config.length,
      found.bytes,
    ]);
    const read = await modelFilesOf(found);
    expect(read.map(({ path }) => path)).toEqual(["vit/model.safetensors", "vit/preprocessor_config.json"]);
    const [weights, text] = await Promise.all(read.map(({ bytes }) => bytes()));
    expect([Buffer.compare(weights, files["model.safetensors"]), text]).toEqual([0, config]);
  });

  it("is refused by name in other formats, in pieces, or where it is too large", async () => {
    const refused = async (some: FakeRepo["files"]) => {
      const { hub, store } = await visit({ "models/me/vit": { files: some } });
      return reason(modelPlanOf(readModelWord("hf:me/vit"), hub, store));
    };
    expect(await refused({ "pytorch_model.bin": config })).toContain("me/vit has no file model.safetensors. It has pytorch_model.bin.");
    expect(await refused({ "model-00001-of-00002.safetensors": config, "model-00002-of-00002.safetensors": config })).toContain(
      "are in 2 pieces",
    );
    expect(await refused({ "model.safetensors": { size: 5e9, ends: config } })).toContain(
      "model.safetensors of me/vit has 5.0 GB; 1 GB is the limit.",
    );
    const { hub, store } = await visit({});
    expect(await reason(modelPlanOf(readModelWord("hf:me/vit"), hub, store))).toContain("There is no model me/vit at");
  });
});
