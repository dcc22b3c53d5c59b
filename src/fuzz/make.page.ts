/** What people bring to the page besides data and networks: logs of runs made elsewhere, what a file says was seen of a run, recordings. */
import type { SourceFile } from "../data/files";
import { file, textFile } from "../data/files.fixture";
import { tone, type WavOptions, wavBytes } from "../data/wav.fixture";
import { packBits } from "../metrics/bits";
import { SCHEMA } from "../tasks";
import { CODE } from "../tasks/claims";
import { History } from "../ui/state/history";
import type { Draws } from "./draws";
import { mutatedBytes } from "./mutate.bytes";
import { mutatedJson } from "./mutate.json";
import { encoded, mutatedText } from "./mutate.text";
import { NUMBERS, TEXTS } from "./odd";

const RIGHT = packBits([1, 0, 1, 1, 0, 0, 0, 0, 1]);
const LOG = [
  { run: { ...SCHEMA.defaults(), steps: 4 }, losses: ["ce", "kd"], data: { id: "files-7", name: "pets" }, teacher: "deit" },
  { step: 1, ce: 2, kd: 0.5, student_top1: 0.25, images_per_s: 320, step_ms: 100 },
  { step: 2, ce: 1.5, kd: 0.5, student_top1: 0.5, images_per_s: 320, step_ms: 100 },
  { step: 2, heldout_top1: 0.625, heldout: 16 },
];
const ROW = {
  ...{ run: "steps=40&keep=0.5 files-7 abc123", code: CODE, preset: "maskedkd", seed: 3, steps: 40, heldout: 9, right: RIGHT },
  ...{ student_top1: 0.5, teacher_top1: 0.9, teacher_macs: 60, teacher_macs_full: 100, curve: [{ step: 20, top1: 0.25, ce: 2 }] },
};

/** A log of a run, or rows of a sweep. */
export function someLog(draws: Draws): string {
  const rows = draws.chance(0.5) ? LOG : [ROW, { ...ROW, seed: 4 }];
  const text = rows.map((row) => (draws.chance(0.4) ? mutatedJson(row, draws) : JSON.stringify(row))).join("\n");
  return draws.chance(0.2) ? mutatedText(text, draws) : text;
}

/** What was seen of a run of 2,000 steps up to its third. */
export function someHistory(draws: Draws): string {
  const history = new History(2000);
  for (const step of [1, 2, 3])
    history.push({ step, losses: { ce: step }, rates: { student: 0.5 }, lr: 1e-3, ms: 10, imagesPerSecond: 100 }, { macs: 1 });
  history.tested({ step: 3, scores: { top1: 0.5 }, count: 9, right: RIGHT });
  history.marks.push({ step: 2, text: "other GPU" });
  const { views: _, ...seen } = history;
  return draws.chance(0.85) ? mutatedJson(JSON.parse(JSON.stringify(seen)), draws) : mutatedText(JSON.stringify(seen), draws);
}

/** Recordings of two classes, told by folders, by names or by a table. */
export function someSounds(draws: Draws): SourceFile[] {
  const told = draws.pick(["folders", "names", "table"]);
  const sounds = Array.from({ length: 6 }, (_, i) => {
    const o: WavOptions = { rate: draws.pick([8000, 16_000, 44_100]), channels: 1 + draws.below(2), bits: draws.pick([8, 16, 24, 32]) };
    const bytes = wavBytes(tone(3000, 300 + 40 * i), draws.chance(0.5) ? { ...o, extensible: draws.chance(0.3) } : {});
    const name = told === "folders" ? `${"ab"[i % 2]}/${i}` : `${"ab"[i % 2]}_${i}`;
    return file(`set/${name}.wav`, draws.chance(0.25) ? mutatedBytes(bytes, draws) : bytes);
  });
  if (told !== "table") return sounds;
  const odd = () => (draws.chance(0.2) ? draws.pick([...NUMBERS, ...TEXTS]) : undefined);
  const rows = sounds.map((_, i) => [`${"ab"[i % 2]}_${i}.wav`, odd() ?? i % 3, odd() ?? "ab"[i % 2], odd() ?? "x"].join());
  const table = ["filename,fold,category,split", ...rows].join("\n");
  const text = draws.chance(0.5) ? encoded(mutatedText(table, draws), draws) : undefined;
  return [...sounds, text ? file("set/meta.csv", text) : textFile("set/meta.csv", table)];
}

const NETWORK_CONFIG = {
  ...{ image_size: 8, patch_size: 4, num_channels: 3, hidden_size: 8, num_hidden_layers: 1, num_attention_heads: 2, intermediate_size: 8 },
  ...{ hidden_act: "gelu", layer_norm_eps: 1e-6, id2label: { 0: "cat", 1: "dog" } },
};
const PIXELS = { do_normalize: true, image_mean: [0.5, 0.5, 0.5], image_std: [0.2, 0.2, 0.2] };

/** What lies beside a network's weights. */
export const someConfigs = (draws: Draws): SourceFile[] => [
  textFile("net/config.json", draws.chance(0.7) ? mutatedJson(NETWORK_CONFIG, draws) : JSON.stringify(NETWORK_CONFIG)),
  textFile("net/preprocessor_config.json", draws.chance(0.5) ? mutatedJson(PIXELS, draws) : JSON.stringify(PIXELS)),
];

const FACTS = {
  ...{ id: "me/set", sha: "abc", gated: false, cardData: { license: ["mit"] } },
  siblings: [
    { rfilename: "model.safetensors", size: 40 },
    { rfilename: "config.json", size: 40 },
    { rfilename: "default/train/0000.parquet", size: 40 },
  ],
};

/** What a server answers in the Hub's place of a repository. */
export const someFacts = (draws: Draws): string => mutatedJson(FACTS, draws);
