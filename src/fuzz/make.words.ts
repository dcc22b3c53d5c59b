/** Addresses, settings as values, files of rows and of claims: what comes as words. */
import { SCHEMA } from "../tasks";
import { CODE } from "../tasks/claims";
import type { Draws } from "./draws";
import { mutatedJson } from "./mutate.json";
import { mutatedText } from "./mutate.text";
import { NUMBERS, TEXTS } from "./odd";

/** A query of the page's address: some settings of some preset, odd values among them. */
export function someAddress(draws: Draws): string {
  const preset = draws.pick(SCHEMA.presets);
  const keys = Object.keys(SCHEMA.of(preset));
  const word = (key: string) => `${key}=${draws.chance(0.7) ? draws.pick([...NUMBERS, ...TEXTS]) : SCHEMA.defaults(preset)[key]}`;
  const words = Array.from({ length: 1 + draws.below(5) }, () => word(draws.pick(keys)));
  const extra = draws.pick([
    "data=scenes:24,12",
    "data=shapes:1e9,1",
    "data=hf:a/b@main/c/train,test:20,5",
    `data=hf:${"a".repeat(draws.magnitude(50_000))}!`,
    "kernels=gemm=shared,rows=group",
    "kernels=gemm.small=shared32,machine=512/4096",
    "recipe=deit",
    "recipe=constructor",
    "lambda=1",
  ]);
  const query = [`preset=${preset}`, ...words, extra].join("&");
  return draws.chance(0.5) ? mutatedText(query, draws) : query;
}

/** Settings of a run as JSON. */
export const someSettings = (draws: Draws): string => mutatedJson(SCHEMA.defaults(draws.pick(SCHEMA.presets)), draws);

const ROW = { run: "preset=maskedkd x", code: CODE, adapter: "x", seed: 1, student_top1: 0.5, curve: [{ step: 2, top1: 0.5 }] };

/** Lines of a file of finished runs. */
export function someRows(draws: Draws): string {
  const lines = [ROW, ROW].map((row) => (draws.chance(0.7) ? mutatedJson(row, draws) : JSON.stringify(row)));
  const text = `${lines.join("\n")}\n`;
  return draws.chance(0.3) ? mutatedText(text, draws) : text;
}

const CLAIM = { id: "1", title: "t", paper: "p", study: "s", measured: "m", unit: "points", seeds: 3, verdict: "agrees", address: "x=1" };
const CLAIMS = {
  ...{ code: CODE, adapter: "x", claims: [{ ...CLAIM, difference: 1, interval: [0, 2] }] },
  instrument: [{ task: "t", study: "s", about: "a", difference: 1, interval: [0, 2], seeds: 3, proven: true }],
  figures: [
    { study: "s", id: "1", title: "t", paper: "p", x: "x", y: "y", lines: [{ label: "l", seeds: 3, points: [[1, 2, null, null]] }] },
  ],
};

export const someClaims = (draws: Draws): string => mutatedJson(CLAIMS, draws);
