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
  return { student, teacher, says: told(student, teacher) };
}

/** A sentence without its full stop. */
function told(student: Detection[] | undefined, teacher: Detection[] | undefined): string {
  // It may have been given after the step that is shown.
  if (!student) return "Nothing looked at it at this step";
  return `The student finds ${objects(student.length)}${teacher ? `, the teacher ${objects(teacher.length)}` : ""}`;
}

const objects = (n: number) => (n === 0 ? "nothing" : n === 1 ? "1 object" : `${n} objects`);
