/**
 * Loads TypeScript in Node through Vite's own module pipeline, so that `import wgsl from "./x.wgsl?raw"` and `import.meta.glob`
 * mean what they mean in the browser.
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

/** The module of a file. @param {string} file @returns {Promise<any>} */
export async function load(file) {
  const server = await transformer();
  const runner = createServerModuleRunner(server.environments.ssr, { hmr: false });
  return runner.import(resolve(file));
}
