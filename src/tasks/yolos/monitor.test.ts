/** What a run of detection by transformer shows of a picture of a person's own. */
import { expect, test } from "vitest";
import type { Detection } from "../../geometry/boxes";
import { watched } from "../watched.fixture";
import { runtime } from "./runtime";
import { dataset, SETTINGS, teacher } from "./task.fixture";
import type { PatchedGallery, PatchedSnapshot, YolosViews } from "./views";

test.each([true, false])("of a person's own picture is found what is found on it among held-out ones: teacher %s", async (taught) => {
  const sources = { dataset, teacher: taught ? teacher : undefined };
  const { task, monitor, last } = await watched(runtime, sources, SETTINGS);
  await monitor.snapshot();
  expect(last<YolosViews["snapshot"]>("snapshot")).not.toHaveProperty("own");
  const picture = dataset.test.image(2);
  monitor.guest?.({ pixels: picture, width: 640, height: 640 });
  const { own, truths }: PatchedGallery = last<YolosViews["gallery"]>("gallery");
  expect([own?.pixels, truths.length]).toEqual([picture, 6]);
  await monitor.snapshot();
  const { student, teacher: found, kept, own: mine }: PatchedSnapshot = last<YolosViews["snapshot"]>("snapshot");
  expect(mine?.number).toBe(own?.number);
  expect(mine?.student).toEqual(closeTo(student[2]));
  expect(mine?.teacher).toEqual(found && closeTo(found[2]));
  expect([found !== undefined, mine?.kept]).toEqual([taught, taught ? kept?.slice(16, 24) : undefined]);
  // The share of the teacher's patches is of held-out images alone.
  expect([student.length, kept?.length]).toEqual([6, taught ? 6 * 8 : undefined]);
  task.destroy();
});

/** Kernels for another number of images may add in another order. */
const closeTo = (all: Detection[]) =>
  all.map(({ category, score, box }) => ({ category, score: expect.closeTo(score, 4), box: box.map((v) => expect.closeTo(v, 2)) }));
