/**
 * Every gate a change must pass, cheapest first; the first that fails ends the run. `npm test` runs all of them,
 * `npm run check` the ones that need neither a GPU nor a browser. Each prints one line with its time; what a gate has to
 * say follows only when it fails, but the two test runners, which take minutes, report as they go.
 */
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { setupPackages, setupSystem } from "./setup.mjs";

/** @typedef {{ name: string, command: string, live?: boolean, note?: boolean }} Gate */

const root = resolve(fileURLToPath(import.meta.url), "../../../..");
const reports = join(root, ".cache/reports");

/** @type {Gate[]} */
const CHECKS = [
  { name: "format and lint", command: "biome check --error-on-warnings --max-diagnostics=50" },
  { name: "types", command: "tsc -p src && tsc -p e2e" },
  // Imports of types alone vanish before anything runs, so a cycle of those is none.
  { name: "import cycles", command: "dpdm -T --no-tree --no-warning --no-progress --exit-code circular:1 'src/**/*.ts' 'src/**/*.tsx'" },
  { name: "layers", command: "node src/cli/dev/layers.mjs" },
];

/** @type {Gate[]} */
const TESTS = [
  { name: "unit tests", command: `vitest run --reporter=default --reporter=json --outputFile.json=${reports}/unit.json`, live: true },
  { name: "build", command: "vite build --logLevel=warn" },
  { name: "size", command: "node src/cli/dev/size.mjs", note: true },
  { name: "browser tests", command: "playwright test -c e2e --reporter=list,json", live: true },
];

const env = {
  ...process.env,
  PATH: [join(root, "node_modules/.bin"), process.env.PATH].join(delimiter),
  PLAYWRIGHT_JSON_OUTPUT_FILE: join(reports, "browser.json"),
};

/** @param {Gate} gate @returns {Promise<{ passed: boolean, output: string }>} */
function execute({ command, live }) {
  const child = spawn(command, { cwd: root, env, shell: true, stdio: ["ignore", live ? "inherit" : "pipe", live ? "inherit" : "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text) => {
      output += text;
    });
  }
  return new Promise((done) => child.on("close", (code) => done({ passed: code === 0, output: output.trim() })));
}

/** @param {Gate} gate @returns {Promise<boolean>} */
async function pass(gate) {
  const start = performance.now();
  const { passed, output } = await execute(gate);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${passed ? "ok  " : "FAIL"} ${gate.name} ${seconds} s${gate.note && passed ? ` (${output})` : ""}`);
  if (!passed && output) console.log(output);
  return passed;
}

/** @param {Gate[]} gates @returns {Promise<boolean>} */
async function passAll(gates) {
  for (const gate of gates) {
    if (await pass(gate)) continue;
    console.log(`stopped at "${gate.name}"; later gates did not run`);
    return false;
  }
  return true;
}

/** A runner's report, or nothing when it never ran. @param {string} name */
function report(name) {
  try {
    return JSON.parse(readFileSync(join(reports, name), "utf8"));
  } catch {
    return {};
  }
}

/** The one closing line that continuous integration reads. */
function closingLine() {
  const unit = report("unit.json");
  const { expected = 0, flaky = 0, unexpected = 0, skipped = 0 } = report("browser.json").stats ?? {};
  const passed = (unit.numPassedTests ?? 0) + expected + flaky;
  const failed = (unit.numFailedTests ?? 0) + unexpected;
  return `${passed} passed, ${failed} failed, ${(unit.numPendingTests ?? 0) + (unit.numTodoTests ?? 0) + skipped} skipped`;
}

async function test() {
  setupSystem();
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  const passed = await passAll([...CHECKS, ...TESTS]);
  console.log(closingLine());
  return passed;
}

try {
  setupPackages();
  const passed = process.argv[2] === "check" ? await passAll(CHECKS) : await test();
  process.exit(passed ? 0 : 1);
} catch (error) {
  console.error(`setup: ${error instanceof Error ? error.message : error}`);
  process.exit(1);
}
