/** Build, dev server and unit tests. */
import { readFileSync } from "node:fs";
import react from "@vitejs/plugin-react";
import { type Plugin, runnerImport } from "vite";
import { defineConfig } from "vitest/config";
import { offline, strict } from "./src/ui/offline/build.node.ts";

/** Puts the first pictures into the page's HTML: they show before any script has run. */
const firstPictures: Plugin = {
  name: "first-pictures",
  async transformIndexHtml(html) {
    const { module } = await runnerImport<typeof import("./src/ui/first.node")>("./src/ui/first.node.ts", { configFile: false });
    return html.replace('<div id="root">', (root) => root + module.frame());
  },
};

const METHODS = /\/src\/methods\//;
const COMPUTING = /\/src\/(ops\/.*|models\/vit\/(block|model))\.ts$/;
const EMPTY = "\0empty:";
const EXPORTED = /^export (?:async )?(?:function|const|class) (\w+)/gm;

/**
 * A method is declared in one file with what it computes. The page reads declarations alone, workers have bundles of their own: so in the
 * page's, operations that methods import are empty, and are not downloaded before anything shows.
 */
const declarations: Plugin = {
  name: "declarations",
  apply: "build",
  enforce: "pre",
  async resolveId(source, importer) {
    const found = importer && METHODS.test(importer) ? await this.resolve(source, importer, { skipSelf: true }) : null;
    return found && COMPUTING.test(found.id) ? EMPTY + found.id : null;
  },
  load(id) {
    if (!id.startsWith(EMPTY)) return null;
    const names = [...readFileSync(id.slice(EMPTY.length), "utf8").matchAll(EXPORTED)];
    return { code: names.map(([, name]) => `export const ${name} = undefined;`).join("\n"), moduleSideEffects: false };
  },
};

export default defineConfig({
  plugins: [react(), firstPictures, declarations, strict, offline()],
  // Relative addresses, so that the built folder works below any path of a static host.
  base: "./",
  build: { target: "esnext", manifest: true },
  worker: { format: "es" },
  test: {
    environment: "node",
    include: ["src/**/*.test.ts"],
    // Every file that needs a GPU shares one adapter, in software on most test machines: more workers only wait longer.
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
