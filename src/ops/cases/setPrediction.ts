/** DETR's losses beside float64. */
import { Live, type Tensor } from "../../engine/graph";
import { uniform } from "../../engine/random";
import type { Check, Input } from "../evidence";
import { asOp } from "../losses.fixture";
import { type Objects, setLosses } from "../setPrediction";
import { type Case, losses64 } from "../setPrediction.reference";

/** Images with these many objects each, of random classes and boxes, and random predictions. */
export function made(counts: number[], queries: number, slots: number, seed: number, spread = 2): Case {
  const draw = (stream: number, i: number) => uniform(seed, stream, 0, i);
  const classes = 4;
  const side = 32;
  const images = counts.length;
  const random = (count: number, stream: number) =>
    Array.from({ length: count }, (_, i) => Math.fround(spread * (2 * draw(stream, i) - 1)));
  const boxes = Array.from({ length: images * slots }, (_, i) => {
    const [x, y] = [side * 0.6 * draw(1, i), side * 0.6 * draw(2, i)];
    return [x, y, x + side * (0.05 + 0.3 * draw(3, i)), y + side * (0.05 + 0.3 * draw(4, i))].map(Math.fround);
  }).flat();
  const labels = Array.from({ length: images * slots }, (_, i) =>
    i % slots < counts[Math.floor(i / slots)] ? Math.floor(classes * draw(5, i)) : classes,
  );
  const logits = random(images * queries * (classes + 1), 6);
  return { images, queries, slots, classes, side, labels, boxes, logits, raw: random(images * queries * 4, 7) };
}

export const inputsOf = ({ images, queries, slots, classes, labels, boxes, logits, raw }: Case): Record<string, Input> => ({
  logits: { shape: [images, queries, classes + 1], data: logits },
  raw: { shape: [images, queries, 4], data: raw },
  labels: { shape: [images, slots], data: labels, dtype: "u32" },
  boxes: { shape: [images, slots, 4], data: boxes },
});

export const objectsOf = (t: Record<string, Tensor>, { side, labels, classes }: Case): Objects => ({
  ...{ labels: t.labels, boxes: t.boxes, side, count: new Live(labels.filter((label) => label < classes).length) },
});

/** One of the losses, of images with three objects, none and two. */
export function setLossCase(name: "ce" | "l1" | "giou"): Check {
  const one = made([3, 0, 2], 6, 4, 21);
  const learns = name === "ce" ? "logits" : "raw";
  return {
    inputs: Object.fromEntries(Object.entries(inputsOf(one)).map(([key, input]) => [key, { ...input, grad: key === learns }])),
    op: (t, graph) => asOp(graph, setLosses({ logits: t.logits, boxes: t.raw }, objectsOf(t, one), new Live(0.1))[name]),
    reference: ({ logits, raw }) => [[losses64({ ...one, logits: [...logits], raw: [...raw] }, 0.1)[name]]],
    tolerance: 3e-5,
  };
}
