/** Breaks the page on purpose, for as long as wanted: `npm run faults`. No part of `npm test`. */
import { defineConfig } from "@playwright/test";
import base from "./playwright.config";

const launchOptions = { ...base.use?.launchOptions };
// A browser gives up on a GPU process that dies often, and on pages that were there when it did.
launchOptions.args = [...(launchOptions.args ?? []), "--disable-gpu-process-crash-limit", "--disable-domain-blocking-for-3d-apis"];

export default defineConfig(base, {
  testMatch: "faults.ts",
  use: { launchOptions },
  reporter: [["list"], ["./faults.reporter.ts"]],
});
