/** What came of a run: a student's answers on all held-out images, measured in every way there is. */
import type { DetectionSet } from "../../data/detection";
import { type Answered, cocoScores, scaledEdges } from "../../metrics/coco";
import { ERROR_CURVES, type ErrorAnalysis, type ErrorCurves } from "../../metrics/errors";
import { TIDE_ERRORS, tide } from "../../metrics/tide";
import { vocScores } from "../../metrics/voc";
import type { Scores } from "../task";
import { named } from "./evaluate";

/** COCO's scores and Pascal VOC's AP50 by name, and what each kind of mistake costs of AP50, as TIDE has it. */
export async function measured(answered: readonly Answered[], { classes, side }: DetectionSet): Promise<Record<string, number | Scores>> {
  const coco = named(await cocoScores(answered, { classes: classes.length, edges: scaledEdges(side) }));
  const { map: voc } = vocScores(answered, { classes: classes.length });
  const { errors } = await tide(answered);
  const costs = Object.fromEntries(TIDE_ERRORS.map((kind) => [kind.toLowerCase(), errors[kind].gain]));
  return { ...rounded({ ...coco, voc_ap50: voc }), tide: rounded(costs) };
}

/** The areas below the seven curves of COCO's error analysis: mean over the classes, and of each class with objects. */
export function areasOf({ overall, perClass }: ErrorAnalysis, classes: readonly string[]): object {
  const byCurve = ({ areas }: ErrorCurves) => rounded(Object.fromEntries(ERROR_CURVES.map((name, i) => [name, areas[i]])));
  const each = perClass.flatMap((one, i) => (one ? [[classes[i], byCurve(one)] as const] : []));
  return { overall: byCurve(overall), classes: Object.fromEntries(each) };
}

/** To four digits; what there is nothing to measure of is left out. */
function rounded(values: Scores): Scores {
  const there = Object.entries(values).filter(([, value]) => Number.isFinite(value));
  return Object.fromEntries(there.map(([name, value]) => [name, Math.round(1e4 * value) / 1e4]));
}
