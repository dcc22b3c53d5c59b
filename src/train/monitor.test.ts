/** What is counted of a real run: sums are k for every way to choose, and a resumed run counts as if it had never stopped. */
import { expect, test } from "vitest";
import { scenes } from "../data/scenes";
import { CRITERIA } from "../methods/masking";
import { initViT, type ViTConfig } from "../models/vit/config";
import { testEngine } from "../ops/check";
import type { Settings } from "../settings/run";
import { SCHEMA } from "../tasks";
import { runtime } from "../tasks/classification/runtime";
import type { ClassificationViews } from "../tasks/classification/views";
import type { Frequency } from "../tasks/frequency";
import type { ViewEvent } from "../tasks/task";
import { Session } from "./session";

const dataset = scenes({ side: 16, train: 24, test: 9, seed: 3 });
const network: ViTConfig = {
  ...{ image: 16, patch: 4, channels: 3, classes: 12, width: 12, depth: 1, heads: 2, headDim: 6, mlp: 24 },
  ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
};
const teacher = { id: "teacher", name: "teacher", weights: initViT(network, 9), config: network };
const sources = { dataset, teacher, guide: teacher };
const SETTINGS = { ...SCHEMA.defaults(), width: 8, depth: 1, heads: 2, batch: 4, steps: 6, keep: 5 / 16 };
const K = 5;

type Run = Awaited<ReturnType<typeof watched>>;

async function watched(settings: Partial<Settings>, saved?: Uint8Array) {
  const engine = await testEngine();
  const session = saved
    ? Session.restore({ engine, runtime, sources }, saved)
    : Session.create({ engine, runtime, sources, settings: { ...SETTINGS, ...settings } as Settings });
  const shown: ViewEvent[] = [];
  const { task, settings: own, extras } = session;
  const watched = { task, dataset, settings: own, extras, step: () => session.step, show: (view: ViewEvent) => void shown.push(view) };
  return { session, shown, monitor: runtime.monitor(watched) };
}

async function advance({ session, monitor }: Run, steps: number): Promise<void> {
  for (let i = 0; i < steps; i++) await monitor.count(await session.advance());
}

function last<N extends keyof ClassificationViews>({ shown }: Run, name: N): ClassificationViews[N] {
  return shown.findLast((view) => view.name === name)?.value as ClassificationViews[N];
}

function sums({ stages }: Frequency): number[] {
  const rate = (counts: Float64Array, images: number) => counts.reduce((a, b) => a + b) / images;
  return stages.flatMap(({ positions, watched }) =>
    [positions, watched].filter(({ images }) => images > 0).map(({ counts, images }) => rate(counts, images)),
  );
}

test.each(CRITERIA)("frequencies sum to k when chosen by %s", async (criterion) => {
  const run = await watched({ criterion });
  await advance(run, 4);
  const found = sums(last(run, "frequency"));
  expect(found.length).toBe(4);
  expect(found.every((sum) => sum === K)).toBe(true);
  run.session.destroy();
});

test("a resumed run's counts go on from those saved", async () => {
  const whole = await watched({});
  await advance(whole, 6);
  const half = await watched({});
  await advance(half, 3);
  half.monitor.store();
  const resumed = await watched({}, await half.session.save());
  await advance(resumed, 3);
  expect(last(resumed, "frequency")).toEqual(last(whole, "frequency"));
  for (const { session } of [whole, half, resumed]) session.destroy();
});

test("the untrained student is the one of step 0, also when it is shown later", async () => {
  const run = await watched({});
  await run.monitor.introduce();
  const [before, now] = [last(run, "untrained"), last(run, "snapshot")];
  expect(before).toEqual(now);
  await advance(run, 3);
  await run.monitor.follow();
  expect(last(run, "untrained")).toEqual(before);
  expect(last(run, "snapshot").attention).not.toEqual(before.attention);
  run.session.destroy();
});

test("the gallery shows eight images, and where the objects of all watched ones are", async () => {
  const run = await watched({});
  run.monitor.gallery();
  await run.monitor.snapshot();
  const gallery = last(run, "gallery");
  expect(gallery.labels).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(gallery.images.length).toBe(8 * 3 * 16 * 16);
  expect(gallery.objects?.length).toBe(9 * 16);
  const look = last(run, "snapshot");
  expect([look.student.length, look.kept?.length, look.attention.length]).toEqual([8, 8 * K, 8 * 2 * 16]);
  run.session.destroy();
});
