/** Each object is found once, by the right class and half of the boxes; what else is reported is a false alarm. */
import { expect, test } from "vitest";
import type { Box } from "../../../geometry/boxes";
import { found, sentence } from "./matches";

const truth = (category: number, ...box: number[]) => ({ category, box: box as unknown as Box });
const detection = (category: number, score: number, ...box: number[]) => ({ ...truth(category, ...box), score });

const truths = [truth(0, 0, 0, 10, 10), truth(1, 20, 20, 40, 40), { ...truth(2, 50, 50, 60, 60), crowd: true }];

test("matches, misses, doubles, wrong classes and crowds", () => {
  const its = found(
    truths,
    [detection(0, 0.9, 0, 0, 10, 8), detection(0, 0.8, 0, 0, 10, 10), detection(0, 0.7, 20, 20, 40, 40), detection(2, 0.6, 52, 52, 56, 56)],
    0.5,
  );
  expect(its.matches.map((match) => match?.overlap)).toEqual([0.8, undefined, undefined]);
  expect(its.wrong.map(({ score }) => score)).toEqual([0.8, 0.7]);
  expect([its.objects, its.count]).toEqual([2, 1]);
  expect(sentence(its.objects, { student: its, teacher: undefined })).toBe("2 objects; student finds 1, 2 false alarms");
});

test("what scores too low does not count", () => {
  expect(found(truths, [detection(0, 0.4, 0, 0, 10, 10)], 0.5)).toMatchObject({ count: 0, wrong: [] });
});
