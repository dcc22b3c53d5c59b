/** Runs that are kept, for tests: a page with one under way, and what befalls it. */
import { expect, vi } from "vitest";
import { writeCheckpoint } from "../../train/checkpoint";
import { RUN } from "../../train/checkpoint.fixture";
import type { Event } from "../../worker/protocol";
import { KEPT_LIST, type KeptFacts } from "./keptList";
import { type FakePage, FakeTabs, phase, readyPage, started, step } from "./playground.fixture";

export const settle = () => vi.advanceTimersByTimeAsync(0);
export const failed = (more: Partial<Extract<Event, { type: "failed" }>> = {}): Event => ({
  ...{ type: "failed", message: "The loss is no longer a number.", remedy: "Lower the learning rate.", fatal: false, spoiled: true },
  ...more,
});
export const lost = () => failed({ message: "The GPU was lost.", fatal: true });
export const adapter = { name: "GPU", software: false } as never;

export const BYTES = writeCheckpoint(RUN);

/** A run under way that was kept at its third step. */
export async function keptPage(kept = new Map<string, unknown>(), query = "", tabs = new FakeTabs()): Promise<FakePage> {
  const made = readyPage(query, kept, tabs);
  made.say({ type: "adapter", facts: adapter });
  made.page.run.restart();
  made.say(started(made.page.store.getState().wanted), phase("running"), step(1), step(2), step(3));
  await vi.advanceTimersByTimeAsync(1000);
  made.page.keeper.autosave();
  expect(made.told("save")).toHaveLength(1);
  made.say({ type: "saved", bytes: BYTES, step: 3 });
  await settle();
  made.told();
  return made;
}

export const list = (kept: Map<string, unknown>) => kept.get(KEPT_LIST) as KeptFacts[];
