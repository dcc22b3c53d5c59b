/**
 * Real weights and images for tests. They live outside the repository in ../shared/data (MDP_SHARED names another place)
 * and are never copied into it; where they are absent, tests that need them skip and say so.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const given = process.env.MDP_SHARED;
const places = given ? [given, join(given, "data")] : [fileURLToPath(new URL("../../../shared/data", import.meta.url))];
const root = places.find((place) => existsSync(join(place, "vit-mnist")));

/** Whether the shared data is there: `describe.skipIf(!hasShared)`. */
export const hasShared = root !== undefined;
if (!hasShared) console.warn(`\n*** SKIPPED: no shared test data at ${places.join(" or ")}. Set MDP_SHARED to its folder. ***\n`);

/** Bytes of a shared file, by its path in the data folder. */
export function sharedBytes(path: string): Uint8Array {
  return new Uint8Array(readFileSync(join(root ?? "", path)));
}

/** Paths of the shared files below a folder, in order, as `sharedBytes` takes them. */
export function sharedPaths(folder: string): string[] {
  const entries = readdirSync(join(root ?? "", folder), { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => relative(root ?? "", path).replaceAll("\\", "/")).sort();
}

/** A shared JSON file, parsed. */
export function sharedJson<T>(path: string): T {
  return JSON.parse(new TextDecoder().decode(sharedBytes(path))) as T;
}

/** The MNIST test images at `indices`, [B, 1, 28, 28], normalised as the shared ViTs were trained: (x/255 - 0.1307)/0.3081. */
export function mnistImages(indices: number[]): Float64Array {
  const idx = gunzipSync(sharedBytes("mnist/t10k-first5000-images-idx3-ubyte.gz"));
  const pixels = indices.flatMap((i) => [...idx.subarray(16 + i * 784, 16 + (i + 1) * 784)]);
  return Float64Array.from(pixels, (x) => (x / 255 - 0.1307) / 0.3081);
}

/** The labels of the first 5,000 MNIST test images. */
export function mnistLabels(): number[] {
  return [...gunzipSync(sharedBytes("mnist/t10k-first5000-labels-idx1-ubyte.gz")).subarray(8)];
}
