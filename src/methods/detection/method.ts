/**
 * What a distillation method for detectors has besides what every method has (`../method.ts`): modules that are trained beside
 * the student, and perhaps a mask of the student's input. A method is one file:
 *
 *     const distilled = method.losses({ student, teacher, boxes, modules, knobs, random });
 *     for (const [name, loss] of Object.entries(distilled.losses)) loss.seed(knobs[method.terms[name].weight], grads);
 *
 * Gradients reach the student and the method's modules. None reaches the teacher: bind its parameters frozen.
 */
import type { Graph, Live, Tensor } from "../../engine/graph";
import type { Bound } from "../../models/params";
import type { Loss } from "../../ops/losses";
import type { ChoicesOf, Draws, Knobs, LiveOf, Method } from "../method";
import type { Modules } from "./modules";

/** What a method needs to know of a detector; a DetectorConfig has all of it. */
export interface Dimensions {
  /** Side of the input in pixels. */
  image: number;
  /** Classes K. */
  classes: number;
  /** Channels C of every level of the pyramid. */
  channels: number;
  /** Levels of the pyramid. */
  levels: number;
  /** Backbone: channels of its first stage, and whether its blocks are bottlenecks. */
  width: number;
  block: "basic" | "bottleneck";
}

/** A detector and its outputs on the batch; maps are [B, H, W, C]. */
export interface Outputs {
  config: Dimensions;
  /** Backbone's C3 to C5. */
  stages: Tensor[];
  /** FPN's outputs, finest first: where features are distilled. */
  pyramid: Tensor[];
  /** Per level, logits before any sigmoid: cls [B, H, W, anchors * K], box [B, H, W, ..]. */
  levels: { cls: Tensor; box: Tensor }[];
}

/** Which class each prior is to answer with. */
export interface Assigned {
  /** Level by level, u32 [B, priors]: the class below K at positives, K or more elsewhere. */
  labels: Tensor[];
  /** Positives on all levels: at least one for each image (FCOS: for the batch). */
  positives: Live;
}

export interface DistillContext {
  student: Outputs;
  teacher: Outputs;
  /** Ground truth f32 [B, G, 4]: x1 y1 x2 y2 in pixels of the input. Slots without width or height are empty. */
  boxes: Tensor;
  /** What the student's own loss asks of its priors. */
  assigned: Assigned;
  /** The method's modules by the names it gave them, those learned beforehand included. */
  modules: Bound;
  random: Draws;
  /** The cells of the mask that `visible` drew. */
  visible?: Tensor;
}

/** The same, with the knobs of a method. */
export type ContextOf<K extends Knobs> = DistillContext & { knobs: LiveOf<K> };

/** What the student sees of its input. */
export interface InputMask {
  /** f32 [B, gh, gw], 1 visible, 0 erased. */
  cells: Tensor;
  /** Normalise by what is visible alone. */
  visibleStatistics: boolean;
  /** "one": the detector's own loss comes from the masked pass too. "two": from a pass of the whole image. */
  passes: "one" | "two";
}

/** What of a batch is hidden from the student. */
export interface HiddenCells {
  /** [B, side, side], 1 visible, 0 erased: the `cells` of an InputMask. */
  cells: Uint8Array;
  side: number;
  /** Objects of which a smaller share is visible are no positives of the pass that teaches to detect, and no background. */
  least: number;
}

/** What a mask of the input depends on. */
interface Masking<K extends Knobs> {
  batch: number;
  image: number;
  knobs: LiveOf<K>;
  random: Draws;
}

/** An answer of the heads that a method compares, and the knob and its option that leave it out. */
export interface HeadAnswer {
  what: "class scores" | "boxes";
  without?: readonly [knob: string, option: string];
}

/** What a method learns on the frozen teacher alone, before the student's first step. */
export interface Beforehand<K extends Knobs = Knobs> {
  /** What goes on, for people: "Prompts learn". */
  label: string;
  /** The number knob that says in how many steps. */
  steps: string;
  /** What is learned; it stays as it is from then on. Nothing where choices want nothing learned. */
  modules(teacher: Dimensions, choices: ChoicesOf<K>): Modules;
  /** The teacher's features as the modules leave them: its heads are to answer to these as they should. And what is added to their loss. */
  losses(context: { pyramid: readonly Tensor[]; modules: Bound; knobs: LiveOf<K> }): {
    pyramid: Tensor[];
    losses: Record<string, { loss: Loss; weight: number | Live }>;
  };
}

/** Its `views` contain the FEATURES of `views.ts`, which the task fills in. */
export interface DetectionMethod<K extends Knobs = Knobs> extends Method<DistillContext, K> {
  /**
   * What it compares of the heads' answers under these choices; nothing where absent. Heads of two kinds of detector do not say the same, and
   * boxes are told alike only where teacher and student measure them alike. Features of all kinds can be compared.
   */
  heads?(choices: ChoicesOf<K>): readonly HeadAnswer[];
  /**
   * Its modules regenerate features. Untrained they let little of a gradient through, so that weights measured before the first
   * step would pull many times too hard once they have learned: its weights are measured again then.
   */
  regenerates?: true;
  /** What is trained beside the student and thrown away afterwards. */
  modules(student: Dimensions, teacher: Dimensions, choices: ChoicesOf<K>): Modules;
  /** What it learns before; its modules are among those that `losses` gets then, without gradients. */
  beforehand?: Beforehand<K>;
  /** Choices that cannot be with images of so many pixels, by the knob that mends it, in words. */
  conflicts?(image: number, choices: ChoicesOf<K>): Record<string, string>;
  /** Methods that hide part of the student's input say what stays, or nothing where their settings hide nothing. */
  visible?(input: Masking<K> & { graph: Graph }): InputMask | undefined;
  /** The same mask on the CPU, as the next run of the step will draw it: targets are made before. */
  hidden?(input: Masking<K>): HiddenCells | undefined;
}
