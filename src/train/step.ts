/** A step with its update, as it is recorded. */
import type { Engine } from "../engine/device";
import { Graph, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import type { Task } from "../tasks/task";
import type { Optimizer } from "./optimizer";

/**
 * Records a task's step, the optimizer's update and what the task has follow it. Outputs: the task's, and `clip` [2], scale and
 * norm, where the whole gradient is clipped.
 */
export function recordStep(engine: Engine, trace: Task["trace"], optimizer: Optimizer): [Graph, Record<string, Tensor>] {
  const graph = new Graph(engine);
  const { grads, outputs, after } = trace(graph);
  const clip = optimizer.update(grads);
  after?.();
  return [graph, { ...outputs, ...(clip && { clip }) }];
}

/** The same, ready to run. */
export const compileStep = (engine: Engine, trace: Task["trace"], optimizer: Optimizer): Promise<Program> =>
  Program.compile(...recordStep(engine, trace, optimizer));
