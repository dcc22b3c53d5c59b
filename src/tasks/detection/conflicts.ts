/** Settings of detection that cannot go together. */
import { DETECTION_METHODS } from "../../methods/detection";
import type { DetectionMethod } from "../../methods/detection/method";
import { COARSEST_STRIDE } from "../../models/detector/kinds";
import { type PlainBackbone, plainProblem } from "../../models/detector/plain";
import type { Settings } from "../../settings/run";
import { keyOf } from "../../settings/setting";
import { choicesOf, kindsConflict } from "./heads";
import { type DetectionSettings, teacherKind } from "./settings";

const METHODS: Readonly<Record<string, DetectionMethod>> = DETECTION_METHODS;

/** What is wrong, at the key of the setting that mends it. */
export function conflictsOf(settings: Settings): Record<string, string> {
  return { ...sideConflict(settings), ...imageConflicts(settings), ...otherKinds(METHODS[settings.preset], settings as DetectionSettings) };
}

function sideConflict({ side }: Settings): Record<string, string> {
  const nearest = COARSEST_STRIDE * Math.round(side / COARSEST_STRIDE);
  return side === nearest ? {} : { side: `A detector sees images of a multiple of ${COARSEST_STRIDE} pixels; the nearest is ${nearest}.` };
}

/** What of a method's choices cannot be with images of such a side. */
export function imageConflicts(settings: Settings): Record<string, string> {
  const method = METHODS[settings.preset];
  const found = method.conflicts?.(settings.side, choicesOf(method, settings)) ?? {};
  const ofMethod = Object.entries(found).map(([knob, what]) => [keyOf(method.name, knob), what]);
  return { ...Object.fromEntries(ofMethod), ...plainConflicts(settings as DetectionSettings) };
}

/** ViTDet's dimensions. */
export const plainOf = ({ vitWidth, vitDepth, vitHeads, window, globals, relpos }: DetectionSettings): PlainBackbone => {
  return { width: vitWidth, depth: vitDepth, heads: vitHeads, window, globals, ...(relpos === "on" && { relative: true }) };
};

/** What cannot be with a plain backbone. */
function plainConflicts(settings: DetectionSettings): Record<string, string> {
  if (settings.backbone !== "vitdet") return {};
  const { preset, side, teacher, "mkd.encoder": encoder } = settings;
  const problem = plainProblem(plainOf(settings), side);
  const compares = preset === "mkd" && teacher !== "none" && encoder === "on";
  return {
    ...(problem && { backbone: `${problem.join(". ")}`.replace(/^./, (first) => first.toUpperCase()) }),
    ...(compares && { "mkd.encoder": "ViTDet has no maps of three strides to compare." }),
  };
}

/** Of a teacher that is wanted to be of another kind. */
function otherKinds(method: DetectionMethod, settings: DetectionSettings): Record<string, string> {
  if (settings.teacher === "none") return {};
  const found = kindsConflict(method, settings, { student: settings.detector, teacher: teacherKind(settings) });
  return found ? { [found.key ?? "teacherDetector"]: `${found.problem} ${found.remedy}` } : {};
}
