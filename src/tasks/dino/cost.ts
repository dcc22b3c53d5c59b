/** What a step costs per image: all of its crops are counted. */
import { scorerOf } from "../../methods/masking";
import { forwardTeacher } from "../../methods/vitMasking";
import { configMacs, learningMacs } from "../../metrics/cost";
import { type ProjectionConfig, projection, projectionMacs } from "../../models/projection";
import { patches, type ViTConfig } from "../../models/vit/config";
import type { Cost } from "../task";
import type { Asked } from "../teacherClock";
import { GLOBAL } from "./crops";
import type { DinoSettings } from "./settings";
import type { Model } from "./step";

/**
 * Multiply-adds of the teacher on `kept` patches of each global crop, on all of them, and of the student's step. MaskedKD's Table 4
 * counts one crop of the teacher's two; the ratio is the same. Where the teacher's attention chooses, its extra pass counts.
 */
export function costOf(
  { criterion, crops, localSide }: DinoSettings,
  config: ViTConfig,
  head: ProjectionConfig,
  kept: number,
): Pick<Cost, "macs" | "extraMacs" | "fullMacs" | "studentMacs"> {
  const projected = projectionMacs(head);
  const teacher = (k: number) => GLOBAL * (configMacs(config, k).total + projected);
  const full = patches(config);
  const extraMacs = kept < full && scorerOf(criterion) === "teacher" ? GLOBAL * configMacs(config).total : 0;
  const student = GLOBAL * learningMacs(config) + crops * learningMacs({ ...config, image: localSide }) + 3 * (GLOBAL + crops) * projected;
  return { macs: teacher(kept) + extraMacs, extraMacs, fullMacs: teacher(full), studentMacs: student };
}

/** How the time of a teacher is measured: on both global crops of a batch. */
export function asked(teacher: Model, batch: number): Asked {
  const { channels, image } = teacher.config;
  const forward: Asked["forward"] = (images, kept) =>
    projection(teacher.params.on(images.graph, false))(forwardTeacher(teacher, images, { kept }).logits);
  return { batch: GLOBAL * batch, shape: [channels, image, image], patches: patches(teacher.config), forward };
}
