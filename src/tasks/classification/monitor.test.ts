/** What is counted of a real run: sums are k for every way to choose, and a resumed run counts as if it had never stopped. */
import { expect, test } from "vitest";
import { scenes } from "../../data/scenes";
import { CRITERIA } from "../../methods/classification/maskedkd";
import { initViT, type ViTConfig } from "../../models/vit/config";
import { testEngine } from "../../ops/check";
import { defaults, type Settings } from "../../settings/experiment";
import { Session } from "../../train/session";
import type { Event, Frequency, Look } from "../../worker/protocol";
import { Watch } from "./monitor";
import { classification } from "./task";

const dataset = scenes({ side: 16, train: 24, test: 9, seed: 3 });
const network: ViTConfig = {
  ...{ image: 16, patch: 4, channels: 3, classes: 12, width: 12, depth: 1, heads: 2, headDim: 6, mlp: 24 },
  ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
};
const teacher = { id: "teacher", name: "teacher", weights: initViT(network, 9), config: network };
const subject = classification({ dataset, teacher, guide: teacher });
const SETTINGS = { ...defaults(), width: 8, depth: 1, heads: 2, batch: 4, steps: 6, keep: 5 / 16 };
const K = 5;

type Run = Awaited<ReturnType<typeof watched>>;

async function watched(settings: Partial<Settings>, saved?: Uint8Array) {
  const engine = await testEngine();
  const session = saved
    ? Session.restore({ engine, subject }, saved)
    : Session.create({ engine, subject, settings: { ...SETTINGS, ...settings } });
  const events: Event[] = [];
  return { session, events, watch: new Watch(dataset, session, (event) => events.push(event)) };
}

async function advance({ session, watch }: Run, steps: number): Promise<void> {
  for (let i = 0; i < steps; i++) await watch.count(await session.advance());
}

function last<T extends Event["type"]>({ events }: Run, type: T): Extract<Event, { type: T }> {
  return events.findLast((event) => event.type === type) as Extract<Event, { type: T }>;
}

function sums({ stages }: Frequency): number[] {
  const rate = (counts: Float64Array, images: number) => counts.reduce((a, b) => a + b) / images;
  return stages.flatMap(({ positions, watched }) =>
    [positions, watched].filter(({ images }) => images > 0).map(({ counts, images }) => rate(counts, images)),
  );
}

test.each(CRITERIA)("frequencies sum to k when chosen by %s (T7)", async (criterion) => {
  const run = await watched({ criterion });
  await advance(run, 4);
  const found = sums(last(run, "frequency").frequency);
  expect(found.length).toBe(4);
  expect(found.every((sum) => sum === K)).toBe(true);
  run.session.destroy();
});

test("a resumed run's counts go on from those saved", async () => {
  const whole = await watched({});
  await advance(whole, 6);
  const half = await watched({});
  await advance(half, 3);
  half.watch.store();
  const resumed = await watched({}, await half.session.save());
  await advance(resumed, 3);
  expect(last(resumed, "frequency").frequency).toEqual(last(whole, "frequency").frequency);
  for (const { session } of [whole, half, resumed]) session.destroy();
});

test("the untrained student is the one of step 0, also when asked later", async () => {
  const run = await watched({});
  await run.watch.introduce();
  const [before, now] = [last(run, "untrained").look, last(run, "look").look];
  expect(before).toEqual(now);
  await advance(run, 3);
  await run.watch.untrained();
  expect(last(run, "untrained").look).toEqual(before);
  expect(last(run, "look").look.attention).not.toEqual(before.attention);
  run.session.destroy();
});

test("the gallery shows eight images, and where the objects of all watched ones are", async () => {
  const run = await watched({});
  run.watch.showGallery();
  await run.watch.look();
  const { gallery } = last(run, "gallery");
  expect(gallery.labels).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(gallery.images.length).toBe(8 * 3 * 16 * 16);
  expect(gallery.objects?.length).toBe(9 * 16);
  const look: Look = last(run, "look").look;
  expect([look.student.length, look.kept?.length, look.attention.length]).toEqual([8, 8 * K, 8 * 2 * 16]);
  run.session.destroy();
});
