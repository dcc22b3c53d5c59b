import { describe, expect, it } from "vitest";
import { Findings } from "./annotated";
import { placed } from "./placing";

/** Pixels of a stored picture of 40 x 20, and where they come to lie upright: the corner of a box at [4, 2, 12, 6] each. */
const UPRIGHT: Record<number, [number, number, number, number]> = {
  5: [2, 4, 6, 12],
  6: [14, 4, 18, 12],
  7: [14, 28, 18, 36],
  8: [2, 28, 6, 36],
};

describe("boxes of a picture that lies on its side in its file", () => {
  const object = { category: "door", box: [4, 2, 12, 6] as const, row: "object 1" };
  const place = (orientation: number, stated: { width?: number; height?: number }) => {
    const findings = new Findings();
    const picture = { pixels: new Uint8Array(), width: 20, height: 40, orientation };
    const read = placed({ names: [], file: "a.xml", ...stated, objects: [object] }, picture, "a.jpg", 40, findings);
    return { box: read?.objects[0].box, left: read?.at.left, notes: findings.notes() };
  };

  it.each([5, 6, 7, 8])("are turned with it where the stated size is the stored one: %i", (orientation) => {
    const { box, left, notes } = place(orientation, { width: 40, height: 20 });
    const [x1, y1, x2, y2] = UPRIGHT[orientation];
    expect([box, left]).toEqual([[x1 + 10, y1, x2 + 10, y2], 10]);
    expect(notes).toEqual(["Pictures on their side whose boxes were turned upright with them: 1 (a.jpg)."]);
  });

  it("stay where the stated size is the upright one, or none is stated", () => {
    for (const stated of [{ width: 20, height: 40 }, {}])
      expect(place(6, stated)).toEqual({ box: [14, 2, 20 + 2, 6], left: 10, notes: [] });
  });

  it("have no picture where neither size fits", () => {
    expect(place(1, { width: 40, height: 20 }).notes).toEqual([
      "Pictures of other proportions than their annotations state, left out: 1 (a.jpg).",
    ]);
    expect(place(6, { width: 30, height: 20 }).box).toBeUndefined();
  });
});
