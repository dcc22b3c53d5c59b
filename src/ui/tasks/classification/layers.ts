/** The rows of the gallery: what lies over its images in each, kept patches or a value per patch. */
import type { Gallery, Snapshot } from "../../../tasks/classification/views";
import type { Frequency } from "../../../tasks/frequency";
import { cellsOf } from "../../draw/grid";
import { short } from "../../format";
import { attentionOf, extent, keptOf, type Layer, valuesOf } from "../masks/layer";
import { watchedRates } from "../masks/statistics";

/** What the rows can show. */
export type Row = "mask" | "saliency" | "heads" | "kept" | "untrained";

/** What the rows are made from. */
export interface Shown {
  gallery: Gallery;
  snapshot?: Snapshot;
  /** The same of the student as it was before its first step. */
  untrained?: Snapshot;
  frequency?: Frequency;
  /** Name of the teacher; null when there is none, undefined while it is unknown. */
  teacher?: string | null;
  /** Who is masked. */
  masked: string;
}

/** The layers of a row: one, or one for every head; none where there is nothing to show yet. */
export function layersOf(row: Row, shown: Shown): Layer[] {
  const { snapshot, gallery, untrained, frequency } = shown;
  if (row === "mask") return [maskLayer(shown)];
  if (row === "untrained") return untrained?.kept ? [untrainedLayer(untrained.kept, gallery)] : [];
  if (row === "kept") return frequency ? keptLayer(frequency, gallery) : [];
  if (!snapshot) return [];
  if (row === "saliency") return [saliencyLayer(snapshot, gallery)];
  return Array.from({ length: snapshot.heads }, (_, head) => headLayer(snapshot, head));
}

function maskLayer({ snapshot, gallery, teacher, masked }: Shown): Layer {
  const common = { id: "mask", ...plain(gallery) };
  if (snapshot?.kept) {
    const title = masked === "student" ? "Student sees" : "Teacher sees";
    return {
      ...common,
      title,
      note: extent(snapshot.kept, gallery.labels.length, gallery),
      ...keptOf(snapshot.kept, gallery.labels.length),
    };
  }
  if (!snapshot) return { ...common, title: "Images", note: "held out, cut into patches" };
  if (teacher) return { ...common, title: "Teacher sees", note: "every patch" };
  return { ...common, title: "Student sees", note: "every patch; no teacher, no mask" };
}

function untrainedLayer(kept: Uint32Array, gallery: Gallery): Layer {
  return {
    id: "untrained",
    title: "Untrained student",
    note: extent(kept, gallery.labels.length, gallery),
    ...plain(gallery),
    ...keptOf(kept, gallery.labels.length),
  };
}

const plain = ({ grid }: Gallery): Pick<Layer, "unit" | "range" | "grid"> => ({ unit: "", range: [0, 0], grid });

/** The scores that ranked the patches; while every patch is shown there are none, and the student's attention is drawn. */
function saliencyLayer(snapshot: Snapshot, gallery: Gallery): Layer {
  const common = { id: "saliency", title: "Saliency" };
  if (snapshot.score) return { ...common, ...attentionOf(snapshot.score, gallery.grid, { unit: "score", note: "ranked the patches" }) };
  const attention = meanOverHeads(snapshot);
  return { ...common, ...attentionOf(attention, snapshot.grid, { unit: "attention", note: "the student's attention, mean over heads" }) };
}

function headLayer({ attention, heads, grid }: Snapshot, head: number): Layer {
  const n = cellsOf(grid);
  const values = attention.filter((_, at) => Math.floor(at / n) % heads === head);
  return {
    id: `head-${head}`,
    title: `Head ${head + 1} of ${heads}`,
    ...attentionOf(values, grid, { unit: "attention", note: "last block" }),
  };
}

/** How often each patch of the gallery was kept over the whole run; nothing before the first snapshot was counted, nor what a person brought. */
function keptLayer(frequency: Frequency, { labels, grid }: Gallery): Layer[] {
  const counted = watchedRates(frequency, labels.length, cellsOf(grid));
  if (!counted) return [];
  const { rates, moments } = counted;
  const n = cellsOf(grid);
  const own = labels.indexOf(-1);
  if (own >= 0) rates.fill(0, own * n, (own + 1) * n);
  const k = rates.reduce((a, b) => a + b, 0) / labels.filter((label) => label >= 0).length;
  const note = `share of ${moments} snapshots of the run; each image's shares sum to ${short(k)}${own < 0 ? "" : "; yours is not counted"}`;
  return [{ id: "kept", title: "How often kept", note, unit: "kept", ...valuesOf(rates, grid), range: [0, 1] }];
}

export function meanOverHeads({ attention, heads, grid }: Snapshot): Float32Array {
  const n = cellsOf(grid);
  return Float32Array.from({ length: attention.length / heads }, (_, at) => {
    const [image, patch] = [Math.floor(at / n), at % n];
    let sum = 0;
    for (let head = 0; head < heads; head++) sum += attention[(image * heads + head) * n + patch];
    return sum / heads;
  });
}
