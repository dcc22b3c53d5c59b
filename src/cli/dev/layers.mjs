/**
 * Imports only go left: shaders <- engine <- ops <- models <- methods, metrics <- tasks <- train <- handover <- worker <- ui; geometry <-
 * models and data <- tasks; settings <- methods; python <- handover; worker <- cli; ui and cli <- fuzz. This check reads every import below
 * src/ and names the ones that go another way, and files outside the wings that name a task.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/** Each layer and the layers it may import directly; what those may import, it may import too. @type {Record<string, string[]>} */
const LEFT = {
  shaders: [],
  python: [],
  engine: ["shaders"],
  geometry: [],
  ops: ["engine"],
  models: ["ops", "geometry"],
  settings: ["engine"],
  methods: ["models", "settings"],
  data: ["engine", "geometry"],
  metrics: ["models"],
  tasks: ["methods", "data", "metrics"],
  train: ["tasks"],
  handover: ["train", "python"],
  worker: ["handover"],
  ui: ["worker"],
  cli: ["worker"],
  fuzz: ["ui", "cli"],
};

/** What any test, and the helper that tests share, may import in addition. */
const TEST_HELPERS = /^src\/(cli\/device\.node|ops\/check|models\/shared\.fixture)\b/;
const TEST_CODE = /\.test\.tsx?$|^src\/ops\/check\b/;

/** `from "x"`, `import "x"`, `import("x")`, `import.meta.glob("x")` and `new URL("x", import.meta.url)`. */
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*|\bimport\.meta\.glob[^(]*\(\s*\[?\s*|\bnew URL\(\s*)(["'])([./][^"']*)\1/g;

/** @param {string} layer @returns {Set<string>} */
function reach(layer) {
  return new Set([layer, ...LEFT[layer].flatMap((left) => [...reach(left)])]);
}

/** The layer of a path from the repository root; undefined outside the layers. @param {string} path */
function layerOf(path) {
  const [top, second] = path.split("/");
  const name = top === "src" ? second : top;
  return name in LEFT ? name : undefined;
}

/**
 * @param {string} file path from the repository root, with forward slashes
 * @param {string} source its text
 * @returns {string[]} one message per import that breaks the rule
 */
export function violations(file, source) {
  const layer = layerOf(file);
  if (!layer) return [];
  const allowed = reach(layer);
  const isTest = TEST_CODE.test(file);
  const found = [];
  for (const [, , request] of source.matchAll(IMPORT)) {
    const target = request.startsWith("/") ? request.slice(1) : posix.join(posix.dirname(file), request);
    const to = layerOf(target);
    if (!to || allowed.has(to) || (isTest && TEST_HELPERS.test(target))) continue;
    found.push(`${file}: imports "${request}", but ${layer} may import only ${[...allowed].join(", ")} (imports go left)`);
  }
  return found;
}

/** Folders that may name a task: the wings, their methods, their halves of the page, benchmarks, the fuzzer; ops and data name files so. */
const NAMES_TASKS = /^src\/(ops|data|tasks|methods|ui\/tasks|cli\/bench|fuzz)\//;

/**
 * Nothing outside the wings may depend on which task it is.
 *
 * @param {string} file path from the repository root, with forward slashes
 * @param {string} source its text
 * @param {string[]} wings the tasks' names
 * @returns {string[]} one message per line that names a task, or reaches into its wing
 */
export function taskNames(file, source, wings) {
  if (NAMES_TASKS.test(file) || /\.test\.tsx?$|\.fixture\.tsx?$/.test(file)) return [];
  const names = new RegExp(`["'\`](?:${wings.join("|")})["'\`]|tasks/(?:${wings.join("|")})\\b`);
  return source.split("\n").flatMap((line, i) => (names.test(line) ? [`${file}:${i + 1}: names a task; ask TASKS or taskOf instead`] : []));
}

/** @param {string} root the repository's folder */
export function checkLayers(root) {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" }).filter((name) => /\.(tsx?|mjs)$/.test(name));
  const folders = readdirSync(join(root, "src/tasks"), { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const wings = folders.map(({ name }) => name);
  return sources.flatMap((name) => {
    const file = posix.join("src", name.replaceAll("\\", "/"));
    const source = readFileSync(join(root, "src", name), "utf8");
    return [...violations(file, source), ...taskNames(file, source, wings)];
  });
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const found = checkLayers(resolve(dirname(fileURLToPath(import.meta.url)), "../../.."));
  for (const message of found) console.error(message);
  process.exit(found.length ? 1 : 0);
}
