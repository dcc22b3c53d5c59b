/** Browser tests of the built app. `npm run e2e` builds it first. */
import { defineConfig } from "@playwright/test";
import { chromiumLaunch } from "../src/cli/chromium";

// The runner and its workers each read this file and must agree; a port of its own lets checkouts test side by side.
process.env.E2E_PORT ??= String(20_000 + (process.pid % 20_000));
/** Multiplies every time limit, for machines that are slow or that others use too. */
process.env.E2E_PATIENCE ??= process.env.CI ? "3" : "1";
const PATIENCE = Number(process.env.E2E_PATIENCE);
const baseURL = `http://127.0.0.1:${process.env.E2E_PORT}/`;

export default defineConfig({
  testDir: ".",
  outputDir: "../test-results",
  // Compiling for a software GPU keeps one core busy and a page waits for it; a second file goes on meanwhile.
  workers: 2,
  timeout: 120_000 * PATIENCE,
  expect: { timeout: 20_000 * PATIENCE },
  forbidOnly: Boolean(process.env.CI),
  // A shared machine may stand still for longer than a test waits; what fails twice is broken.
  retries: process.env.CI ? 1 : 0,
  reporter: "list",
  // A service worker would answer requests that a test wants to answer; the tests of it allow it.
  use: { browserName: "chromium", serviceWorkers: "block", baseURL, launchOptions: chromiumLaunch(), trace: "on-first-retry" },
  webServer: {
    command: `node node_modules/vite/bin/vite.js preview --host 127.0.0.1 --port ${process.env.E2E_PORT} --strictPort`,
    cwd: "..",
    url: baseURL,
  },
});
