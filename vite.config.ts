/** Build, dev server and unit tests. */
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

export default defineConfig({
  plugins: [react(), firstPictures, strict, offline()],
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
