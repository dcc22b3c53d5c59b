/** Answers of a server that nobody would give. */
import { describe, expect, it } from "vitest";
import { Hub } from "./client";
import { Blocks, reason } from "./hub.fixture";
import { modelPlanOf } from "./model";
import { planOf } from "./plan";
import { RemoteFile } from "./remote";

describe("an answer that nobody would give", () => {
  const FILE = { rfilename: "default/train/0000.parquet", size: 100 };

  /** What comes of a list of files, or of all facts, and of a file that is answered so. */
  async function asked(facts: object, file: () => Response = () => new Response(new Uint8Array(8), { status: 206 })): Promise<string> {
    const ask = async (address: unknown) => {
      if (String(address).includes("/revision/")) return new Response(null, { status: 404 });
      return String(address).includes("/api/") ? Response.json({ id: "me/set", sha: "a", ...facts }) : file();
    };
    const hub = new Hub({ endpoint: "https://hub.example", fetch: ask as typeof fetch, wait: async () => undefined });
    return reason(planOf({ name: "me/set" }, hub, new Blocks()));
  }

  it.each([
    ["nothing", null],
    ["a size below 0", { ...FILE, size: -5 }],
    ["a size of half a byte", { ...FILE, size: 20.5 }],
    ["a size beyond all numbers", { ...FILE, size: 1e308 }],
    ["half a letter in its path", { ...FILE, rfilename: "train\ud800/0000.parquet" }],
    ["a path out of the data set", { ...FILE, rfilename: "../../../train/0000.parquet" }],
    ["a path without end", { ...FILE, rfilename: `${"a/".repeat(100_000)}0000.parquet` }],
  ])("lists a file of %s, which is passed over", async (_, file) => {
    expect(await asked({ siblings: [file] })).toContain("me/set has no Parquet files");
    expect(await asked({ siblings: [file, FILE] })).toContain("no whole Parquet file");
  });

  it("names what cannot stand in an address", async () => {
    expect(await asked({ siblings: [FILE], sha: "\ud800" })).toContain("answers about me/set with something that cannot be read");
    expect(await asked({ siblings: [FILE], id: "../x?y" })).toContain("0000.parquet of me/set is no whole");
  });

  it("sends nothing of a file, again and again", async () => {
    expect(await asked({ siblings: [FILE] }, () => new Response(null, { status: 204 }))).toContain("cut off at byte 0 again and again");
  });

  it("claims 64 GiB and sends nothing: they are not asked of memory", async () => {
    const hub = new Hub({ fetch: async () => new Response(null, { status: 204 }), wait: async () => undefined });
    const source = { hub, store: new Blocks(), repo: { kind: "models", name: "me/vit" }, sha: "a" } as const;
    const file = new RemoteFile(source, { path: "model.safetensors", size: 2 ** 36 });
    expect(await reason(file.slice(0))).toMatch(/^model\.safetensors of me\/vit was cut off at byte 0 again and again/);
  });

  it("has a licence of lists in lists without end", async () => {
    const text = `{"id":"me/set","sha":"a","siblings":[],"cardData":{"license":${"[".repeat(50_000)}${"]".repeat(50_000)}}}`;
    const { licence } = await new Hub({ fetch: async () => new Response(text) }).facts({ kind: "datasets", name: "me/set" });
    expect(licence).toBeUndefined();
  });

  it("says that a model's configuration has a terabyte", async () => {
    const siblings = [
      { rfilename: "model.safetensors", size: 10 },
      { rfilename: "config.json", size: 1e12 },
    ];
    const hub = new Hub({ fetch: async () => Response.json({ sha: "a", siblings }) });
    expect(await reason(modelPlanOf({ name: "me/vit" }, hub, new Blocks()))).toContain("config.json of me/vit has 1000.0 GB");
  });
});
