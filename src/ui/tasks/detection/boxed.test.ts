import { expect, test } from "vitest";
import { labelled } from "./Boxed";

test("names of boxes never cover each other; those of the first boxes stay", () => {
  const box = (x: number, y: number, label: string, below = false) => ({ box: [x, y, x + 20, y + 20] as const, label, below });
  const labels = labelled([box(10, 30, "ring"), box(14, 31, "crescent 32 %"), box(10, 60, "star"), box(120, 100, "bolt")], 136);
  expect(labels.map((label) => label?.text)).toEqual(["ring", undefined, "star", "bolt"]);
  // At the right edge a name ends where its box does, inside the picture.
  expect(labels[3]).toMatchObject({ anchor: "end", x: 136 });
  // A student's name stands below its box, so it does not meet one above.
  expect(labelled([box(10, 30, "ring"), box(10, 30, "ring 40 %", true)], 136)).not.toContain(undefined);
});
