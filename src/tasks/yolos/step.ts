/** One step: the student's forward pass, its attention selects patches, the teacher's tokens on those, the losses. */
import type { Gradients, Graph, Live, Tensor } from "../../engine/graph";
import { type Choice, type PatchChoice, select } from "../../methods/masking";
import type { YolosMethod } from "../../methods/yolos/method";
import type { Bound, Params } from "../../models/params";
import { gridOf } from "../../models/vit/config";
import type { YolosConfig } from "../../models/yolos/config";
import { type YolosResult, yolos, yolosTokens } from "../../models/yolos/yolos";
import { linear } from "../../ops/linear";
import type { Loss } from "../../ops/losses";
import { gather } from "../../ops/select";
import { setLosses } from "../../ops/setPrediction";
import { below } from "../detection/step";
import type { YolosInputs } from "./inputs";

/** Weights of the detector's own losses: DETR's, which YOLOS takes over. */
export const OWN_WEIGHTS = { ce: 1, l1: 5, giou: 2 } as const;

/** A network on the GPU. */
export interface Model {
  params: Params;
  config: YolosConfig;
}

/** A teacher, what it is shown, and how the student learns from it. */
export interface Distillation {
  teacher: Model;
  keep: PatchChoice;
  method: YolosMethod;
  /** The method's values, which may change between any two steps. */
  knobs: Readonly<Record<string, Live>>;
}

/** The student's parameters stand under `student.`, the projection of its tokens under `kd.`. */
export interface Parts {
  student: Model;
  /** Without one, the student learns from the boxes alone. */
  distillation?: Distillation;
}

/**
 * Records a step before its update. Returns the student's gradient and the outputs: its own losses and, with a teacher, those of its
 * method; `score` [B, N] and `kept` u32 [B, k] where patches are selected; where the `whole` is wanted `images`, `labels` and `boxes`.
 */
export function traceLosses(
  graph: Graph,
  { student, distillation, inputs, noObject, whole = false }: Parts & { inputs: YolosInputs; noObject: Live; whole?: boolean },
): { grads: Gradients; outputs: Record<string, Tensor> } {
  const { images, objects } = inputs.on(graph);
  const bound = student.params.on(graph, true);
  const seen = yolos(inside("student.", bound), student.config, images);
  const own = setLosses(seen, objects, noObject);
  const losses = Object.entries(own).map(([name, loss]): [string, Loss, number | Live] => [
    name,
    loss,
    OWN_WEIGHTS[name as keyof typeof own],
  ]);
  const taught = distillation && distilled(distillation, images, seen, inside("kd.", bound));
  if (taught) losses.push(...taught.losses);
  const grads = graph.gradients((g) => {
    for (const [, loss, weight] of losses) loss.seed(weight, g);
  });
  const values = Object.fromEntries(losses.map(([name, loss]) => [name, loss.value]));
  const { labels, boxes } = objects;
  return { grads, outputs: { ...values, ...taught?.choice, ...(whole && { images, labels, boxes }) } };
}

/** The parameters below a prefix, under the names that follow it. */
export const inside = (prefix: string, bound: Bound): Bound => Object.fromEntries(below(prefix, Object.entries(bound)));

/** The teacher's tokens on what it is shown, and the method's losses, each with its weight. */
function distilled({ teacher, keep, method, knobs }: Distillation, images: Tensor, seen: YolosResult, modules: Bound) {
  const choice = choose({ teacher, keep }, images, seen);
  const { kept } = choice;
  const theirs = yolosTokens(teacher.params.on(images.graph, false), teacher.config, images, { kept });
  const projected = (tokens: Tensor) => linear(tokens, modules["proj.weight"], { bias: modules["proj.bias"] });
  const shared = kept ? gather(seen.patches, kept) : seen.patches;
  const { losses } = method.losses({
    student: { patches: projected(shared), det: projected(seen.det) },
    teacher: theirs,
    knobs: knobs as never,
  });
  const weightOf = (name: string) => knobs[method.terms[name].weight];
  return { choice, losses: Object.entries(losses).map(([name, loss]): [string, Loss, Live] => [name, loss, weightOf(name)]) };
}

/** Which patches the teacher is shown. */
export function choose({ teacher, keep }: Pick<Distillation, "teacher" | "keep">, images: Tensor, seen: YolosResult): Choice {
  return select(images.shape[0], seen, gridOf(teacher.config.encoder), keep);
}
