/**
 * Runs a TypeScript command in Node through Vite's own module pipeline, so that `import wgsl from "./x.wgsl?raw"` and
 * `import.meta.glob` mean what they mean in the browser:
 *
 *   node src/cli/run.mjs src/cli/bench/bench.ts --task x
 *
 * The command exports `main(argv)`. Its number, if any, is the exit status; the process ends with it even if the GPU
 * binding still keeps timers.
 */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { createServer, createServerModuleRunner } from "vite";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** A Vite server that only transforms: no port, no watcher, no dependency scan. */
function transformer() {
  return createServer({
    root,
    configFile: false,
    envDir: false,
    appType: "custom",
    logLevel: "error",
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
    optimizeDeps: { noDiscovery: true, include: [] },
  });
}

/** @param {string} file @param {string[]} argv @returns {Promise<number>} */
async function run(file, argv) {
  const server = await transformer();
  const runner = createServerModuleRunner(server.environments.ssr, { hmr: false });
  const command = await runner.import(resolve(file));
  if (typeof command.main !== "function") throw new Error(`${file} exports no main(argv)`);
  return (await command.main(argv)) ?? 0;
}

const [file, ...argv] = process.argv.slice(2);
if (!file) {
  console.error("usage: node src/cli/run.mjs <command.ts> [arguments]");
  process.exit(2);
}
run(file, argv).then(
  (code) => process.exit(code),
  (error) => {
    // An error that says what to do is for a person; any other is for developers.
    console.error(error instanceof Error && "remedy" in error ? error.message : error);
    process.exit(1);
  },
);
