/** What two runs' settings differ in, and what a mask saved. */
import type { Change, Settings } from "../../settings/run";
import { SCHEMA } from "../../tasks";
import type { Numbers } from "./history";

/** Settings that two runs do not share, of those that play a part in both. */
export function differences(a: Settings, b: Settings): string[] {
  const known = SCHEMA.of(b.preset);
  return Object.keys(SCHEMA.of(a.preset)).filter((key) => key in known && a[key] !== b[key]);
}

/** Whether a person changed settings on the way; what a task measures by itself, such as weights, belongs to the run. */
export const isSteered = ({ changes, settings }: { changes: readonly Change[]; settings: Settings }): boolean =>
  changes.some(({ key }) => SCHEMA.setting(key, settings.preset).measured !== true);

/** Share of something of the teacher's that the mask saved over the run; undefined where it is not known. */
export function savedOf({ sums }: { sums: Numbers }, masked: string, full: string): number | undefined {
  return sums[full] > 0 ? 1 - sums[masked] / sums[full] : undefined;
}
