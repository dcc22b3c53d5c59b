/** A step with its update, as it is recorded. */
import type { Engine } from "../engine/device";
import { Graph, type Tensor } from "../engine/graph";
import { Program } from "../engine/program";
import type { Task } from "../tasks/task";
import type { Optimizer } from "./optimizer";

/**
 * Records a task's step, the optimizer's update and what the task has follow it. Outputs: the task's; `clip` [2], scale and
 * norm, where the whole gradient is clipped; and `scaler` [5] where precision is mixed.
 */
export function recordStep(engine: Engine, trace: Task["trace"], optimizer: Optimizer): [Graph, Record<string, Tensor>] {
  const graph = new Graph(engine, optimizer.mixed);
  const { grads, outputs, after } = trace(graph);
  const clip = optimizer.update(grads);
  after?.();
  const scaler = optimizer.scalerOn(graph);
  const told = Object.entries(outputs).map(([name, t]) => [name, graph.readable(t)]);
  return [graph, { ...Object.fromEntries(told), ...(clip && { clip }), ...(scaler && { scaler }) }];
}

/** The same, ready to run. */
export const compileStep = (engine: Engine, trace: Task["trace"], optimizer: Optimizer): Promise<Program> =>
  Program.compile(...recordStep(engine, trace, optimizer));
