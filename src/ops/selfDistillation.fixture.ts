/** DINO's loss in float64, as main_dino.py has it. */
import { logSoftmax64, softmax64 } from "./softmax.fixture";

/** softmax((z - centre) / temperature) of each row of logits. */
export function centred64(z: ArrayLike<number>, centre: ArrayLike<number>, temperature: number): Float64Array {
  const scaled = Array.from(z, (v, i) => (v - centre[i % centre.length]) / temperature);
  return softmax64(scaled, centre.length);
}

/** A loop over the teacher's views and the student's that skips equal ones and counts the terms. */
export function viewLoss64(
  student: ArrayLike<number>,
  q: Float64Array,
  { batch, outputs, temperature }: Record<"batch" | "outputs" | "temperature", number>,
): { value: number; terms: number } {
  const scaled = Array.from(student, (v) => v / temperature);
  const logs = logSoftmax64(scaled, outputs);
  const each = batch * outputs;
  let [value, terms] = [0, 0];
  for (let i = 0; i < q.length / each; i++)
    for (let v = 0; v < logs.length / each; v++) {
      if (v === i) continue;
      for (let e = 0; e < each; e++) value -= (q[i * each + e] * logs[v * each + e]) / batch;
      terms++;
    }
  return { value: value / terms, terms };
}
