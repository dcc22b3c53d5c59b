/** The Hub on the command line, by a server that speaks its API. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import * as parquet from "../data/hub/parquet.fixture";
import { type FakeHub, serveHub } from "../data/hub/server.fixture";
import { writeSafetensors } from "../models/safetensors";
import { initViT } from "../models/vit/config";
import { DEIT_S } from "../models/vit/vit.fixture";
import { SCHEMA } from "../tasks";
import { loadNetwork, openData, openWing } from "./sources";

const before = process.cwd();
let place: string;
let server: FakeHub;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "hub-"));
  process.chdir(place);
  vi.spyOn(console, "error").mockImplementation(() => undefined);
});
afterEach(async () => {
  process.chdir(before);
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  rmSync(place, { recursive: true });
  await server.close();
});

async function serve(...repos: Parameters<typeof serveHub>): Promise<void> {
  server = await serveHub(...repos);
  vi.stubEnv("HF_ENDPOINT", server.endpoint);
}

const SET = {
  card: { license: "mit" },
  converted: { "default/train/0000.parquet": parquet.labelled(24), "default/test/0000.parquet": parquet.labelled(9, 24) },
};

it("data=hf:NAME is learned from, decoded for real; a second time its rows come from this disk", async () => {
  await serve({ "datasets/me/set": SET });
  const wing = await openWing(SCHEMA.defaults());
  const data = await openData(wing, "hf:me/set:12,6", 32);
  expect([data.name, data.classes, data.train.count, data.test.count]).toEqual(["me/set", parquet.CLASSES, 12, 6]);
  expect(vi.mocked(console.error).mock.calls[0][0]).toMatch(/^Fetching 18 rows of me\/set \(licence: mit\) from 127\.0\.0\.1:\d+: 0\.0 MB/);
  const { sent } = server;
  expect((await openData(wing, "hf:me/set:12,6", 48)).train.count).toBe(12);
  expect(server.sent).toBe(sent);
});

it("a task that learns from nothing on the Hub says so", async () => {
  await serve({});
  const wing = await openWing(SCHEMA.defaults("ast"));
  await expect(openData(wing, "hf:me/set", 64)).rejects.toThrow("Nothing of the Hub is read");
  expect(server.asked).toEqual([]);
});

it("teacher=hf:NAME is read with its configuration; a token comes from HF_TOKEN", async () => {
  const sizes = { image: 32, patch: 4, channels: 3, classes: 3, width: 16, depth: 1, heads: 2, headDim: 8, mlp: 64 };
  const weights = writeSafetensors(initViT({ ...DEIT_S, ...sizes }, 1));
  const config = new TextEncoder().encode(JSON.stringify({ id2label: { 0: "zebra", 1: "ant", 2: "mole" }, num_attention_heads: 2 }));
  await serve({ "models/me/vit": { private: "mine", files: { "model.safetensors": weights, "config.json": config } } });
  const wing = await openWing(SCHEMA.defaults());
  await expect(loadNetwork(wing, "hf:me/vit")).rejects.toThrow("There is no model me/vit");
  vi.stubEnv("HF_TOKEN", "mine");
  expect(await loadNetwork(wing, "hf:me/vit")).toMatchObject({ name: "vit", classes: parquet.CLASSES });
  expect(server.leaked).toEqual([]);
});
