/** Settings that every task with a mask over the teacher's input has. */
import { choice, number, type Table } from "../settings/setting";

/** The share of patches that the teacher sees; each task has its paper's default. */
export const keepSetting = <const D extends number>(share: D) =>
  number({
    label: "Patches the teacher sees",
    help: "Fraction of the image's patches shown to the teacher. The rest is never computed.",
    ...{ default: share, min: 0.02, max: 1, when: "live", records: true, group: "mask", essential: true },
  });

/** How attention is read. */
export const ATTENTION_SETTINGS = {
  queries: choice({
    label: "Attention of",
    help: "cls: attention paid by the class token. patches: mean attention paid by all patches.",
    ...{ default: "cls", options: ["cls", "patches"], when: "live", records: true, group: "mask" },
  }),
  softmaxOver: choice({
    label: "Softmax over",
    formerly: "reading",
    help: "code: class token and patches, as the authors' code does. eq2: patches only, as Equation 2 reads.",
    ...{ default: "code", options: ["code", "eq2"], when: "live", records: true, group: "mask" },
  }),
} as const satisfies Table;
