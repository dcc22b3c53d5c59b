/**
 * The JavaScript a visitor downloads before anything shows: the modules that the built index.html reaches through static
 * imports, gzipped. Lazy chunks and workers are free here.
 */
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const LIMIT_KB = 180;

/** @param {string} dist the built folder @returns {{ file: string, bytes: number }[]} */
function initialModules(dist) {
  /** @type {Record<string, { file: string, imports?: string[] }>} */
  const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8"));
  const reached = new Set(["index.html"]);
  for (const key of reached) for (const next of manifest[key].imports ?? []) reached.add(next);
  return [...reached].map((key) => {
    const { file } = manifest[key];
    return { file, bytes: gzipSync(readFileSync(join(dist, file))).length };
  });
}

const modules = initialModules(resolve(fileURLToPath(import.meta.url), "../../../../dist"));
const kb = modules.reduce((sum, { bytes }) => sum + bytes, 0) / 1000;
console.log(`initial JavaScript ${kb.toFixed(1)} KB gzip of ${LIMIT_KB} KB`);
if (kb > LIMIT_KB) {
  for (const { file, bytes } of modules) console.log(`  ${(bytes / 1000).toFixed(1)} KB ${file}`);
  process.exit(1);
}
