/** Breaks the page on purpose, for as long as wanted: `npm run faults`. No part of `npm test`. */
import { defineConfig } from "@playwright/test";
import base from "./playwright.config";

export default defineConfig(base, { testMatch: "faults.ts" });
