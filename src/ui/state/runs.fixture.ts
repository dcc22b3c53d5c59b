/** Made-up runs that ended. */
import type { Settings } from "../../settings/run";
import { SCHEMA } from "../../tasks";
import type { Run } from "./runs";

export function run(id: number, settings: Partial<Settings>, top1 = 0.5, more: Partial<Run> = {}): Run {
  return {
    ...{
      id,
      name: `Run ${id}`,
      colour: 0,
      shown: true,
      settings: { ...SCHEMA.defaults(), ...settings } as Settings,
      changes: [],
      teacher: "teacher",
    },
    ...{ step: 1000, total: 1000, points: [], evaluations: [{ step: 1000, scores: { top1 }, count: 1000 }] },
    ...{ sums: { macs: 49, fullMacs: 100 }, ...more },
  };
}
