/** Knobs that several methods share. */
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
