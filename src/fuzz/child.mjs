/**
 * The process in which readers read. What an input does to it, even if it ends it, shows outside: every input is told on a pipe before
 * and after. A second thread watches the time.
 */
import { fstatSync, writeSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { load } from "../cli/load.mjs";

/** The pipe on which it tells. */
const PIPE = 3;
fstatSync(PIPE);

const { run } = await load(fileURLToPath(new URL("./loop.ts", import.meta.url)));
/** Number of inputs begun, for the watch. */
const begun = new Int32Array(new SharedArrayBuffer(4));
new Worker(new URL("./pulse.mjs", import.meta.url), { workerData: { begun, pipe: PIPE } });
const tell = (/** @type {object} */ line) => {
  writeSync(PIPE, `${JSON.stringify(line)}\n`);
  Atomics.add(begun, 0, "begun" in line ? 1 : 0);
};
await run(JSON.parse(process.argv[2]), tell);
tell({ done: true });
process.exit(0);
