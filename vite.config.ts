/** Build, dev server and unit tests. */
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

export default defineConfig({
  plugins: [react()],
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
