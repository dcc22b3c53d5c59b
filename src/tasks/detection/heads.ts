/** Whether what a method compares of the heads' answers says the same of teacher and student. */
import type { DetectionMethod, HeadAnswer } from "../../methods/detection/method";
import type { ChoicesOf, Knobs } from "../../methods/method";
import type { DetectorConfig, DetectorKind } from "../../models/detector/config";
import type { Settings } from "../../settings/run";
import { keyOf } from "../../settings/setting";

/** What a kind's class scores say. */
const SCORES: Record<DetectorKind, string> = {
  retinanet: "RetinaNet scores nine anchors at each place",
  fcos: "FCOS scores whether an object is there, and tells its centre apart",
  atss: "ATSS scores whether an object is there, and tells its centre apart",
  gfl: "GFL scores how well its box fits",
};
const BOXES: Record<DetectorKind, string> = {
  retinanet: "RetinaNet moves nine anchors at each place",
  fcos: "FCOS tells distances in pixels",
  atss: "ATSS moves an anchor",
  gfl: "GFL tells distributions of distances",
};
const MEANING = { "class scores": SCORES, boxes: BOXES };

/** What cannot be compared, and what to do instead. */
export interface HeadConflict {
  problem: string;
  remedy: string;
  /** The setting that leaves the answer out. */
  key?: string;
}

/** A method's choices, as they are set. */
export function choicesOf({ name, knobs }: DetectionMethod, settings: Settings): ChoicesOf<Knobs> {
  const choices = Object.entries(knobs).flatMap(([knob, { kind }]) => (kind === "choice" ? [[knob, settings[keyOf(name, knob)]]] : []));
  return Object.fromEntries(choices);
}

/** The first answer that the method compares and that two such kinds do not give alike. */
export function kindsConflict(method: DetectionMethod, settings: Settings, kinds: Kinds): HeadConflict | undefined {
  if (kinds.student === kinds.teacher) return undefined;
  const [answer] = comparedAnswers(method, settings);
  if (!answer) return undefined;
  const meaning = MEANING[answer.what];
  return {
    problem: `${method.label} compares ${answer.what}, which do not say the same: ${meaning[kinds.teacher]}, the student's ${meaning[kinds.student]}.`,
    ...left(method, answer, "Take a teacher of the student's kind"),
  };
}

/** The same of boxes that are measured by anchors of two sizes. */
export function anchorsConflict(method: DetectionMethod, settings: Settings, student: DetectorConfig, teacher: DetectorConfig) {
  const relative = teacher.kind === "retinanet" || teacher.kind === "atss";
  const boxes = comparedAnswers(method, settings).find(({ what }) => what === "boxes");
  if (!boxes || !relative || teacher.anchor === student.anchor) return undefined;
  return {
    problem: `${method.label} compares boxes, which the teacher measures by anchors of ${teacher.anchor} strides, the student by ${student.anchor}.`,
    ...left(method, boxes, "Give the student the same anchors"),
  };
}

interface Kinds {
  student: DetectorKind;
  teacher: DetectorKind;
}

const comparedAnswers = (method: DetectionMethod, settings: Settings): readonly HeadAnswer[] =>
  method.heads?.(choicesOf(method, settings)) ?? [];

/** What to do, and by which key. */
function left({ name }: DetectionMethod, { without }: HeadAnswer, otherwise: string): Pick<HeadConflict, "remedy" | "key"> {
  if (!without) return { remedy: `${otherwise}, or choose a method that compares features.` };
  const [knob, option] = without;
  return { remedy: `${otherwise}, or set ${keyOf(name, knob)} to ${option}.`, key: keyOf(name, knob) };
}
