/** The rows of the gallery: images, true masks, those of teacher and student, and the patches the teacher sees. */
import { IGNORE, planesOf } from "../../../data/segmentation";
import type { MaskGallery, MaskSnapshot } from "../../../tasks/segmentation/views";
import { cellsOf } from "../../draw/grid";
import { percent, short } from "../../format";

export interface Row {
  id: "kept" | "truth" | "teacher" | "student";
  title: string;
  note: string;
  /** Classes of the pixels of image i; none where the image itself is shown. */
  labels?(image: number): Uint8Array;
  /** Patches kept of image i. */
  kept?(image: number): ReadonlySet<number>;
  /** Value of each patch, which ranked it. */
  score?(image: number): Float32Array;
}

export const countOf = ({ truths, side }: MaskGallery): number => truths.length / side ** 2;

/** Whether an image is the visitor's own. */
export const isOwn = (gallery: MaskGallery, image: number): boolean => gallery.own !== undefined && image === countOf(gallery) - 1;

/** What a picture of a row is. What share is right is said of the row's held-out images: of an own one nobody knows. */
export function labelOf({ id, title, note }: Row, gallery: MaskGallery, image: number): string {
  if (!isOwn(gallery, image)) return `${title}, image ${image + 1}. ${note}.`;
  return `${title}, your picture. ${id === "student" ? "Nobody says what is on it" : note}.`;
}

/** With the visitor's own picture as the last one, where that was looked at; of its pixels nobody says what they are, so none counts. */
export function withOwn(gallery: MaskGallery, snapshot: MaskSnapshot | undefined): [MaskGallery, MaskSnapshot | undefined] {
  const { own, ...others } = gallery;
  const found = snapshot?.own;
  if (!own || !snapshot || found?.number !== own.number) return [others, snapshot];
  const truths = joined(gallery.truths, new Uint8Array(gallery.side ** 2).fill(IGNORE));
  const masks = {
    student: joined(snapshot.student, found.student),
    teacher: snapshot.teacher && found.teacher && joined(snapshot.teacher, found.teacher),
    score: snapshot.score && found.score && Float32Array.of(...snapshot.score, ...found.score),
    kept: snapshot.kept && found.kept && Uint32Array.of(...snapshot.kept, ...found.kept),
  };
  return [
    { ...gallery, images: joined(gallery.images, planesOf(own.pixels)), truths },
    { ...snapshot, ...masks },
  ];
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** What there is to show of a step. */
export function rowsOf(gallery: MaskGallery, snapshot: MaskSnapshot | undefined, hasTeacher: boolean): Row[] {
  const area = gallery.side ** 2;
  const part = (labels: Uint8Array) => (image: number) => labels.subarray(image * area, (image + 1) * area);
  const rows: Row[] = [
    seenRow(gallery, snapshot, hasTeacher),
    { id: "truth", title: "Truth", note: "the class of every pixel", labels: part(gallery.truths) },
  ];
  if (snapshot?.teacher) rows.push({ id: "teacher", title: "Teacher", note: "its answer on whole images", labels: part(snapshot.teacher) });
  if (snapshot) rows.push({ id: "student", title: "Student", note: rightShare(gallery, snapshot.student), labels: part(snapshot.student) });
  return rows;
}

function seenRow({ grid }: MaskGallery, snapshot: MaskSnapshot | undefined, hasTeacher: boolean): Row {
  const patches = cellsOf(grid);
  if (!snapshot) return { id: "kept", title: "Images", note: "held out, cut into patches" };
  if (!snapshot.kept)
    return {
      id: "kept",
      title: hasTeacher ? "Teacher sees" : "Student sees",
      note: hasTeacher ? "every patch" : "every patch; no teacher, no mask",
    };
  const { kept, score } = snapshot;
  const k = kept.length / imagesOf(snapshot, grid);
  return {
    ...{ id: "kept", title: "Teacher sees", note: `${k} of ${patches} patches` },
    kept: (image) => new Set(kept.subarray(image * k, (image + 1) * k)),
    ...(score && { score: (image: number) => score.subarray(image * patches, (image + 1) * patches) }),
  };
}

function imagesOf({ score, kept }: MaskSnapshot, grid: MaskGallery["grid"]): number {
  return score ? score.length / cellsOf(grid) : (kept?.length ?? 0);
}

/** Share of the pixels that count which are right. */
function rightShare({ truths }: MaskGallery, answer: Uint8Array): string {
  const counted = truths.reduce((sum, label) => sum + Number(label !== IGNORE), 0);
  const right = truths.reduce((sum, label, i) => sum + Number(label !== IGNORE && label === answer[i]), 0);
  return `${percent(right / counted)} of these pixels right`;
}

/** What a patch shows, in words: whether it is kept, its score, and the classes in it by share. */
export function describe(row: Row, gallery: MaskGallery, image: number, cell: number): string {
  const kept = row.kept?.(image);
  const score = row.score?.(image)[cell];
  const labels = row.labels?.(image);
  const parts = [
    kept && (kept.has(cell) ? "kept" : "masked"),
    score !== undefined && `score ${short(score)}`,
    labels && classesIn(labels, gallery, cell),
  ];
  return parts.filter(Boolean).join(", ") || "shown";
}

/** The classes within a patch, the largest share first. */
function classesIn(labels: Uint8Array, { side, grid: [rows, columns], classes }: MaskGallery, cell: number): string {
  const [top, left] = [Math.floor(cell / columns) * (side / rows), (cell % columns) * (side / columns)];
  const counts = new Map<number, number>();
  for (let y = Math.round(top); y < Math.round(top + side / rows); y++)
    for (let x = Math.round(left); x < Math.round(left + side / columns); x++) {
      const label = labels[y * side + x];
      counts.set(label, (counts.get(label) ?? 0) + 1);
    }
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  return sorted.map(([label]) => classes[label] ?? "does not count").join(", ");
}
