/** Ends the process when an input takes too long, and says so. */
import { writeSync } from "node:fs";
import { workerData } from "node:worker_threads";

/** An input may take so many milliseconds of the processor; one that waits for something, so many by the clock. */
const [MOST_CPU, MOST_WAIT] = [2000, 60_000];
const LOOK_EVERY = 100;

/** Of the processor for this process, and of the clock: a busy machine makes nobody guilty. */
function now() {
  const { user, system } = process.cpuUsage();
  return { cpu: (user + system) / 1000, wall: performance.now() };
}

/** @param {string} hang */
function end(hang) {
  writeSync(workerData.pipe, `${JSON.stringify({ hang })}\n`);
  process.kill(process.pid, "SIGKILL");
}

let seen = 0;
let since = now();
setInterval(() => {
  const begun = Number(Atomics.load(workerData.begun, 0));
  if (begun !== seen) [seen, since] = [begun, now()];
  if (seen === 0) return;
  const { cpu, wall } = now();
  if (cpu - since.cpu > MOST_CPU) end(`over ${MOST_CPU / 1000} s of the processor`);
  if (wall - since.wall > MOST_WAIT) end(`over ${MOST_WAIT / 1000} s of waiting`);
}, LOOK_EVERY);
