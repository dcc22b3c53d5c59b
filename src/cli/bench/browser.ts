/**
 * `--host chromium`: serves this source tree with Vite, runs the contest in an empty page of headless Chromium on
 * SwiftShader, WebGPU's software adapter, and brings the rows back.
 */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Browser, chromium } from "@playwright/test";
import { createServer, type Plugin, type ViteDevServer } from "vite";
import { chromiumLaunch } from "../chromium";
import type { Row } from "./contest";
import type { FileRole, Options } from "./defaults";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
export async function runInChromium(options: Options): Promise<Row[]> {
  const server = await serve(options.files);
  let browser: Browser | undefined;
  try {
    browser = await chromium.launch(chromiumLaunch());
    const page = await browser.newPage();
    page.on("pageerror", (error) => console.error(error.message));
    await page.goto(`${server.resolvedUrls!.local[0]}bench-files/empty.html`);
    // As text, because this file's own `import()` was rewritten for Node when it was loaded.
    return await page.evaluate(`import("/src/cli/bench/page.ts").then((page) => page.bench(${JSON.stringify(options)}))`);
  } finally {
    await browser?.close();
    await server.close();
  }
}

/** No file watching and no reloads: an edit elsewhere in the tree must not restart a measurement. */
async function serve(files: Options["files"]): Promise<ViteDevServer> {
  const server = await createServer({
    root: ROOT,
    base: "/",
    cacheDir: `${ROOT}node_modules/.vite-bench`,
    logLevel: "error",
    plugins: [serveFiles(files)],
    optimizeDeps: { noDiscovery: true, include: [] },
    server: { host: "localhost", port: 0, hmr: false, watch: null },
  });
  return server.listen();
}

/** Hands the page the command line's files and nothing else; any other name below it is an empty page. */
function serveFiles(files: Options["files"]): Plugin {
  return {
    name: "bench-files",
    configureServer(server) {
      server.middlewares.use("/bench-files/", async (request, response) => {
        const path = files[request.url!.slice(1) as FileRole];
        response.setHeader("Content-Type", path ? "application/octet-stream" : "text/html");
        response.end(path ? await readFile(path) : "<!doctype html>");
      });
    },
  };
}
