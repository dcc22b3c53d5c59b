/** Settings of detection that cannot go together. */
import { DETECTION_METHODS } from "../../methods/detection";
import type { DetectionMethod } from "../../methods/detection/method";
import type { Settings } from "../../settings/run";
import { keyOf } from "../../settings/setting";
import { choicesOf, kindsConflict } from "./heads";
import { type DetectionSettings, teacherKind } from "./settings";

const METHODS: Readonly<Record<string, DetectionMethod>> = DETECTION_METHODS;

/** What is wrong, at the key of the setting that mends it. */
export function conflictsOf(settings: Settings): Record<string, string> {
  return { ...imageConflicts(settings), ...otherKinds(METHODS[settings.preset], settings as DetectionSettings) };
}

/** What of a method's choices cannot be with images of such a side. */
export function imageConflicts(settings: Settings): Record<string, string> {
  const method = METHODS[settings.preset];
  const found = method.conflicts?.(settings.side, choicesOf(method, settings)) ?? {};
  return Object.fromEntries(Object.entries(found).map(([knob, what]) => [keyOf(method.name, knob), what]));
}

/** Of a teacher that is wanted to be of another kind. */
function otherKinds(method: DetectionMethod, settings: DetectionSettings): Record<string, string> {
  if (settings.teacher === "none") return {};
  const found = kindsConflict(method, settings, { student: settings.detector, teacher: teacherKind(settings) });
  return found ? { [found.key ?? "teacherDetector"]: `${found.problem} ${found.remedy}` } : {};
}
