/** Merged tokens: whole models of every family against the float64 reference, and what has to hold whatever is merged. */
import { describe, expect, test } from "vitest";
import { compare, randoms } from "../../ops/check";
import { patches, type ViTConfig } from "./config";
import { leadOf } from "./families";
import { look } from "./forward.fixture";
import { CONFIGS, ODD, weightsOf } from "./odd.fixture";
import { vitForward64 } from "./reference";
import { tomeForward64 } from "./tome.reference";

const BATCH = 3;
const imagesOf = ({ channels, image }: ViTConfig) => randoms(BATCH * channels * image ** 2, 9);
const KEEP = [
  [3, 1, 8, 0, 5, 2],
  [7, 8, 6, 4, 1, 0],
  [0, 1, 2, 3, 4, 5],
];

/** Audio's networks merge nothing. */
const merges = ({ classes, family, columns }: ViTConfig) => classes > 0 && family !== "ast" && columns === undefined;

describe.each(Object.entries(CONFIGS).filter(([, config]) => merges(config)))("%s", (_, given) => {
  const config = { ...given, depth: 3, image: 12 };
  const [weights, images] = [weightsOf(config), imagesOf(config)];

  test.each([0, 1, 3, 50])("merges %i tokens per block as the reference does", async (merge) => {
    const expected = tomeForward64(config, weights, images, BATCH, merge);
    const { logits } = await look(config, weights, images, { merge });
    compare("logits", logits, expected.logits.flat(), 2e-5);
    if (merge === 0) compare("unmerged", logits, vitForward64(config, weights, images, BATCH).logits.flat(), 2e-5);
  });

  test("also those of kept patches", async () => {
    const expected = tomeForward64(config, weights, images, BATCH, 2, KEEP);
    compare("logits", (await look(config, weights, images, { merge: 2, keep: KEEP })).logits, expected.logits.flat(), 2e-5);
  });
});

test("sizes add up to all tokens, and the leading ones stay themselves", async () => {
  for (const family of [undefined, "deit-distilled"] as const) {
    const config: ViTConfig = { ...ODD, ...(family && { family }), depth: 4, image: 12 };
    const [weights, images] = [weightsOf(config), imagesOf(config)];
    const expected = tomeForward64(config, weights, images, BATCH, 2);
    const all = patches(config) + leadOf(config);
    const found = await look(config, weights, images, { merge: 2, allTokens: true, extra: ({ sizes }) => ({ sizes: sizes!.sizes }) });
    expect(expected.counts[0]).toEqual([all - 2, all - 4, all - 6, all - 8]);
    expect([...found.sizes]).toEqual(expected.sizes.flat());
    for (let b = 0; b < BATCH; b++) {
      const sizes = [...found.sizes.subarray(b * (all - 8), (b + 1) * (all - 8))];
      expect(sizes.reduce((a, v) => a + v)).toBe(all);
      expect(sizes.slice(0, leadOf(config))).toEqual(Array(leadOf(config)).fill(1));
    }
  }
});
