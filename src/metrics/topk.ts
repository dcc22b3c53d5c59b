/** What logits say: how likely each class is, and whether the right one is among the k likeliest. */
import { EngineError } from "../engine/errors";

/**
 * For each row of `logits` [B, K], 1 where its label is among the k largest, else 0; of equal logits the lower class comes
 * first, and a label whose logit is not a number is never among them. Their mean is top-k accuracy; the answers of two
 * networks can go to McNemar's test. Throws unless k is from 1 to K - 1: with k = K every answer is right.
 */
export function topk(logits: ArrayLike<number>, labels: ArrayLike<number>, classes: number, k: number): Uint8Array {
  if (logits.length !== labels.length * classes)
    throw new EngineError(`${logits.length} logits are not ${labels.length} rows of ${classes}.`, "Give a row of logits for each label.");
  if (!Number.isInteger(k) || k < 1 || k >= classes)
    throw new EngineError(`Top-${k} of ${classes} classes tells nothing.`, `Use a k from 1 to ${classes - 1}.`);
  return Uint8Array.from(labels, (label, row) => Number(ahead(logits, row * classes, classes, label) < k));
}

/** Softmax of each row of `logits` [B, K]. */
export function probabilities(logits: ArrayLike<number>, classes: number): Float32Array {
  const out = new Float32Array(logits.length);
  for (let from = 0; from < out.length; from += classes) {
    const row = Array.from({ length: classes }, (_, c) => logits[from + c]);
    const most = Math.max(...row);
    const exps = row.map((z) => Math.exp(z - most));
    const sum = exps.reduce((a, b) => a + b, 0);
    for (const [c, e] of exps.entries()) out[from + c] = e / sum;
  }
  return out;
}

/** Number of classes that come before `label` in the row that starts at `from`. */
function ahead(logits: ArrayLike<number>, from: number, classes: number, label: number): number {
  const own = logits[from + label];
  let count = 0;
  for (let c = 0; c < classes; c++) {
    const behind = c > label ? own >= logits[from + c] : own > logits[from + c];
    if (c !== label && !behind) count++;
  }
  return count;
}
