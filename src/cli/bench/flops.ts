/**
 * Matrix-product work of a task, the same formula for every engine, whatever an engine manages to skip.
 *
 * A multiply-add counts as two operations. A ViT forward is counted in full (the last block on every token, although
 * only its class token is used); a training step is three forwards of the student (forward, gradients of the inputs,
 * gradients of the weights) plus one forward of the teacher on the tokens it is shown. Everything that is not a matrix
 * product (softmax, LayerNorm, GELU, Adam) counts nothing. A convolution is the product it amounts to, taps outside the map
 * included.
 */
import { detectorMacs } from "../../metrics/cost.detector";
import type { Setup, Weights } from "./contest";
import { isConv } from "./tasks";

export interface VitShape {
  width: number;
  depth: number;
  hidden: number;
  classes: number;
  channels: number;
  patch: number;
  /** Patches of the image, without the class token. */
  patches: number;
}

/** Everything about a plain ViT that follows from its tensor shapes (all but the number of heads). */
export function vitShape(weights: Weights): VitShape {
  const shape = (name: string) => {
    const tensor = weights.get(name);
    if (!tensor) throw new Error(`there is no tensor "${name}"`);
    return tensor.shape;
  };
  const [width, channels, patch] = shape("patch_embed.proj.weight") as [number, number, number, number];
  let depth = 0;
  while (weights.has(`blocks.${depth}.norm1.weight`)) depth++;
  return {
    width,
    channels,
    patch,
    depth,
    hidden: shape("blocks.0.mlp.fc1.weight")[0]!,
    classes: shape("head.weight")[0]!,
    patches: shape("pos_embed")[1]! - 1,
  };
}

/** How many patches the teacher sees: k = round(keep * N), all of them in `maskedkd-full-step`. */
export function keptPatches(setup: Pick<Setup, "task" | "keep">, patches: number): number {
  return setup.task === "maskedkd-step" ? Math.max(1, Math.round(setup.keep * patches)) : patches;
}

export function matmulFlops(setup: Setup): number {
  if (setup.task === "matmul-512") return 2 * setup.imageShape[1]! ** 3;
  const batch = setup.imageShape[0]!;
  if (setup.detector) return 3 * 2 * batch * detectorMacs(setup.detector.config).total;
  if (isConv(setup.task)) return 3 * 2 * 9 * setup.student.get("weight")!.shape[1]! * setup.images.length;
  const student = vitShape(setup.student);
  const training = 3 * forwardFlops(student, student.patches);
  if (setup.task === "vit-step") return batch * training;
  const teacher = vitShape(setup.teacher);
  return batch * (training + forwardFlops(teacher, keptPatches(setup, teacher.patches)));
}

/** One image through a ViT that sees `patches` patches and the class token. */
function forwardFlops({ width, depth, hidden, classes, channels, patch }: VitShape, patches: number): number {
  const tokens = patches + 1;
  const embedding = patches * width * channels * patch * patch;
  const projections = tokens * width * (4 * width + 2 * hidden);
  const attention = 2 * tokens * tokens * width;
  return 2 * (embedding + depth * (projections + attention) + width * classes);
}
