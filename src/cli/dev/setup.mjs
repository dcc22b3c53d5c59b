/**
 * Brings a fresh clone to where the app runs and, with --system, to where the tests run. Plain Node, no dependencies,
 * because nothing is installed yet when it starts.
 *
 *   node src/cli/dev/setup.mjs                      npm packages
 *   node src/cli/dev/setup.mjs --system             and the Debian packages that browser tests need
 *   node src/cli/dev/setup.mjs --system --dry-run   say what would be done
 *
 * --missing=a,b pretends that these Debian packages are absent (for trying the above).
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";

/**
 * @typedef {{ codename: string, root: boolean, installed: Record<string, string>, mirror?: string, backports: boolean }} Machine
 * @typedef {{ say: string, command: string, optional?: boolean }} Step
 */

const root = resolve(dirname(fileURLToPath(import.meta.url)), "../../..");

/** Debian packages of the tests; without the fonts, headless pages have no letters. */
const PACKAGES = ["chromium", "firefox-esr", "fonts-liberation", "libvulkan1"];
/** Those of tests that skip without them: PyTorch with a BLAS that is not slow, and what reads pictures for it. */
const OPTIONAL = ["python3-torch", "python3-pil", "libopenblas0-pthread"];
const MESA = "mesa-vulkan-drivers";
/** Dawn needs Vulkan features that Mesa's software adapter has from here on; Debian 12 itself ships 22. */
const MESA_OLDEST = 24;

const APT = "DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300";

/** What a Debian machine still lacks, as shell commands. @param {Machine} machine @returns {Step[]} */
export function plan(machine) {
  const required = requiredSteps(machine);
  const wanted = OPTIONAL.filter((name) => !machine.installed[name]);
  if (!wanted.length) return required;
  const steps = required.length ? [] : [readLists()];
  return [...required, ...[...steps, install(wanted)].map((step) => ({ ...step, optional: true }))];
}

/** @param {Machine} machine @returns {Step[]} */
function requiredSteps(machine) {
  const missing = PACKAGES.filter((name) => !machine.installed[name]);
  const mesaMissing = !(Number.parseInt(machine.installed[MESA] ?? "0", 10) >= MESA_OLDEST);
  const fromBackports = mesaMissing && machine.codename === "bookworm";
  if (mesaMissing && !fromBackports) missing.push(MESA);
  if (!missing.length && !mesaMissing) return [];

  const steps = [];
  if (fromBackports && !machine.backports) steps.push(addBackports(machine));
  steps.push(readLists());
  if (missing.length) steps.push(install(missing));
  if (fromBackports) steps.push(install([MESA], "bookworm-backports"));
  return steps;
}

/** @returns {Step} */
function readLists() {
  return { say: "reading the package lists", command: `${APT} update` };
}

/** Backports come from the mirror that the machine already uses. @param {Machine} machine @returns {Step} */
function addBackports({ mirror }) {
  if (!mirror) throw new Error(`no Debian mirror is configured; add bookworm-backports to the apt sources for ${MESA} >= ${MESA_OLDEST}`);
  const line = `deb ${mirror} bookworm-backports main`;
  return { say: "adding bookworm-backports", command: `echo '${line}' > /etc/apt/sources.list.d/bookworm-backports.list` };
}

/** @param {string[]} names @param {string} [release] @returns {Step} */
function install(names, release) {
  const say = `installing ${names.join(", ")}${release ? ` from ${release}` : ""}`;
  return { say, command: `${APT} install -y --no-install-recommends ${release ? `-t ${release} ` : ""}${names.join(" ")}` };
}

/** @param {string} command */
function output(command) {
  return spawnSync("sh", ["-c", command], { encoding: "utf8" }).stdout ?? "";
}

/** Undefined where this is no Debian. @returns {Machine | undefined} */
function readMachine() {
  if (!existsSync("/etc/os-release")) return undefined;
  const os = readFileSync("/etc/os-release", "utf8");
  if (!/^ID=debian$/m.test(os)) return undefined;
  const listed = output(
    `dpkg-query -W -f '\${db:Status-Status} \${Package} \${Version}\\n' ${[...PACKAGES, ...OPTIONAL, MESA].join(" ")} 2>/dev/null`,
  );
  const installed = Object.fromEntries([...listed.matchAll(/^installed (\S+) (\S+)$/gm)].map(([, name, version]) => [name, version]));
  const sources = output("apt-get indextargets --format '$(RELEASE) $(REPO_URI)' 'Created-By: Packages'");
  return {
    codename: os.match(/^VERSION_CODENAME=(\w+)$/m)?.[1] ?? "",
    root: process.getuid?.() === 0,
    installed,
    mirror: sources.match(/^bookworm (\S+)$/m)?.[1],
    backports: /^bookworm-backports /m.test(sources),
  };
}

/** @param {string} message */
function say(message) {
  console.log(`setup: ${message}`);
}

/** Runs quietly; a failure shows everything the command said and ends the set-up, unless it can do without. @param {Omit<Step, "say">} step */
function runStep({ command, optional }) {
  const { status, stdout, stderr } = spawnSync("sh", ["-c", command], { cwd: root, encoding: "utf8", maxBuffer: 1 << 28 });
  if (status === 0) return;
  if (optional) return say(`'${command}' failed with status ${status}; the tests that need it are skipped`);
  console.error(`${stdout}${stderr}`);
  throw new Error(`'${command}' failed with status ${status}`);
}

/** @param {{ dryRun?: boolean, pretendMissing?: string[] }} [options] */
export function setupSystem({ dryRun = false, pretendMissing = [] } = {}) {
  const machine = readMachine();
  if (!machine) return say("this is not Debian: the tests need Chromium, Firefox and a Vulkan driver (or Metal, D3D12) already installed");
  for (const name of pretendMissing) delete machine.installed[name];
  const steps = plan(machine);
  const commands = steps.map((step) => `  ${step.command}`).join("\n");
  if (steps.length && !machine.root && !dryRun) {
    if (steps.every((step) => step.optional)) return say(`some tests are skipped; to have them, run as root:\n${commands}`);
    throw new Error(`the tests need Debian packages; as root, run:\n${commands}`);
  }
  for (const step of steps) {
    say(dryRun ? `would be ${step.say}: ${step.command}` : step.say);
    if (!dryRun) runStep(step);
  }
}

/**
 * npm keeps what it installed in node_modules/.package-lock.json; whatever differs from the lock file makes it stale.
 * Optional packages are left out: npm skips those of other platforms.
 */
function whyInstall() {
  const hidden = resolve(root, "node_modules/.package-lock.json");
  if (!existsSync(hidden)) return "node_modules is missing";
  const wanted = JSON.parse(readFileSync(resolve(root, "package-lock.json"), "utf8")).packages;
  const present = JSON.parse(readFileSync(hidden, "utf8")).packages;
  const stale = Object.keys(wanted).find((path) => path && !wanted[path].optional && wanted[path].version !== present[path]?.version);
  return stale && `${stale} is stale`;
}

/** @param {{ dryRun?: boolean }} [options] */
export function setupPackages({ dryRun = false } = {}) {
  const why = whyInstall();
  if (!why) return;
  say(`${dryRun ? "would run " : ""}npm ci (${why})`);
  if (!dryRun) runStep({ command: "npm ci --include=dev" });
}

/** @param {string[]} argv */
function main(argv) {
  const dryRun = argv.includes("--dry-run");
  const pretendMissing = argv
    .find((arg) => arg.startsWith("--missing="))
    ?.slice("--missing=".length)
    .split(",");
  setupPackages({ dryRun });
  if (argv.includes("--system")) setupSystem({ dryRun, pretendMissing });
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    console.error(`setup: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  }
}
