/** What is said of the boxes on a visitor's own picture. */
import { expect, test } from "vitest";
import { ownScene } from "./ownScene";

const one = (score: number) => ({ category: 0, score, box: [0, 0, 4, 4] as const });
const own = { number: 2, pixels: new Uint8Array(3) };

test("boxes above the score are told, those of an earlier picture are not", () => {
  const found = { step: 4, student: [], own: { number: 2, student: [one(0.8), one(0.2)], teacher: [one(0.9), one(0.6)] } };
  expect(ownScene({}, found, 0.3)).toBeUndefined();
  expect(ownScene({ own }, found, 0.3)).toEqual({
    student: [one(0.8)],
    teacher: [one(0.9), one(0.6)],
    says: "The student finds 1 object, the teacher 2 objects",
  });
  for (const snapshot of [undefined, { step: 4, student: [] }, { ...found, own: { number: 1, student: [one(0.8)] } }])
    expect(ownScene({ own }, snapshot, 0.3)).toEqual({ says: "Nothing looked at it at this step" });
});

test("what is found is told as a sentence, nothing as nothing", () => {
  const told = (student: number[], teacher?: number[]) =>
    ownScene({ own }, { step: 4, student: [], own: { number: 2, student: student.map(one), teacher: teacher?.map(one) } }, 0.3)?.says;
  expect(told([0.2])).toBe("The student finds nothing");
  expect(told([0.4, 0.5], [])).toBe("The student finds 2 objects, the teacher nothing");
});
