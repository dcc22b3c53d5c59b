/** The rows of the gallery: what lies over its images in each, kept patches or a value per patch. */
import type { Frequency, Gallery, Look } from "../../../worker/protocol";
import { percent, short } from "../../format";
import type { State, View } from "../../state/store";

export interface Layer {
  id: string;
  title: string;
  /** What to know about this row, in a sentence. */
  note: string;
  /** What a value means. */
  unit: string;
  /** Patches along an edge. */
  across: number;
  /** Value per patch of image i, and the least and greatest over all images. */
  values?(image: number): ArrayLike<number>;
  range: [number, number];
  /** Patches kept of image i. */
  kept?(image: number): ReadonlySet<number>;
}

/** What a row is made from. */
export type Source = Pick<State, "gallery" | "frequency" | "untrained" | "teacher"> & {
  look: Look | undefined;
  /** Who is masked. */
  masked: string;
};

/** A row, or one for every head; none where there is nothing to show yet. */
export function layersOf(view: View, source: Source): Layer[] {
  const { look, gallery, untrained, frequency } = source;
  if (view === "mask") return [maskLayer(source)];
  if (view === "untrained") return untrained?.kept ? [untrainedLayer(untrained.kept, gallery)] : [];
  if (view === "kept") return frequency ? keptLayer(frequency, gallery) : [];
  if (!look) return [];
  // The student may cut the image otherwise than the teacher.
  const n = look.attention.length / look.heads / look.student.length;
  if (view === "saliency") return [saliencyLayer(look, n)];
  return Array.from({ length: look.heads }, (_, head) => headLayer(look, n, head));
}

const cut = ({ side, patch }: Gallery) => Math.round(side / patch);

function maskLayer({ look, gallery, teacher, masked }: Source): Layer {
  const common = { id: "mask", ...plain(gallery) };
  if (look?.kept)
    return {
      ...common,
      title: masked === "student" ? "Student sees" : "Teacher sees",
      note: extent(look.kept, gallery),
      ...keptOf(look.kept, gallery),
    };
  if (!look) return { ...common, title: "Images", note: "held out, cut into patches" };
  if (teacher) return { ...common, title: "Teacher sees", note: "every patch" };
  return { ...common, title: "Student sees", note: "every patch; no teacher, no mask" };
}

function untrainedLayer(kept: Uint32Array, gallery: Gallery): Layer {
  return { id: "untrained", title: "Untrained student", note: extent(kept, gallery), ...plain(gallery), ...keptOf(kept, gallery) };
}

const plain = (gallery: Gallery): Pick<Layer, "unit" | "range" | "across"> => ({ unit: "", range: [0, 0], across: cut(gallery) });

/** How much is kept, in patches and, where the data know, of the objects. */
function extent(kept: Uint32Array, gallery: Gallery): string {
  const images = gallery.labels.length;
  const n = cut(gallery) ** 2;
  const k = kept.length / images;
  const { objects } = gallery;
  const patches = `${k} of ${n} patches`;
  if (!objects) return patches;
  const seen = kept.reduce((sum, patch, at) => sum + objects[Math.floor(at / k) * n + patch], 0) / images;
  return `${patches}, ${percent(Math.round(100 * seen) / 100)} of the objects`;
}

function saliencyLayer(look: Look, n: number): Layer {
  const note = "the student's attention, mean over heads: ranks the patches";
  return { id: "saliency", title: "Saliency", note, unit: "attention", ...rows(meanOverHeads(look, n), n) };
}

function headLayer({ attention, heads }: Look, n: number, head: number): Layer {
  const values = attention.filter((_, at) => Math.floor(at / n) % heads === head);
  return { id: `head-${head}`, title: `Head ${head + 1} of ${heads}`, note: "last block", unit: "attention", ...rows(values, n) };
}

/** How often each patch of the gallery was kept over the whole run; nothing before the first look that counts. */
function keptLayer({ stages }: Frequency, gallery: Gallery): Layer[] {
  const [images, n] = [gallery.labels.length, cut(gallery) ** 2];
  const watched = stages[0].watched.counts.length / n;
  const looks = stages.reduce((sum, stage) => sum + stage.watched.images / watched, 0);
  if (looks === 0) return [];
  const counts = (at: number) => stages.reduce((sum, stage) => sum + stage.watched.counts[at], 0);
  const rates = Float32Array.from({ length: images * n }, (_, at) => counts(at) / looks);
  const k = rates.reduce((a, b) => a + b, 0) / images;
  const note = `share of ${looks} moments of the run; each image's shares sum to ${short(k)}`;
  return [{ id: "kept", title: "How often kept", note, unit: "kept", ...rows(rates, n), range: [0, 1] }];
}

function rows(values: Float32Array, n: number): Pick<Layer, "values" | "range" | "across"> {
  return { across: Math.sqrt(n), values: (image) => values.subarray(image * n, (image + 1) * n), range: mostOf(values) };
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

function keptOf(kept: Uint32Array, { labels }: Gallery): Pick<Layer, "kept"> {
  const k = kept.length / labels.length;
  return { kept: (image) => new Set(kept.subarray(image * k, (image + 1) * k)) };
}
