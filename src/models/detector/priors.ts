/**
 * Priors: the boxes a detector refers its answers to, in the order of its outputs: cell by cell (row by row), within a
 * cell anchor by anchor.
 *
 * The trap: anchors of mmdetection are centred on a cell's corner (j s, i s), points of FCOS in its middle,
 * (j s + s/2, i s + s/2).
 */
import { type DetectorConfig, sides, strides } from "./config";

/** RetinaNet: sizes per octave and aspect ratios (height over width), ratio by ratio. */
const OCTAVE = [0, 1, 2].map((i) => 2 ** (i / 3));
const RATIOS = [0.5, 1, 2];

/** For each pyramid level [H W A, 4]: x1, y1, x2, y2 of every anchor in pixels; a point is its own corners. */
export function priors(config: DetectorConfig): Float32Array[] {
  const all = strides(config);
  return sides(config).map((side, level) => levelPriors(side, all[level], shapes(config, all[level]), config.kind === "fcos"));
}

function levelPriors(side: number, stride: number, sizes: [width: number, height: number][], inTheMiddle: boolean): Float32Array {
  const shift = inTheMiddle ? stride / 2 : 0;
  const out = new Float32Array(side * side * sizes.length * 4);
  let at = 0;
  for (let i = 0; i < side; i++)
    for (let j = 0; j < side; j++)
      for (const [width, height] of sizes) {
        const [x, y] = [j * stride + shift, i * stride + shift];
        out.set([x - width / 2, y - height / 2, x + width / 2, y + height / 2], at);
        at += 4;
      }
  return out;
}

/** Width and height of each anchor of a cell. */
function shapes({ kind, anchor }: DetectorConfig, stride: number): [width: number, height: number][] {
  if (kind === "fcos") return [[0, 0]];
  if (kind !== "retinanet") return [[anchor * stride, anchor * stride]];
  const base = (anchor / 2) * stride;
  return RATIOS.flatMap((ratio) =>
    OCTAVE.map((scale): [number, number] => [(base * scale) / Math.sqrt(ratio), base * scale * Math.sqrt(ratio)]),
  );
}
