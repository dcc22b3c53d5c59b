/**
 * Every shader compiles in Chromium (Tint) and in Firefox (Naga), and a training step gives the same losses there as in
 * Node. The pages are served from source by Vite, since the built app has no use for them.
 */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "@playwright/test";
import { createServer, type ViteDevServer } from "vite";
import { launchFirefox } from "./browsers";
import type { Proof } from "./proof";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
/** As text: a test runner would rewrite an `import()` of its own. */
const RUN = `import("/e2e/proof.ts").then((module) => module.proof(navigator.gpu))`;

const VARIANTS = `import("/e2e/proof.ts").then((module) => module.variantLosses(navigator.gpu))`;

let server: ViteDevServer;
let inNode: Proof;

test.beforeAll(async () => {
  server = await createServer({
    ...{ root: ROOT, base: "/", logLevel: "error", cacheDir: `${ROOT}node_modules/.vite-proof`, appType: "mpa" },
    optimizeDeps: { noDiscovery: true, include: [] },
    server: { host: "localhost", port: 0, hmr: false, watch: null },
    plugins: [
      { name: "empty-page", configureServer: (s) => void s.middlewares.use("/empty", (_, answer) => answer.end("<!doctype html>")) },
    ],
  });
  await server.listen();
  const printed = execFileSync("node", ["src/cli/run.mjs", "e2e/proof.node.ts"], {
    cwd: ROOT,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  });
  inNode = JSON.parse(printed.slice(printed.indexOf("{")));
});

test.afterAll(() => server.close());

function expectSame(found: Proof): void {
  expect(found.refused).toEqual([]);
  expect(found.compiled).toBeGreaterThan(25);
  for (const [i, loss] of inNode.losses.entries()) expect(Math.abs(found.losses[i] / loss - 1)).toBeLessThan(1e-4);
}

test("Node compiles every kernel and its losses fall", () => {
  expectSame(inNode);
  expect(inNode.losses.at(-1)).toBeLessThan(inNode.losses[0]);
});

test("Chromium compiles every kernel and gives Node's losses", async ({ page }) => {
  await page.goto(`${server.resolvedUrls!.local[0]}empty`);
  expectSame((await page.evaluate(RUN)) as Proof);
});

test("In Chromium every kernel variant of its adapter gives those losses too", async ({ page }) => {
  await page.goto(`${server.resolvedUrls!.local[0]}empty`);
  const found = (await page.evaluate(VARIANTS)) as Record<string, number[]>;
  // The software adapter's subgroups of four run what Node's, of eight, cannot.
  expect(Object.keys(found)).toEqual(
    expect.arrayContaining(["gemm=quad8x4", "gemm=coop4", "gemm=shared", "attentionBackward=lane", "rows=group"]),
  );
  for (const [variant, losses] of Object.entries(found))
    for (const [i, loss] of losses.entries()) expect(Math.abs(loss / inNode.losses[i] - 1), `${variant}, step ${i}`).toBeLessThan(1e-4);
});

test("Firefox compiles every kernel and gives Node's losses", async () => {
  const browser = await launchFirefox();
  try {
    const page = await browser.newPage();
    await page.goto(`${server.resolvedUrls!.local[0]}empty`);
    expectSame((await page.evaluate(RUN)) as Proof);
  } finally {
    await browser.close();
  }
});
