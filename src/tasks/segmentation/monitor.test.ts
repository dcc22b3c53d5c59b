/** What a run of segmentation shows of a picture of a person's own. */
import { expect, test } from "vitest";
import { planesOf } from "../../data/segmentation";
import { watched } from "../watched.fixture";
import { runtime } from "./runtime";
import { dataset, SETTINGS, teacher } from "./task.fixture";
import type { SegmentationViews } from "./views";

/** Planes [3, side, side] as a picture is given, [side, side, 3]. */
const interleaved = (planes: Uint8Array) => planes.map((_, i) => planes[(i % 3) * (planes.length / 3) + Math.floor(i / 3)]);

test.each([true, false])("a person's own picture has the masks that it has among held-out ones: teacher %s", async (taught) => {
  const sources = { dataset, teacher: taught ? teacher : undefined };
  const { task, monitor, last } = await watched(runtime, sources, SETTINGS);
  await monitor.snapshot();
  expect(last<SegmentationViews["snapshot"]>("snapshot")).not.toHaveProperty("own");
  const pixels = interleaved(dataset.test.image(2));
  monitor.guest?.({ pixels, width: 640, height: 640 });
  const { own, truths } = last<SegmentationViews["gallery"]>("gallery");
  expect([own?.pixels, planesOf(pixels), truths.length]).toEqual([pixels, dataset.test.image(2), 6 * 32 * 32]);
  await monitor.snapshot();
  const { student, teacher: whole, kept, own: mine } = last<SegmentationViews["snapshot"]>("snapshot");
  const [area, k] = [32 * 32, (kept?.length ?? 0) / 6];
  expect([mine?.number, student.length, whole?.length]).toEqual([own?.number, 6 * area, taught ? 6 * area : undefined]);
  // Kernels for another number of images may add in another order, so a pixel between two classes may fall to the other.
  const same = (a: Uint8Array, b: Uint8Array) => a.filter((label, i) => label === b[i]).length / a.length;
  expect(same(mine!.student, student.subarray(2 * area, 3 * area))).toBeGreaterThan(0.99);
  expect(mine?.kept).toEqual(taught ? kept?.slice(2 * k, 3 * k) : undefined);
  expect(mine?.teacher && same(mine.teacher, whole!.subarray(2 * area, 3 * area)) > 0.99).toBe(taught ? true : undefined);
  task.destroy();
});
