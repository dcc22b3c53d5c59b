/**
 * `npm run gpu`: is this machine's GPU computing right, and how fast is it?
 *
 *   npm run -s gpu -- --check --json      every kernel beside its float64 reference
 *   npm run -s gpu -- --tune runs=10        which kernels suit it, measured again and again: does the answer stay?
 *   npm run -s gpu -- --soak steps=2000     the same steps twice: are the bits the same? And which batch is refused, and how?
 *   npm run -s gpu -- out=mycard          measures everything and writes mycard.json and mycard.md
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openEngine } from "../../engine/device";
import { FAMILIES } from "../../ops/families";
import { inWords, override, tune } from "../../ops/tune";
import { choice, choose } from "../../ops/variants";
import { STANDARD } from "../../tasks/standardStep";
import { type AdapterReport, verifyAdapter } from "../../train/verifyAdapter";
import { printer, rounded } from "../arguments";
import { nodeGPU } from "../device.node";
import { nodeEngine, tunedStore } from "../headless";
import { doubling, soak } from "./endurance";
import { kernelShares, NETWORKS, roofline, SCALE, scalePoint } from "./measure";
import { type Measurement, tableOf } from "./table";

const USAGE = `usage: gpu --check [--json] [only=KERNEL] [kernels=FAMILY=VARIANT,...]     checks every kernel, in every variant
       gpu --tune [--json] [runs=10] [only=FAMILY]          measures which kernels suit it, again and again
       gpu --soak [--json] [steps=2000] [network=NAME]     trains twice and compares bits, then doubles the batch until it is refused
       gpu [--any] [--no-peer] [--json] [out=NAME]          measures a real GPU (with --any whatever there is) into NAME.json and NAME.md`;

/** Exit status of a wrong kernel, or of a measurement that found no real GPU; and of a command that cannot be read. */
const [WRONG, UNREADABLE] = [1, 2];

export async function main(argv: string[]): Promise<number> {
  const flags = ["--check", "--tune", "--soak", "--json", "--any", "--no-peer"];
  const value = (key: string) => argv.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);
  const unknown = argv.find((word) => !flags.includes(word) && !/^((kernels|out|only|network)=.|(steps|runs)=[1-9]\d*$)/.test(word));
  if (unknown) {
    console.error(`gpu: ${unknown} is unknown.\n${USAGE}`);
    return UNREADABLE;
  }
  const has = (flag: string) => argv.includes(flag);
  if (has("--check")) return check(has("--json"), value("kernels"), value("only"));
  if (has("--tune")) return spread(has("--json"), Number(value("runs") ?? 10), value("only"));
  if (has("--soak")) return endure(has("--json"), Number(value("steps") ?? SOAK_STEPS), value("network"));
  return measure({
    any: has("--any"),
    peer: !has("--no-peer"),
    json: has("--json"),
    out: value("out") ?? "gpu",
    kernels: value("kernels"),
  });
}

/** Prints a line for each kernel variant, and a last one; the exit status says whether any is wrong. */
async function check(json: boolean, kernels?: string, only?: string): Promise<number> {
  const print = printer(json);
  const report = await verifyAdapter(await nodeEngine(kernels), print, only);
  print(report);
  if (report.checked > 0) return report.failed ? WRONG : 0;
  console.error(`gpu: there is no kernel "${only}".`);
  return UNREADABLE;
}

/** Prints what the tuner says each time, and at last how often it said what of each class of shapes. */
async function spread(json: boolean, runs: number, only?: string): Promise<number> {
  const print = printer(json);
  const engine = await openEngine(await nodeGPU());
  const families = FAMILIES.filter(({ key }) => only === undefined || key === only);
  const usual = choice(engine);
  const said: Record<string, Record<string, number>> = {};
  for (let run = 1; run <= runs; run++) {
    choose(engine, usual);
    const started = performance.now();
    const { times } = await tune(engine, undefined, families);
    const found = choice(engine);
    for (const [key, name] of Object.entries(found).filter(([key]) => key in times)) {
      said[key] ??= {};
      said[key][name] = (said[key][name] ?? 0) + 1;
    }
    print({ run, kernels: inWords(found), ms: Math.round(performance.now() - started), times: rounded(times) });
  }
  print({ final: true, adapter: engine.facts.name, runs, said });
  return 0;
}

/** Steps of a soak, each made twice. */
const SOAK_STEPS = 2000;

/**
 * Prints a line for the soak and one for the doubling, of the standard step or of a network of the scale table; the exit status says whether bits
 * differed or a refusal left the device unusable.
 */
async function endure(json: boolean, steps: number, network?: string): Promise<number> {
  const options = network === undefined ? STANDARD : NETWORKS[network];
  if (!options) {
    console.error(`gpu: there is no network "${network}", but ${Object.keys(NETWORKS).join("; ")}.`);
    return UNREADABLE;
  }
  const print = printer(json);
  const engine = await nodeEngine();
  const soaked = await soak(engine, steps, options);
  print(rounded(soaked));
  const doubled = await doubling(engine, options);
  print(doubled);
  return soaked.equal && doubled.goes_on ? 0 : WRONG;
}

interface Options {
  any: boolean;
  peer: boolean;
  json: boolean;
  out: string;
  kernels?: string;
}

/** Measures everything and writes it down. */
async function measure({ any, peer, json, out, kernels }: Options): Promise<number> {
  const print = printer(json);
  const engine = await openEngine(await nodeGPU());
  const { name, software } = engine.facts;
  if (software && !any) {
    console.error(
      `gpu: ${name} is a software adapter, not a GPU. Install the card's Vulkan driver, or measure it all the same with --any.`,
    );
    return WRONG;
  }
  const untuned = choice(engine);
  const tuned = software ? undefined : await tune(engine, tunedStore);
  if (kernels) override(engine, kernels);
  const found: Measurement = { adapter: name, verdicts: [], roofline: [], kernels: [], scale: [], endurance: [], peers: [] };
  const told = <T extends object>(list: T[], row: T) => {
    list.push(row);
    print(rounded(row));
  };
  const report: AdapterReport = await verifyAdapter(engine, (verdict) => told(found.verdicts, verdict));
  for (const point of await roofline(engine)) told(found.roofline, point);
  for (const share of await kernelShares(engine)) told(found.kernels, share);
  for (const network of Object.keys(SCALE)) told(found.scale, await scalePoint(engine, network, untuned));
  if (peer) for (const task of ["vit-step", "maskedkd-step"]) for (const row of contest(task)) told(found.peers, row);
  if (!software) {
    told(found.endurance, await soak(engine, SOAK_STEPS));
    told(found.endurance, await doubling(engine));
  }
  const whole = { ...found, report: { ...report, times: tuned?.times } };
  writeFileSync(`${out}.json`, `${JSON.stringify(whole, undefined, 1)}\n`);
  writeFileSync(`${out}.md`, tableOf(whole));
  print(report);
  return report.failed ? WRONG : 0;
}

/** The rows of one task of the bench: this engine beside jax-js, and PyTorch where it is installed, in a process of its own. */
function contest(task: string): Measurement["peers"] {
  const [runner, bench] = ["../run.mjs", "../bench/bench.ts"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
  // A pack has no TypeScript: its one program is both commands.
  const program = import.meta.env.PROD ? [process.argv[1], "bench"] : [runner, bench];
  const { stdout, stderr, status } = spawnSync(process.execPath, [...program, "--task", task, "--torch", "--json"], { encoding: "utf8" });
  const rows = stdout.split("\n").filter((line) => line.startsWith("{"));
  if (status !== 0 || rows.length === 0) console.error(`gpu: the bench of ${task} did not run: ${stderr.trim().split("\n").at(-1)}`);
  return rows.map((row) => JSON.parse(row));
}
