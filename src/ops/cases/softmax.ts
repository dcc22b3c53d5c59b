/** Softmax and its logarithm beside float64. */
import type { Check } from "../evidence";
import { logSoftmax, softmax } from "../softmax";
import { logSoftmax64, softmax64 } from "../softmax.fixture";

export const KINDS = { softmax: { op: softmax, reference: softmax64 }, logSoftmax: { op: logSoftmax, reference: logSoftmax64 } };

export function softmaxCase(name: keyof typeof KINDS, shape: number[]): Check {
  const { op, reference } = KINDS[name];
  return {
    inputs: { x: { shape, grad: true } },
    op: ({ x }) => op(x),
    reference: ({ x }) => [reference(x, shape[shape.length - 1])],
  };
}
