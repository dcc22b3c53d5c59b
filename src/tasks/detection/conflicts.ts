/** Settings of detection that cannot go together. */
import { DETECTION_METHODS } from "../../methods/detection";
import type { DetectionMethod } from "../../methods/detection/method";
import type { Settings } from "../../settings/run";
import { keyOf } from "../../settings/setting";

/** What is wrong, at the key of the setting that mends it. */
export function conflictsOf(settings: Settings): Record<string, string> {
  const methods: Readonly<Record<string, DetectionMethod>> = DETECTION_METHODS;
  const { name, knobs, conflicts } = methods[settings.preset];
  const choices = Object.entries(knobs).flatMap(([knob, { kind }]) => (kind === "choice" ? [[knob, settings[keyOf(name, knob)]]] : []));
  const found = conflicts?.(settings.side, Object.fromEntries(choices)) ?? {};
  return Object.fromEntries(Object.entries(found).map(([knob, what]) => [keyOf(name, knob), what]));
}
