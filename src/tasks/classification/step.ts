/** THE main path: what one training step computes, recorded once and replayed. */
import { EngineError } from "../../engine/errors";
import type { Gradients, Graph, Live, Tensor } from "../../engine/graph";
import type { ClassificationMethod, DistillContext } from "../../methods/classification/method";
import type { Choice } from "../../methods/masking";
import { forwardStudent, forwardTeacher, type KeepChoice, selectPatches } from "../../methods/vitMasking";
import type { Params } from "../../models/params";
import { gridOf, imageShape, isOfHead, type ViTConfig } from "../../models/vit/config";
import { type DropPath, toldByHeads, type ViTResult, vit } from "../../models/vit/model";
import { type Moments, mixPairs, randAugment, randomErasing, randomResizedCrop, shiftAndMirror } from "../../ops/augment";
import { crossEntropy, type Loss, type Truth } from "../../ops/losses";
import { type SpecAugmentOptions, specAugment } from "../../ops/specaugment";
import { type ImageBuffers, imagesOn } from "../uploaded";

/** A network on the GPU. */
export interface Model {
  params: Params;
  config: ViTConfig;
}

/** The batch every run of a step reads: overwrite the buffers between runs. */
export interface Batch extends ImageBuffers {
  size: number;
  /** u32 [size]. */
  labels: GPUBuffer;
}

/** A method and the values its losses read; numbers that are live may change between any two steps. */
export interface MethodInUse {
  method: ClassificationMethod;
  knobs: Readonly<Record<string, Live | string>>;
}

/** A teacher, what it is shown, and how the student learns from it. */
export interface Distillation {
  teacher: Model;
  keep: KeepChoice;
  methods: MethodInUse[];
}

/** What a teacher answered once, f32 [size, classes], and how the student learns from it. */
export interface SavedAnswers {
  answers: GPUBuffer;
  methods: MethodInUse[];
}

export interface StepOptions {
  student: Model;
  /** Only the student's head learns. */
  frozen?: boolean;
  /** What its heads read of the batch's images, f32 [size, width] for each head, where that is known: the images are then not looked at. */
  read?: readonly GPUBuffer[];
  /** Whether what its heads read is an output too: `read0`, and `read1` where there are two. */
  tellsRead?: boolean;
  batch: Batch;
  /** Without one, the student learns from the labels alone. */
  distillation?: Distillation | SavedAnswers;
  /** Weight of the loss on the labels beside the teacher's; 1 by default. */
  labelWeight?: number | Live;
  smoothing?: number | Live;
  /** Stochastic depth of the student while it learns. */
  dropPath?: DropPath;
  /** What the student's blocks keep for their gradients is dropped and made again. */
  recompute?: boolean;
  augment?: Augmentation | Masking;
  /** Whether the batch as it is learned from is an output too. */
  whole?: boolean;
}

/** How a step changes pictures of sounds. */
export interface Masking extends SpecAugmentOptions {
  masks: true;
}

/** How a step changes its images, by draws that move on with `step`. */
export interface Augmentation {
  seed: number;
  step: Live;
  /** "shift" by up to an eighth; "crop" a random window, as torchvision does. Both mirror, and enlarge what they crop. */
  first?: "shift" | "crop";
  /** Smallest share of an image's area that is cropped; 1 crops nothing. */
  crop?: number | Live;
  /** Then RandAugment of this magnitude, erasing at this probability, mixup and cutmix of these parameters; nothing when absent. */
  heavy?: Record<"magnitude" | "erasing" | "mixup" | "cutmix", number | Live> & { operations: "basic" | "full"; moments: Moments };
}

/**
 * Records a step before its update: the student's forward pass, its attention selects the patches worth showing, the teacher
 * answers on those, the losses compare. Returns the student's gradient and the outputs: `ce` [1] and, with a teacher, the losses
 * of its methods (`kd` [1], `manifold` [1]), `logits` and `teacherLogits` [B, K], `score` [B, N], `kept` u32 [B, k]; `targets`
 * [B, K] where images are mixed; and where the `whole` is wanted `images`, and `labels` u32 [B] where they are not mixed.
 */
export function traceLosses(graph: Graph, options: StepOptions): { grads: Gradients; outputs: Record<string, Tensor> } {
  const { student, distillation, labelWeight = 1, dropPath, recompute, whole = false } = options;
  const { images, truth } = prepared(graph, options);
  const pupil = { ...student, learner: on(student, graph, options.frozen ? isOfHead : true), read: options.read };
  const learns = { dropPath, recompute };
  const seen = distillation && compared(pupil, distillation, images, learns);
  const { logits, heads, read } = seen ? seen.context.student.result : ofWholeImages(pupil, images, learns);
  const ce = crossEntropy(heads?.cls ?? logits, truth);
  const losses: [name: string, Loss, weight: number | Live][] = [["ce", ce, distillation ? labelWeight : 1]];
  if (seen) for (const one of distillation.methods) losses.push(...weighted(one, seen.context));
  const grads = graph.gradients((g) => {
    for (const [, loss, weight] of losses) loss.seed(weight, g);
  });
  const values = Object.fromEntries(losses.map(([name, loss]) => [name, loss.value]));
  const shown = seen && { teacherLogits: seen.context.teacher.result.logits, ...seen.choice };
  const told = options.tellsRead && Object.fromEntries(read.map((x, i) => [`read${i}`, x]));
  const batch = whole && { images, ...("labels" in truth && { labels: truth.labels }) };
  return { grads, outputs: { ...values, logits, ...("targets" in truth && truth), ...shown, ...told, ...batch } };
}

/** A method's losses, each with its weight. */
function weighted({ method, knobs }: MethodInUse, context: DistillContext): [name: string, Loss, weight: Live][] {
  const { losses } = method.losses({ ...context, knobs: knobs as never });
  return Object.entries(losses).map(([name, loss]) => [name, loss, knobs[method.terms[name].weight] as Live]);
}

/** Outputs of student and teacher on the images, and the patches that one of them was shown. */
interface BothOutputs {
  context: DistillContext;
  choice?: Choice;
}

/** A student, its parameters as those that gradients reach, and what its heads read, where that is known. */
type Learning = Model & { learner: ReturnType<typeof on> } & Pick<StepOptions, "read">;

/** How the student learns. */
type Learns = Pick<StepOptions, "dropPath" | "recompute">;

/** Of a network of which answers alone are there. */
const UNSEEN = {
  ...{ blocks: [], attention: [] },
  saliency(): never {
    throw new EngineError("Of saved answers there is no attention.", "Use another teacher.");
  },
};

/** What the student says of images that it sees whole. */
function ofWholeImages({ learner, read: known }: Learning, images: Tensor, learns: Learns): ViTResult {
  if (!known) return forwardStudent(learner, images, undefined, learns);
  const { params, config } = learner;
  const read = known.map((buffer) => images.graph.fixed(buffer, [images.shape[0], config.width]));
  return { ...UNSEEN, grid: gridOf(config), read, ...toldByHeads(params, config, read) };
}

/** What the student makes of the images, and what the teacher makes of them, or once made. */
function compared(student: Learning, distillation: Distillation | SavedAnswers, images: Tensor, learns: Learns): BothOutputs {
  if (!("answers" in distillation)) return forwardBoth(student, distillation, images, learns);
  const result = ofWholeImages(student, images, learns);
  const logits = images.graph.fixed(distillation.answers, result.logits.shape);
  const answered = { ...UNSEEN, logits, grid: gridOf(student.config), read: [] };
  return { context: { student: { result }, teacher: { result: answered }, random: { seed: 0, step: 0 } } };
}

/** The student sees the images, its attention selects, the teacher answers on what was selected. */
function forwardBoth(student: Learning, distillation: Distillation, images: Tensor, learns: Learns): BothOutputs {
  const { teacher, keep, methods } = distillation;
  if (keep.masked === "student") return forwardMaskedStudent(student, distillation, images, learns);
  const allTokens = methods.some(({ method }) => method.allTokens);
  const result = forwardStudent(student.learner, images, keep, { allTokens, ...learns });
  const choice = selectPatches({ student, teacher }, images, result, keep);
  const answer = forwardTeacher(teacher, images, { kept: choice.kept, allTokens, merge: keep.merge });
  return { context: { student: { result, shared: choice.kept }, teacher: { result: answer }, random: randomOf(keep) }, choice };
}

/** The other way round: the teacher sees everything, the student learns from what was selected. */
function forwardMaskedStudent(student: Learning, { teacher, keep, methods }: Distillation, images: Tensor, learns: Learns): BothOutputs {
  const allTokens = methods.some(({ method }) => method.allTokens);
  const whole = forwardStudent(on(student, images.graph, false), images, keep);
  const choice = selectPatches({ student, teacher }, images, whole, keep);
  const { params, config } = student.learner;
  const result = vit(params, config, images, { kept: choice.kept, allTokens, ...learns });
  const answer = forwardTeacher(teacher, images, { allTokens, merge: keep.merge });
  return { context: { student: { result }, teacher: { result: answer, shared: choice.kept }, random: randomOf(keep) }, choice };
}

const randomOf = ({ random = { seed: 0, step: 0 } }: KeepChoice) => random;

const on = ({ params, config }: Model, graph: Graph, trainable: Parameters<Params["on"]>[1]) => ({
  params: params.on(graph, trainable),
  config,
});

/** The batch as it is learned from: augmented images, and labels or the mixtures of them. */
function prepared(graph: Graph, { student, batch, augment, smoothing }: StepOptions): { images: Tensor; truth: Truth } {
  const { classes } = student.config;
  const loaded = imagesOn(graph, batch, [batch.size, ...imageShape(student.config)]);
  const labels = graph.fixed(batch.labels, [batch.size], "u32");
  if (augment && "masks" in augment) return { images: specAugment(loaded, augment), truth: { labels, smoothing } };
  const images = augment ? placedAnew(loaded, augment) : loaded;
  if (!augment?.heavy) return { images, truth: { labels, smoothing } };
  const { seed, step, heavy } = augment;
  const distorted = randAugment(images, { seed, step, ...heavy });
  const erased = randomErasing(distorted, { seed, step, probability: heavy.erasing });
  const mixed = mixPairs(erased, labels, { seed, step, ...heavy, smoothing, classes });
  return { images: mixed.images, truth: { targets: mixed.targets } };
}

function placedAnew(images: Tensor, { first = "shift", crop = 1, seed, step }: Augmentation): Tensor {
  return first === "crop" ? randomResizedCrop(images, { seed, step, least: crop }) : shiftAndMirror(images, { seed, step }, crop);
}
