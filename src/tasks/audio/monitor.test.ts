/** What a run of sounds shows of a sound of a person's own. */
import { expect, test } from "vitest";
import type { ClassificationViews } from "../classification/views";
import { watched } from "../watched.fixture";
import type { AudioMonitor } from "./monitor";
import { runtime } from "./runtime";
import { dataset, SETTINGS, teacher } from "./task.fixture";

async function watching() {
  const { monitor, ...rest } = await watched(runtime, { dataset, teacher }, SETTINGS);
  return { ...rest, monitor: monitor as AudioMonitor };
}

test("it takes the place of the first, of no class and no known place, and is heard as it is", async () => {
  const { task, monitor, last } = await watching();
  monitor.guest(dataset.test.wave(5));
  const { labels, waves, objects } = last<ClassificationViews["gallery"]>("gallery");
  expect([labels[0], labels[1], objects]).toEqual([-1, dataset.test.label(1), undefined]);
  expect([waves?.[0], waves?.[1]]).toEqual([dataset.test.wave(5), dataset.test.wave(1)]);
  await monitor.snapshot();
  const mine = last<ClassificationViews["snapshot"]>("snapshot");
  const k = mine.kept!.length / labels.length;
  expect([mine.student[0], mine.kept!.slice(0, k)]).toEqual([mine.student[5], mine.kept!.slice(5 * k, 6 * k)]);
  task.destroy();
});

test("it is part of nothing that is counted", async () => {
  const [without, given] = [await watching(), await watching()];
  given.monitor.guest(dataset.test.wave(5));
  for (const { monitor } of [without, given]) await monitor.snapshot(true);
  const counts = ({ last }: typeof given) =>
    last<ClassificationViews["frequency"]>("frequency").stages.map(({ watched }) => [...watched.counts]);
  expect(counts(given)).toEqual(counts(without));
  expect(
    counts(without)
      .flat()
      .some((count) => count > 0),
  ).toBe(true);
  // The first sound would have been counted otherwise.
  expect([...given.last<ClassificationViews["snapshot"]>("snapshot").kept!]).not.toEqual([
    ...without.last<ClassificationViews["snapshot"]>("snapshot").kept!,
  ]);
  for (const { task } of [without, given]) task.destroy();
});
