/**
 * What a distillation method is, whatever the task. A method is one file: it declares its settings, its terms and its pictures,
 * and computes its terms from the outputs of student and teacher on a batch. Panel, address, command line, charts and pictures
 * derive from the declarations; the task owns the step and the session the loop.
 */
import type { Live, Tensor } from "../engine/graph";
import type { Loss } from "../ops/losses";
import type { ChoiceSetting, NumberSetting, Table } from "../settings/setting";

/**
 * A method's settings by name. A number is live: four bytes that the next step reads. A choice selects kernels, so the step
 * is recorded anew (`records`); where modules depend on it, it waits for the next run.
 */
export type Knobs = Record<string, NumberSetting | ChoiceSetting>;

/** The knobs as a recorded step reads them. */
export type LiveOf<K extends Knobs> = { readonly [N in keyof K]: K[N] extends { kind: "number" } ? Live : Option<K[N]> };
/** The choices alone: what modules may depend on. */
export type ChoicesOf<K extends Knobs> = { readonly [N in keyof K as K[N] extends { kind: "number" } ? never : N]: Option<K[N]> };
type Option<S> = S extends { options: readonly (infer O)[] } ? O : never;

/** Source of random draws; `step` moves on between runs. */
export interface Draws {
  seed: number;
  step: Live;
}

/** One term of a method's loss. */
export interface Term {
  label: string;
  /**
   * Calibration wants the feature terms together as strong as the task's own loss, logit terms at a tenth of it. Terms of one
   * kind keep the ratios of their weights.
   */
  kind: "feature" | "logit";
  /** The number knob that weighs it. */
  weight: string;
  /** The weight its paper gives, with the reduction it belongs to. */
  paper: string;
  /** The paper's weight for sums, where it has another ratio to those of other terms than the knobs' defaults. */
  sums?: number;
}

/** What the maps of one view differ in: the level of the feature pyramid, the regions per side, the level of the wavelets. */
const AXES = ["level", "regions", "wavelet"] as const;
export type Axis = (typeof AXES)[number];

/** A picture that a method makes: what it is, so that a page can draw it without knowing the method. */
export interface ViewSpec {
  /**
   * mask: [B, H, W], 1 stays and 0 is erased. heat: a value at each place [B, H, W]; with channels [B, H, W, C] their mean |F|
   * is drawn. regions: a number for each region [B, R], row by row; R is the square of `at.regions`. logits: the class logits of
   * each region [B, R * A * K], those of A anchors one after the other. channels: a number for each channel [B, C], or of each
   * region [B, R, C]. channelMask: the same, 1 stays and 0 is erased.
   */
  kind: "mask" | "heat" | "regions" | "logits" | "channels" | "channelMask";
  label: string;
  /** What to know about it, in a few words. */
  note?: string;
  /** What a value means. */
  unit?: string;
  axes: readonly Axis[];
  /** What is summed up over a run: how often something was erased, or the mean value. */
  accumulate?: "erased" | "mean";
  /** Drawn in the colours of this view of the page's: the teacher's features. */
  scale?: "teacher";
  /** For a mask of the student's input: drawn before the maps of any level. */
  of?: "input";
  /** The number knob that is its threshold. */
  threshold?: string;
  /** The mask of the same places or channels: what it erases is marked, or drawn in another way. */
  mask?: string;
}

/** One map of a view: which, and its values with the images first. */
export interface View {
  view: string;
  at: Partial<Record<Axis, number>>;
  tensor: Tensor;
}

/** A name that no other map of the method has: `mask.0.2`. */
export const mapName = ({ view, at }: Pick<View, "view" | "at">): string => [view, ...AXES.flatMap((axis) => at[axis] ?? [])].join(".");

/** A method's result on a batch. */
export interface Distilled {
  /** By the names of `terms`; not weighted yet. Empty when everything is switched off. */
  losses: Record<string, Loss>;
  views: View[];
}

/** What people and panels need to know of a method. */
export interface MethodInfo<K extends Knobs = Knobs> {
  name: string;
  label: string;
  /** Authors, title, venue. */
  paper: string;
  /** What it does, in a sentence or two; says plainly what differs from the paper. */
  about: string;
  knobs: K;
  /** Settings of the run or the task that are others under this method, such as what is learned from. */
  settings?: Table;
  terms: Record<string, Term>;
  /** Its pictures, in the order in which they are made. */
  views: Record<string, ViewSpec>;
}

/** A method. Its context C is what the task passes for a batch: outputs of student and teacher, and whatever else the task has. */
export interface Method<C, K extends Knobs = Knobs> extends MethodInfo<K> {
  losses(context: C & { knobs: LiveOf<K> }): Distilled;
}
