/** Which objects a detector finds: the class has to be right, the IoU at least 50 %, and each object counts once. */
import { type Detection, type GroundTruth, iou } from "../../../geometry/boxes";

const ENOUGH = 0.5;

export interface Match {
  detection: Detection;
  overlap: number;
}

export interface Found {
  /** The detection that found each object. */
  matches: (Match | undefined)[];
  /** Detections of nothing, of the wrong class, too far off or twice. */
  wrong: Detection[];
  /** Objects that count and how many of them were found. */
  objects: number;
  count: number;
}

/** Detections are best first; those below the score do not count. */
export function found(truths: readonly GroundTruth[], detections: readonly Detection[], score: number): Found {
  const matches: (Match | undefined)[] = truths.map(() => undefined);
  const wrong: Detection[] = [];
  for (const detection of detections.filter((d) => d.score >= score)) {
    const [at, overlap] = best(truths, matches, detection);
    if (overlap >= ENOUGH) matches[at] = { detection, overlap };
    else if (!truths.some((truth) => truth.crowd && iou(truth.box, detection.box) > 0)) wrong.push(detection);
  }
  const asked = truths.map(({ crowd, difficult }) => !crowd && !difficult);
  return { matches, wrong, objects: asked.filter(Boolean).length, count: matches.filter((match, i) => match && asked[i]).length };
}

/** The object of its class, not yet found, that a detection overlaps most. */
function best(truths: readonly GroundTruth[], taken: readonly unknown[], { category, box }: Detection): [index: number, overlap: number] {
  const overlaps = truths.map((truth, i) => (taken[i] || truth.category !== category ? 0 : iou(truth.box, box)));
  const overlap = Math.max(0, ...overlaps);
  return [overlaps.indexOf(overlap), overlap];
}

const many = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;

/** "3 objects; student finds 2, 1 false alarm". */
export function sentence(objects: number, by: Record<string, Found | undefined>): string {
  const said = Object.entries(by).flatMap(([who, its]) =>
    its ? [`${who} finds ${its.count}${its.wrong.length ? `, ${many(its.wrong.length, "false alarm")}` : ""}`] : [],
  );
  return [many(objects, "object"), ...said].join("; ");
}
