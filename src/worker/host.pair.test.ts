/** Two runs that go step for step in one host. */
import { describe, expect, test, vi } from "vitest";
import { nodeGPU } from "../cli/device.node";
import { openEngine } from "../engine/device";
import { OutOfMemory } from "../engine/errors";
import { testEngine } from "../ops/check";
import type { Settings } from "../settings/run";
import { readCheckpoint } from "../train/checkpoint";
import { DEEP } from "../train/flight";
import type { Session } from "../train/session";
import { IMAGES, SETTINGS, TestHost } from "./host.fixture";
import type { Command, Event } from "./protocol";

describe("two runs that go step for step", () => {
  const LONG = { ...SETTINGS, steps: 12, evaluate: 4, side: 16 };
  const OTHER = { ...LONG, lr: 3e-3 };

  /** What was told of both, in order: "a1 b1 a2 b2" for their steps. */
  const order = (page: TestHost) =>
    page.events.flatMap((event) => {
      if (event.type === "step") return [`a${event.report.step}`];
      return event.type === "beside" && event.event.type === "step" ? [`b${event.event.report.step}`] : [];
    });

  /** Both told all steps in their order, neither ahead by more steps than may be on their way. */
  function expectInTurns(page: TestHost, from: number, to: number): void {
    const told = { a: from - 1, b: from - 1 };
    for (const [whose, ...number] of order(page)) {
      const run = whose as "a" | "b";
      expect(Number(number.join(""))).toBe(++told[run]);
      expect(Math.abs(told.a - told.b)).toBeLessThanOrEqual(DEEP);
    }
    expect(told).toEqual({ a: to, b: to });
  }

  const besides = <T extends Event["type"]>(page: TestHost, type: T) =>
    page.all("beside").flatMap(({ event }) => (event.type === type ? [event as Extract<Event, { type: T }>] : []));
  const lossesBeside = (page: TestHost) => besides(page, "step").map(({ report }) => report.losses.ce);

  /** The losses of a run that goes alone, after commands before its first step and after that. */
  async function alone(settings: Settings, before?: Command, ...later: Command[]): Promise<number[]> {
    const page = await TestHost.ready();
    if (before) page.send(before);
    await page.host.idle();
    page.send({ type: "start", settings, paused: true });
    for (const command of [...later, { type: "play" } as const]) page.send(command);
    await page.host.idle();
    return page.losses();
  }

  test("each has the losses, to the bit, that it has alone; both are tested and shown at the same steps", async () => {
    const school: Command = { type: "trainTeacher", settings: { ...SETTINGS, steps: 2, evaluate: 2 } };
    const [masked, whole] = [0.5, 1].map((keep): Settings => ({ ...LONG, teacher: "teacher", keep }));
    const page = await TestHost.ready();
    page.send(school);
    await page.host.idle();
    page.send({ type: "start", settings: masked, beside: { settings: whole } });
    await page.host.idle();
    expect(page.phases().at(-1)).toBe("finished");
    expectInTurns(page, 1, 12);
    const [first, second] = [await alone(masked, school), await alone(whole, school)];
    expect(first).not.toEqual(second);
    expect(page.losses()).toEqual(first);
    expect(lossesBeside(page)).toEqual(second);
    for (const tested of [page.all("evaluated"), besides(page, "evaluated")]) expect(tested.map(({ step }) => step)).toEqual([4, 8, 12]);
    const shown = (views: { view: { name: string; step?: number } }[]) =>
      new Set(views.flatMap(({ view }) => (view.name === "snapshot" ? [view.step] : [])));
    expect(shown(page.all("view")).size).toBeGreaterThan(4);
    expect(shown(besides(page, "view"))).toEqual(shown(page.all("view")));
    expect(besides(page, "started")).toMatchObject([{ step: 0, settings: { keep: 1 }, dataset: { id: IMAGES } }]);
    expect(besides(page, "step").at(-1)?.report.losses.kd).toBeGreaterThan(0);
  });

  test("a pause stops both at one step, a single step is one of both, and stopping tests both there", async () => {
    const page = await TestHost.ready();
    const third = page.next("step", ({ report }) => report.step === 3);
    page.send({ type: "start", settings: LONG, beside: { settings: OTHER } });
    await third;
    page.send({ type: "pause" });
    await page.host.idle();
    const paused = page.losses().length;
    expect(paused).toBeLessThan(12);
    expectInTurns(page, 1, paused);
    page.send({ type: "step" });
    page.send({ type: "stop" });
    await page.host.idle();
    expectInTurns(page, 1, paused + 1);
    for (const tested of [page.all("evaluated"), besides(page, "evaluated")]) expect(tested.at(-1)?.step).toBe(paused + 1);
    expect(page.phases().at(-1)).toBe("finished");
  });

  test("a live change acts on both at the same step, but for what they differ in", async () => {
    const page = await TestHost.ready();
    page.send({ type: "start", settings: LONG, paused: true, beside: { settings: OTHER } });
    page.send({ type: "step" });
    page.send({ type: "set", key: "decay", value: 0.2 });
    page.send({ type: "set", key: "lr", value: 5e-3 });
    page.send({ type: "play" });
    await page.host.idle();
    expect(page.all("changed").map(({ change }) => [change.step, change.key, change.to])).toEqual([
      [1, "decay", 0.2],
      [1, "lr", 5e-3],
    ]);
    expect(besides(page, "changed").map(({ change }) => [change.step, change.key, change.to])).toEqual([[1, "decay", 0.2]]);
    const steered = await alone(OTHER, undefined, { type: "step" }, { type: "set", key: "decay", value: 0.2 });
    expect(lossesBeside(page)).toEqual(steered);
  });

  test("a guide that is loaded meanwhile may choose the patches of both", async () => {
    const page = await TestHost.ready();
    page.send({ type: "trainTeacher", settings: { ...SETTINGS, steps: 2, evaluate: 2 } });
    await page.host.idle();
    page.send({ type: "export", what: "teacher" });
    const masked: Settings = { ...LONG, teacher: "teacher", keep: 0.5 };
    page.send({ type: "start", settings: masked, paused: true, beside: { settings: { ...masked, lr: 3e-3 } } });
    await page.host.idle();
    page.send({ type: "import", as: "guide", bytes: page.last("exported").bytes, name: "guide", hints: {} });
    page.send({ type: "set", key: "criterion", value: "guide" });
    await page.host.idle();
    for (const changed of [page.all("changed"), besides(page, "changed")])
      expect(changed.map(({ change }) => [change.key, change.to])).toEqual([["criterion", "guide"]]);
  });

  test("both are saved at one step and go on in another host with the same bits", async () => {
    const page = await TestHost.ready();
    page.send({ type: "start", settings: LONG, beside: { settings: OTHER } });
    await page.next("step", ({ report }) => report.step >= 5);
    page.send({ type: "save" });
    await page.host.idle();
    const { bytes, step, beside } = page.last("saved");
    expect(step).toBeGreaterThanOrEqual(5);
    expect([readCheckpoint(bytes!).step, readCheckpoint(beside!.bytes!).step, beside!.step]).toEqual([step, step, step]);
    const other = await TestHost.ready();
    other.send({ type: "restore", bytes: bytes!, beside: beside!.bytes });
    other.send({ type: "play" });
    await other.host.idle();
    expect(besides(other, "started")).toMatchObject([{ restored: true, step, settings: { lr: 3e-3 } }]);
    expectInTurns(other, step + 1, 12);
    expect(other.losses()).toEqual(page.losses().slice(step));
    expect(lossesBeside(other)).toEqual(lossesBeside(page).slice(step));
  });

  test("where the GPU has no memory for the second, that is said, and the first goes alone with its own bits", async () => {
    const engine = await testEngine();
    const page = await TestHost.ready("maskedkd", async () => engine);
    page.send({ type: "start", settings: LONG, paused: true });
    await page.host.idle();
    const { guarded } = engine;
    let asked = 0;
    // First the memory of the first run's steps, then that of the second run.
    engine.guarded = (make) => (++asked === 2 ? Promise.reject(new OutOfMemory()) : guarded.call(engine, make)) as never;
    page.send({ type: "start", settings: LONG, beside: { settings: OTHER } });
    await page.host.idle();
    expect(page.last("parted").message).toContain("not enough free memory");
    expect(page.all("failed")).toEqual([]);
    expect(order(page)).toEqual(Array.from({ length: 12 }, (_, i) => `a${i + 1}`));
    expect(page.losses()).toEqual(await alone(LONG));
    expect(page.phases().at(-1)).toBe("finished");
  });

  test("a second run for which the GPU had no memory gives back what it took", async () => {
    const engine = await openEngine(await nodeGPU());
    const page = await TestHost.ready("maskedkd", async () => engine);
    const { guarded } = engine;
    const used: number[] = [];
    engine.guarded = async (make) => {
      const made = await guarded.call(engine, make);
      if ("introduce" in (made as object)) throw new OutOfMemory();
      return made as never;
    };
    for (let round = 0; round < 3; round++) {
      page.send({ type: "start", settings: { ...LONG, seed: round }, paused: true });
      await page.host.idle();
      page.send({ type: "start", settings: { ...LONG, seed: round }, paused: true, beside: { settings: OTHER } });
      await page.host.idle();
      used.push(engine.usedBytes);
      // Buffers for which there was no memory are none that others could use.
      expect(engine.allocatedBytes).toBe(engine.usedBytes);
    }
    expect(page.all("parted")).toHaveLength(3);
    // The first begins on a GPU that is empty.
    expect(used[2]).toBe(used[1]);
    engine.destroy();
  });

  test("a second run that comes to no number leaves the first one as it is", async () => {
    const page = await TestHost.ready();
    page.send({ type: "start", settings: LONG, paused: true, beside: { settings: OTHER } });
    page.send({ type: "step" });
    await page.host.idle();
    const { partner } = (page.host as unknown as { run: { partner: { session: Session } } }).run;
    vi.spyOn(partner.session.task, "report").mockReturnValue({ losses: { ce: Number.NaN }, rates: {} });
    page.send({ type: "play" });
    await page.host.idle();
    expect(page.last("parted").message).toContain("no longer a number");
    expect(page.losses()).toEqual(await alone(LONG));
    page.send({ type: "save" });
    await page.host.idle();
    expect(page.last("saved").beside).toBeUndefined();
  });

  test("another start ends both, and the GPU holds no more than before", async () => {
    const engine = await testEngine();
    const page = await TestHost.ready("maskedkd", async () => engine);
    const rounds: number[] = [];
    for (let round = 0; round < 3; round++) {
      page.send({ type: "start", settings: LONG, beside: { settings: OTHER } });
      await page.host.idle();
      page.send({ type: "start", settings: LONG, paused: true });
      await page.host.idle();
      rounds.push(engine.usedBytes);
    }
    expect(new Set(rounds).size).toBe(1);
  });
});
