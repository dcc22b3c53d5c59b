/**
 * The contract of detection's distillation methods. A method is one file: it declares its knobs, its throw-away modules and
 * its terms, and says from what student and teacher saw what those terms are. Panel, URL and command line derive from the
 * declarations; the session owns the loop:
 *
 *     const taught = method.losses({ student, teacher, boxes, modules, knobs, random });
 *     for (const [name, loss] of Object.entries(taught.losses)) loss.seed(knobs[method.terms[name].weight], grads);
 *
 * Gradients reach the student and the method's modules. None reaches the teacher: bind its parameters frozen.
 */
import type { Graph, Live, Tensor } from "../../engine/graph";
import type { Bound } from "../../models/params";
import type { Loss } from "../../ops/losses";
import type { ChoiceSetting, NumberSetting } from "../../settings/setting";
import type { Modules } from "./modules";

/**
 * A method's settings by name. A number is live: four bytes that the next step reads. A choice selects kernels, so the step
 * is recorded anew (`records`); where modules depend on it, it waits for the next run.
 */
export type Knobs = Record<string, Knob>;
export type Knob = Unplaced<NumberSetting> | Unplaced<ChoiceSetting>;
type Unplaced<S> = Omit<S, "only">;

/** The knobs as a recorded step reads them. */
export type Values<K extends Knobs> = { readonly [N in keyof K]: K[N] extends { kind: "number" } ? Live : Option<K[N]> };
/** The choices alone: what modules may depend on. */
export type Choices<K extends Knobs> = { readonly [N in keyof K as K[N] extends { kind: "number" } ? never : N]: Option<K[N]> };
type Option<S> = S extends { options: readonly (infer O)[] } ? O : never;

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

/** A detector and what it made of the batch; maps are [B, H, W, C]. */
export interface Seen {
  config: Dimensions;
  /** Backbone's C3 to C5. */
  stages: Tensor[];
  /** FPN's outputs, finest first: where features are distilled. */
  pyramid: Tensor[];
  /** Per level, logits before any sigmoid: cls [B, H, W, anchors * K], box [B, H, W, ..]. */
  levels: { cls: Tensor; box: Tensor }[];
}

/** Source of random draws; `step` moves on between runs. */
export interface Draws {
  seed: number;
  step: Live;
}

export interface Lesson<K extends Knobs = Knobs> {
  student: Seen;
  teacher: Seen;
  /** Ground truth f32 [B, G, 4]: x1 y1 x2 y2 in pixels of the input. Slots without width or height are empty. */
  boxes: Tensor;
  /** The method's modules by the names it gave them. */
  modules: Bound;
  knobs: Values<K>;
  random: Draws;
  /** The cells that `visible` drew. */
  visible?: Tensor;
}

/** What the student sees of its input. */
export interface Sight {
  /** f32 [B, gh, gw], 1 visible, 0 erased. */
  cells: Tensor;
  /** Normalise by what is visible alone. */
  visibleStatistics: boolean;
  /** "one": the detector's own loss comes from the masked pass too. "two": from a pass of the whole image. */
  passes: "one" | "two";
}

export interface Taught {
  /** By the names of `terms`; not weighted yet. Empty when everything is switched off. */
  losses: Record<string, Loss>;
  /** What pictures need, by names such as `mask.0` (FPN level 0); each method says which. */
  views: Record<string, Tensor>;
}

/** One term of a method's loss. */
export interface Term {
  label: string;
  /** Calibration wants a feature term as strong as the detector's own loss, a logit term at a tenth of it. */
  kind: "feature" | "logit";
  /** The number knob that weighs it. */
  weight: string;
  /** The weight its paper gives, with the reduction it belongs to. */
  paper: string;
}

export interface DetectionMethod<K extends Knobs = Knobs> {
  name: string;
  label: string;
  /** Authors, title, venue. */
  paper: string;
  /** What it does, in a sentence or two; says plainly what differs from the paper. */
  about: string;
  knobs: K;
  terms: Record<string, Term>;
  /** What is trained beside the student and thrown away afterwards. */
  modules(student: Dimensions, teacher: Dimensions, choices: Choices<K>): Modules;
  /** Methods that hide part of the student's input say what stays, or nothing where their settings hide nothing. */
  visible?(scene: { graph: Graph; batch: number; image: number; knobs: Values<K>; random: Draws }): Sight | undefined;
  losses(lesson: Lesson<K>): Taught;
}
