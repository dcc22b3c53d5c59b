/** What is found on a visitor's own picture. There is no ground truth, so nothing is right or wrong. */
import type { Detection } from "../../../geometry/boxes";
import type { BoxGallery, BoxSnapshot } from "../../../tasks/detection/views";

/** The boxes of a score of at least so much; whose are absent has not looked at it, or is not there. */
export interface OwnScene {
  student?: Detection[];
  teacher?: Detection[];
  says: string;
}

/** Undefined without an own picture. Looks at another one before it do not count. */
export function ownScene({ own }: Pick<BoxGallery, "own">, snapshot: BoxSnapshot | undefined, score: number): OwnScene | undefined {
  if (!own) return undefined;
  const found = snapshot?.own?.number === own.number ? snapshot.own : undefined;
  const likely = (all: Detection[] | undefined) => all?.filter((one) => one.score >= score);
  const [student, teacher] = [likely(found?.student), likely(found?.teacher)];
  const says = [told("student", student), told("teacher", teacher)].filter(Boolean).join("; ");
  return { student, teacher, says: says || "not looked at yet" };
}

const told = (who: string, boxes: Detection[] | undefined) =>
  boxes && `${who} finds ${boxes.length} ${boxes.length === 1 ? "object" : "objects"}`;
