/** Results of a run: a student's detections on all held-out images, by every metric there is. */
import type { DetectionSet } from "../../data/detection";
import { type Answered, cocoScores, scaledEdges } from "../../metrics/coco";
import { ERROR_CURVES, type ErrorAnalysis, type ErrorCurves } from "../../metrics/errors";
import { TIDE_ERRORS, type TideCosts } from "../../metrics/tide";
import { vocScores } from "../../metrics/voc";
import type { Scores } from "../task";
import { measured, named } from "./evaluate";

/** COCO's scores, and Pascal VOC's AP50, by name. */
export async function scoresOf(answered: readonly Answered[], { classes, side }: DetectionSet): Promise<Scores> {
  const coco = await cocoScores(answered, { classes: classes.length, edges: scaledEdges(side) });
  const voc = vocScores(answered, { classes: classes.length });
  return { ...named(coco), ...measured({ voc_ap50: voc.map }) };
}

/** What each kind of mistake costs of AP50, as TIDE has it. */
export const tideCosts = (costs: TideCosts): Scores =>
  measured(Object.fromEntries(TIDE_ERRORS.map((kind) => [kind.toLowerCase(), costs[kind].gain])));

/** The areas below the seven curves of COCO's error analysis: mean over the classes, and of each class with objects. */
export function areasOf({ overall, perClass }: ErrorAnalysis, classes: readonly string[]): object {
  const byCurve = ({ areas }: ErrorCurves) => Object.fromEntries(ERROR_CURVES.map((name, i) => [name, areas[i]]));
  const each = perClass.flatMap((one, i) => (one ? [[classes[i], byCurve(one)] as const] : []));
  return { overall: byCurve(overall), classes: Object.fromEntries(each) };
}
