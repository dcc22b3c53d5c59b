/** Input of self-distillation's methods: what student and teacher make of the views of a batch. */
import type { Tensor } from "../../engine/graph";
import type { Loss } from "../../ops/losses";
import type { TeacherViews } from "../../ops/selfDistillation";
import type { Knobs, LiveOf, MethodInfo } from "../method";

export interface ViewContext {
  /** Images B. */
  batch: number;
  /** The student's logits [n * B, K], view after view: of the views the teacher has, and of smaller ones. */
  student: readonly Tensor[];
  /** The teacher's logits [2 * B, K], and what its probabilities are centred with, [K]. */
  teacher: { logits: Tensor; centre: Tensor };
}

/** What a method makes of them: its one loss, and the teacher's answer that it compared with. */
export interface Compared {
  loss: Loss;
  answer: TeacherViews;
}

/** A method whose teacher follows its student. Its loss is the run's only one, so it has no weighted terms. */
export interface SelfMethod<K extends Knobs = Knobs> extends MethodInfo<K> {
  compare(context: ViewContext & { knobs: LiveOf<K> }): Compared;
}
