/**
 * Reference losses of the four detectors in float64, for tests only: prior by prior, by the formulas of the papers in
 * mmdetection's normalisation.
 */
import type { ImageTargets } from "./assign";
import type { DetectorConfig } from "./config";
import { boxOutputs, strides } from "./config";
import type { Detector64 } from "./detector.reference";
import { priors } from "./priors";

/** What GFL takes from a prediction without a gradient: its IoU with the truth and its largest class probability. */
export interface Detached {
  quality: number;
  weight: number;
}

/** One prior: its prediction and its target. */
interface Prior {
  anchor: number[];
  stride: number;
  cls: number[];
  box: number[];
  centerness: number;
  label: number;
  truth: number[];
  weight: number;
}

/** All terms of the loss of some images, summed. `detached` holds GFL's constants still, prior by prior, while weights move. */
export function detectorLoss64(config: DetectorConfig, images: Detector64[], targets: ImageTargets[], detached?: Detached[]): number {
  const all = images.flatMap((image, b) => priorsOf(config, image, targets[b]));
  const least = config.kind === "fcos" ? 0 : 1;
  const positives = Math.max(1, sum(targets.map((t) => Math.max(least, t.positives))));
  const hits = all.filter(({ label }) => label < config.classes);
  const weight = sum(hits.map((p) => p.weight));
  const kept = all.filter(({ label }) => label <= config.classes);
  const focal = () => sum(kept.flatMap((p) => p.cls.map((x, c) => focalTerm(x, c === p.label)))) / positives;
  const centerness = () => sum(hits.map((p) => entropy(p.centerness, p.weight))) / positives;
  if (config.kind === "retinanet") return focal() + sum(hits.map(deltaDistance)) / positives;
  const boxes = hits.map((p) => boxOf(config, p));
  const overlaps = hits.map((p, i) => overlap(boxes[i], p.truth));
  if (config.kind === "fcos")
    return focal() + sum(hits.map((p, i) => -p.weight * Math.log(Math.max(1e-6, overlaps[i].iou)))) / weight + centerness();
  if (config.kind === "atss") return focal() + sum(hits.map((p, i) => 2 * p.weight * (1 - overlaps[i].giou))) / weight + centerness();
  const constants = detached ?? detachedOf(config, images, targets);
  const quality = new Map(hits.map((p, i) => [p, constants[i].quality]));
  const classes = sum(kept.flatMap((p) => p.cls.map((x, c) => qualityTerm(x, c === p.label ? (quality.get(p) ?? 0) : 0)))) / positives;
  const localised = sum(hits.map((p, i) => constants[i].weight * (2 * (1 - overlaps[i].giou) + 0.25 * distribution(config, p))));
  return classes + localised / sum(constants.map((c) => c.weight));
}

/** GFL's constants at these outputs, positive by positive. */
export function detachedOf(config: DetectorConfig, images: Detector64[], targets: ImageTargets[]): Detached[] {
  const hits = images.flatMap((image, b) => priorsOf(config, image, targets[b])).filter(({ label }) => label < config.classes);
  return hits.map((p) => ({ quality: overlap(boxOf(config, p), p.truth).iou, weight: Math.max(...p.cls.map(sigmoid)) }));
}

function priorsOf(config: DetectorConfig, { levels }: Detector64, targets: ImageTargets): Prior[] {
  const [k, each] = [config.classes, boxOutputs(config)];
  return levels.flatMap(({ cls, box, centerness }, l) => {
    const { labels, boxes, weights } = targets.levels[l];
    const anchors = priors(config)[l];
    return Array.from(labels, (label, i) => ({
      ...{ label, truth: [...boxes.subarray(4 * i, 4 * i + 4)], weight: weights[i] },
      ...{ anchor: [...anchors.subarray(4 * i, 4 * i + 4)], stride: strides(config)[l] },
      cls: [...cls.data.subarray(k * i, k * i + k)],
      box: [...box.data.subarray(each * i, each * i + each)],
      centerness: centerness?.data[i] ?? 0,
    }));
  });
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
/** Binary cross-entropy of a logit with a probability. */
const entropy = (x: number, y: number) => -y * Math.log(sigmoid(x)) - (1 - y) * Math.log(1 - sigmoid(x));
const focalTerm = (x: number, right: boolean) =>
  right ? -0.25 * (1 - sigmoid(x)) ** 2 * Math.log(sigmoid(x)) : -0.75 * sigmoid(x) ** 2 * Math.log(1 - sigmoid(x));
const qualityTerm = (x: number, y: number) => (y - sigmoid(x)) ** 2 * entropy(x, y);

function deltaDistance({ anchor: [a, b, c, d], box, truth: [x1, y1, x2, y2] }: Prior): number {
  const [width, height] = [c - a, d - b];
  const wanted = [(x1 + x2 - a - c) / 2 / width, (y1 + y2 - b - d) / 2 / height, Math.log((x2 - x1) / width), Math.log((y2 - y1) / height)];
  return sum(wanted.map((v, i) => Math.abs(box[i] - v)));
}

function boxOf({ kind, regMax }: DetectorConfig, { anchor: [a, b, c, d], box, stride }: Prior): number[] {
  const [x, y] = [(a + c) / 2, (b + d) / 2];
  if (kind === "atss") {
    const [dx, dy, dw, dh] = box.map((v, i) => v * [0.1, 0.1, 0.2, 0.2][i]);
    const [cx, cy, width, height] = [x + dx * (c - a), y + dy * (d - b), (c - a) * Math.exp(dw), (d - b) * Math.exp(dh)];
    return [cx - width / 2, cy - height / 2, cx + width / 2, cy + height / 2];
  }
  const sides = kind === "fcos" ? box.map(Math.exp) : sidesOf(box, regMax).map((p) => stride * sum(p.map((v, bin) => bin * v)));
  return [x - sides[0], y - sides[1], x + sides[2], y + sides[3]];
}

/** Probabilities of the bins of each side. */
function sidesOf(box: number[], regMax: number): number[][] {
  return [0, 1, 2, 3].map((side) => {
    const e = box.slice(side * (regMax + 1), (side + 1) * (regMax + 1)).map(Math.exp);
    return e.map((v) => v / sum(e));
  });
}

/** Mean over the sides of the cross-entropy with the two bins next to the truth. */
function distribution({ regMax }: DetectorConfig, { anchor: [a, b, c, d], box, stride, truth: [x1, y1, x2, y2] }: Prior): number {
  const [x, y] = [(a + c) / 2, (b + d) / 2];
  const terms = sidesOf(box, regMax).map((p, side) => {
    const at = Math.min(regMax - 0.1, [x - x1, y - y1, x2 - x, y2 - y][side] / stride);
    const bin = Math.floor(at);
    return -(bin + 1 - at) * Math.log(p[bin]) - (at - bin) * Math.log(p[bin + 1]);
  });
  return sum(terms) / 4;
}

function overlap([a, b, c, d]: number[], [x1, y1, x2, y2]: number[]): { iou: number; giou: number } {
  const both = Math.max(0, Math.min(c, x2) - Math.max(a, x1)) * Math.max(0, Math.min(d, y2) - Math.max(b, y1));
  const union = (c - a) * (d - b) + (x2 - x1) * (y2 - y1) - both;
  const hull = (Math.max(c, x2) - Math.min(a, x1)) * (Math.max(d, y2) - Math.min(b, y1));
  return { iou: both / union, giou: both / union - (hull - union) / hull };
}

function sum(values: number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
