/** The one training loop: of a student or a teacher, in the page or on the command line. Its caller passes hooks. */
import type { Alone, Scores, Task } from "../tasks/task";
import { Flight } from "./flight";
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
  /** Is handed the steps that will be on their way, before the first. */
  begun?(flight: Flight): void;
}

/** Makes one step, and the test that is due after it. */
export async function advance(session: Session, hooks: StepHooks): Promise<void> {
  const report = await session.advance();
  await hooks.stepped?.(report);
  await testIfDue(session, hooks);
}

async function testIfDue(session: Session, { tests }: StepHooks): Promise<void> {
  if (tests && isDue(session, tests)) await tests.told(session.step, await session.evaluate(tests.limit));
}

const isDue = ({ step, settings, finished }: Session, { notLast }: NonNullable<StepHooks["tests"]>): boolean =>
  step % settings.evaluate === 0 && !(notLast && finished);

/** The same with a step that goes on its way; none is on its way when a test is made. */
export async function fly(flight: Flight, session: Session, hooks: StepHooks): Promise<void> {
  await flight.advance();
  if (hooks.tests && isDue(session, hooks.tests)) await flight.land();
  await testIfDue(session, hooks);
}

/** Trains to the end, or until the hooks say so. Several steps may be on their way, but none when a test is made or at the end. */
export async function train(session: Session<Task>, hooks: LoopHooks): Promise<void> {
  const { goesOn = () => true, alone = (work) => work(), between } = hooks;
  const flight = new Flight(session, (report) => hooks.stepped?.(report));
  hooks.begun?.(flight);
  while (!session.finished && goesOn()) {
    await alone(() => fly(flight, session, hooks));
    await between?.();
  }
  await alone(() => flight.land());
}
