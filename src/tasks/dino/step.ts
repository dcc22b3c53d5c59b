/**
 * One step of self-distillation: the student sees all crops, its attention to the global ones selects the patches that the teacher
 * sees of them, the loss compares answers on different crops. After the student's update the teacher and the centre follow.
 */
import type { Gradients, Graph, Live, Tensor } from "../../engine/graph";
import type { SelfMethod } from "../../methods/dino/method";
import { forwardStudent, forwardTeacher, type KeepChoice, selectPatches } from "../../methods/vitMasking";
import { BLOCK, type Params } from "../../models/params";
import { projection } from "../../models/projection";
import type { ViTConfig } from "../../models/vit/config";
import { vit } from "../../models/vit/model";
import { atSide } from "../../models/vit/side";
import { mean } from "../../ops/losses";
import { blend, rowsMean } from "../../ops/selfDistillation";
import { type ImageBuffers, imagesOn } from "../uploaded";
import { type CropSettings, cropsOf } from "./crops";
import { CENTRE } from "./pair";

/** A network on the GPU: a ViT without a head, and its projection head. */
export interface Model {
  params: Params;
  config: ViTConfig;
}

export interface StepOptions {
  student: Model;
  /** Of the same names in the same order, and then the centre. */
  teacher: Model;
  batch: ImageBuffers & { size: number };
  crops: CropSettings;
  keep: KeepChoice;
  method: SelfMethod;
  /** The method's values; numbers that are live may change between any two steps. */
  knobs: Readonly<Record<string, Live>>;
  /** Share of itself that the teacher keeps at this step. */
  momentum: Live;
  /** Whether the crops are outputs too. */
  whole?: boolean;
}

/**
 * Records a step before its update. Outputs: `loss` [1], the teacher's `entropy` [1] (a mean over its answers) and mean answer
 * `answer` [K]; `kept` u32 [2 * B, k] where patches are selected; where the `whole` is wanted the crops, `global` and `local`.
 */
export function traceViews(graph: Graph, o: StepOptions): { grads: Gradients; outputs: Record<string, Tensor>; after(): void } {
  const { student, teacher, keep, method, knobs } = o;
  const { channels, image } = student.config;
  const { size } = o.batch;
  const crops = cropsOf(imagesOn(graph, o.batch, [size, channels, image, image]), o.crops);
  const params = student.params.on(graph, true);
  const seen = forwardStudent({ params, config: student.config }, crops.global, keep);
  const head = projection(params);
  const views = [head(seen.logits)];
  if (crops.local) {
    const small = atSide(params, student.config, o.crops.side);
    views.push(head(vit(small.params, small.config, crops.local).logits));
  }
  const { kept } = selectPatches({ student, teacher }, crops.global, seen, keep);
  const frozen = teacher.params.on(graph, false);
  const logits = projection(frozen)(forwardTeacher(teacher, crops.global, { kept }).logits);
  const compared = method.compare({ batch: size, student: views, teacher: { logits, centre: frozen[CENTRE] }, knobs: knobs as never });
  const { loss, answer } = compared;
  const outputs = {
    loss: loss.value,
    entropy: mean(answer.entropies).value,
    answer: rowsMean(answer.probabilities),
    ...(kept && { kept }),
    ...(o.whole && crops),
  };
  const grads = graph.gradients((g) => loss.seed(1, g));
  const after = () => {
    blend(frozen[CENTRE], logits, knobs.centring);
    follow(graph, teacher.params, student.params, o.momentum);
  };
  return { grads, outputs, after };
}

/** The teacher's parameters move towards the student's, which are as many and come first in the teacher's memory. */
function follow(graph: Graph, teacher: Params, student: Params, keep: Live): void {
  const flat = ({ buffer }: Params) => graph.fixed(buffer, [BLOCK * student.blocks]);
  blend(flat(teacher), flat(student), keep);
}
