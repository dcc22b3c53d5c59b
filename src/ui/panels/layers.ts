/** What lies over the gallery's images in each view: kept patches, or a value per patch. */
import type { Frequency, Look } from "../../worker/protocol";
import { patchCount } from "../selectors";
import type { State } from "../store";

export interface Layer {
  /** Completes "What the ...". */
  subject: string;
  /** What to know about this view, in a sentence. */
  note: string;
  /** What a value means. */
  unit: string;
  /** Value per patch of image i, and the least and greatest over all images. */
  values?(image: number): ArrayLike<number>;
  range: [number, number];
  /** Patches kept of image i. */
  kept?(image: number): ReadonlySet<number>;
}

export function layerOf(state: State, look: Look | undefined): Layer {
  const kept = look?.kept && keptOf(look.kept, state.gallery.labels.length);
  const layer = look && valueLayer(state, look);
  return { ...(layer ?? maskLayer(state, look)), kept };
}

function maskLayer(state: State, look: Look | undefined): Layer {
  const note = !look
    ? "Held-out images, cut into patches. The outline makes the class; clutter only distracts."
    : look.kept
      ? "Bright patches are shown to the teacher; faded ones are never computed."
      : state.teacher
        ? "The teacher sees every patch."
        : "No teacher, so no mask: the student sees every patch.";
  return { subject: state.teacher ? "teacher sees" : "student sees", note, unit: "", range: [0, 0] };
}

function valueLayer(state: State, look: Look): Layer | undefined {
  const n = patchCount(state);
  const rows = (values: ArrayLike<number> & { subarray(from: number, to: number): ArrayLike<number> }, stride = n, offset = 0) => ({
    values: (image: number) => values.subarray(image * stride + offset, image * stride + offset + n),
    range: mostOf(values),
  });
  if (state.view === "saliency") {
    const note = "Class token's attention in the student's last block, mean over heads: what the method ranks patches by.";
    return { subject: "student attends to", note, unit: "saliency", ...rows(meanOverHeads(look, n)) };
  }
  if (state.view === "attention") {
    const head = Math.min(state.head, look.heads - 1);
    const note = `Attention of the class token in head ${head + 1} of ${look.heads}, last block.`;
    return { subject: "student attends to", note, unit: "attention", ...rows(look.attention, look.heads * n, head * n) };
  }
  const often = state.view === "kept" && state.frequency && watchedRates(state.frequency, state.gallery.labels.length, n);
  if (often) {
    const note = `Share of ${often.looks} looks, spread evenly over the run, in which the patch was kept.`;
    return { subject: "teacher was shown", note, unit: "kept", ...rows(often.rates), range: [0, 1] };
  }
  return undefined;
}

/** Where all but two in a hundred on either side lie: a single bright patch would leave all others dark. */
function mostOf(values: ArrayLike<number>): [number, number] {
  const sorted = Float64Array.from(values).sort();
  const at = (share: number) => sorted[Math.round(share * (sorted.length - 1))];
  return [at(0.02), at(0.98)];
}

function meanOverHeads({ attention, heads }: Look, n: number): Float32Array {
  return Float32Array.from({ length: attention.length / heads }, (_, at) => {
    const [image, patch] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let head = 0; head < heads; head++) sum += attention[(image * heads + head) * n + patch];
    return sum / heads;
  });
}

function keptOf(kept: Uint32Array, images: number): (image: number) => ReadonlySet<number> {
  const k = kept.length / images;
  return (image) => new Set(kept.subarray(image * k, (image + 1) * k));
}

/** How often each patch of the gallery was kept over the whole run; undefined before the first look that counts. */
function watchedRates({ stages }: Frequency, images: number, patches: number): { rates: Float64Array; looks: number } | undefined {
  const watched = stages[0].watched.counts.length / patches;
  const looks = stages.reduce((sum, stage) => sum + stage.watched.images / watched, 0);
  if (looks === 0) return undefined;
  const counts = (at: number) => stages.reduce((sum, stage) => sum + stage.watched.counts[at], 0);
  return { rates: Float64Array.from({ length: images * patches }, (_, at) => counts(at) / looks), looks };
}
