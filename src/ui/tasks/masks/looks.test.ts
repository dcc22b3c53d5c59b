/** What is shown of a run once a person has brought something that took the place of the first picture. */
import { expect, test } from "vitest";
import type { Gallery } from "../../../tasks/classification/views";
import type { Moment } from "../../state/history";
import type { State } from "../../state/store";
import { looksAt } from "./looks";

const PAINTED = { labels: [0, 1] } as unknown as Gallery;
const snapshots: Moment[] = [0, 10, 20, 30].map((step) => ({ step, value: { step } }));

const stateAt = (pinned: number | undefined, gallery?: Partial<Gallery>): State =>
  ({ pinned, views: { audio: gallery ? { gallery } : {} }, history: { moments: () => snapshots } }) as unknown as State;

test("snapshots from before it came are of another picture, and are not shown", () => {
  const looks = looksAt("audio", () => PAINTED);
  const step = (state: State) => looks.snapshotOf(state)?.step;
  expect([step(stateAt(undefined)), step(stateAt(10)), looks.snapshotsOf(stateAt(10))]).toEqual([30, 10, snapshots]);
  const own = { labels: [-1, 1], since: 20 };
  expect([undefined, 30, 20, 10].map((pinned) => step(stateAt(pinned, own)))).toEqual([30, 30, 20, undefined]);
  const later = looks.snapshotsOf(stateAt(undefined, own));
  expect(later.map(({ step }) => step)).toEqual([20, 30]);
  // Who draws it would do so for ever if it were another list each time.
  expect(looks.snapshotsOf(stateAt(10, own))).toBe(later);
});
