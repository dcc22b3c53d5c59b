/** The one training loop: of a student or a teacher, in the page or on the command line. Its caller passes hooks. */
import type { Alone, Scores, Task } from "../tasks/task";
import type { Session, StepReport } from "./session";

export interface StepHooks {
  /** Called after each step. */
  stepped?(report: StepReport): void | Promise<void>;
  /** Tests on held-out data every `settings.evaluate` steps; without it there are none. */
  tests?: {
    /** How many images; all by default. */
    limit?: number;
    /** Whether to leave out the test after the last step, where another follows anyway. */
    notLast?: boolean;
    told(step: number, scores: Scores): void | Promise<void>;
  };
}

export interface LoopHooks extends StepHooks {
  /** Called before each step; the loop ends when it returns false. */
  goesOn?(): boolean;
  /** A step and its test are one piece of work. */
  alone?: Alone;
  /** Between two steps, when others may use the GPU. */
  between?(): Promise<void>;
}

/** Makes one step, and the test that is due after it. */
export async function advance(session: Session, { stepped, tests }: StepHooks): Promise<void> {
  const report = await session.advance();
  await stepped?.(report);
  const due = report.step % session.settings.evaluate === 0 && !(tests?.notLast && session.finished);
  if (tests && due) await tests.told(report.step, await session.evaluate(tests.limit));
}

/** Trains to the end, or until the hooks say so. */
export async function train(session: Session<Task>, hooks: LoopHooks): Promise<void> {
  const { goesOn = () => true, alone = (work) => work(), between } = hooks;
  while (!session.finished && goesOn()) {
    await alone(() => advance(session, hooks));
    await between?.();
  }
}
