/** What a YOLOS's answers mean: objects, without suppression of any (Carion et al. 2020). */
import type { Box, Detection } from "../../geometry/boxes";
import type { YolosConfig } from "./config";

/** An object of each detection token, of its likeliest class, best first; boxes are cut at the border. `logits` and `boxes` are one image's rows. */
export function detectionsOf({ tokens, classes, encoder }: YolosConfig, logits: Float32Array, boxes: Float32Array): Detection[] {
  const columns = classes + 1;
  const found = Array.from({ length: tokens }, (_, q): Detection => {
    const { category, score } = likeliest(logits.subarray(q * columns, (q + 1) * columns));
    return { category, score, box: boxOf(boxes.subarray(4 * q, 4 * q + 4), encoder.image) };
  });
  return found.sort((a, b) => b.score - a.score);
}

/** The class of highest probability apart from the last, which is no object. */
function likeliest(logits: Float32Array): { category: number; score: number } {
  const top = Math.max(...logits);
  const odds = Array.from(logits, (v) => Math.exp(v - top));
  const sum = odds.reduce((a, b) => a + b, 0);
  const real = odds.slice(0, -1);
  const best = Math.max(...real);
  return { category: Math.max(0, real.indexOf(best)), score: best / sum };
}

function boxOf(raw: Float32Array, side: number): Box {
  const [x, y, w, h] = Array.from(raw, (v) => side / (1 + Math.exp(-v)));
  const cut = (v: number) => Math.max(0, Math.min(side, v));
  return [cut(x - w / 2), cut(y - h / 2), cut(x + w / 2), cut(y + h / 2)];
}
