/** Knobs that several methods share. */
import type { Sides } from "../../ops/regions";
import { choice, number } from "../../settings/setting";

/** How the papers' sums are reduced. Their weights belong to "literal"; on small maps these are far too weak. */
export const reduction = choice({
  label: "Reduction",
  help: "normalised: means, so that weights mean the same on maps of any size. literal: sums over channels, pixels and regions, divided by the batch, as the papers write them; their weights belong to these.",
  ...{ default: "normalised", options: ["normalised", "literal"], when: "live", records: true, group: "loss" },
});

/** The weight of a term. A logarithmic slider: the two reductions are orders of magnitude apart. */
export const weight = <const L extends string, const D extends number>(label: L, value: D, help: string) =>
  number({ label, help, ...{ default: value, min: 1e-7, max: 100, log: true, when: "live", group: "loss", measured: true } });

/** MGD's question as two switches: what does erasing do, what the block that regenerates? */
export const switches = {
  masking: choice({
    label: "Masking",
    help: "off: nothing is erased, the block sees all of the student's features.",
    ...{ default: "on", options: ["on", "off"], when: "live", records: true, group: "mask" },
  }),
  blocks: choice({
    label: "Regenerating blocks",
    help: "off: what is left of the student's features is compared as it is; with masking off as well that is FitNet.",
    ...{ default: "on", options: ["on", "off"], when: "live", records: true, group: "method" },
  }),
};

/** Levels of a spatial pyramid over each map. */
export const regions = choice({
  label: "Regions",
  help: "Levels of the spatial pyramid by cells per side: 1 is the whole map, 2 is 2 x 2 cells, 4 is 4 x 4.",
  ...{ default: "1+2+4", options: ["1+2+4", "1+2", "1+4", "2+4", "1", "2", "4"], when: "live", records: true, group: "mask" },
});

/** The option of `regions` as cells per side. */
export const sidesOf = (option: string): Sides => option.split("+").map(Number);

/** How logits are compared. */
export const logits = {
  divergence: choice({
    label: "Divergence",
    help: "softmax: classes compete, as in the papers. bernoulli: one coin per class, as these detectors are trained; it also tells background from objects.",
    ...{ default: "softmax", options: ["softmax", "bernoulli"], when: "live", records: true, group: "loss" },
  }),
  temperature: number({
    label: "Temperature T",
    help: "Softens both predictions before they are compared.",
    ...{ default: 1, min: 0.5, max: 8, when: "live", group: "loss" },
  }),
};
