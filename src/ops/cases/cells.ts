/** Cells of MKD's decoder beside loops. */
import { placeTokens, positioned, shuffle, unshuffle, weigh } from "../cells";
import { type Check, randoms } from "../evidence";
import { add } from "../maps";

/** Fixed positions of cell (y, x): a quarter of the channels each for sin y, cos y, sin x, cos x. */
function position64(y: number, x: number, c: number, cols: number): number {
  const quarter = Math.max(1, Math.floor(cols / 4));
  const angle = (c < 2 * quarter ? y : x) * 10000 ** (-(c % quarter) / quarter);
  return [Math.sin, Math.cos, Math.sin, Math.cos, () => 0][Math.min(4, Math.floor(c / quarter))](angle);
}

export function placeTokensCase(shape: number[], grid: number): Check {
  const [batch, h, w, cols] = shape;
  const data = randoms(batch * grid * grid, 8).map((v) => Number(v > 0));
  const seen = (b: number, y: number, x: number) => data[(b * grid + Math.floor((y * grid) / h)) * grid + Math.floor((x * grid) / w)];
  return {
    inputs: { x: { shape, grad: true }, token: { shape: [cols], grad: true }, mask: { shape: [batch, grid, grid], data } },
    op: ({ x, token, mask }) => add(placeTokens(x, mask, token), x),
    reference: ({ x, token }) => [
      x.map((v, i) => {
        const [c, column, row, b] = [i % cols, Math.floor(i / cols) % w, Math.floor(i / cols / w) % h, Math.floor(i / cols / w / h)];
        return v + (seen(b, row, column) ? v : token[c]) + position64(row, column, c, cols);
      }),
    ],
    tolerance: 2e-5,
  };
}

export function shuffleCase([batch, h, w, all]: number[], side: number): Check {
  const cols = all / side ** 2;
  return {
    inputs: { x: { shape: [batch, h, w, all], grad: true } },
    op: ({ x }) => shuffle(add(x, x), side),
    reference: ({ x }) => [
      Float64Array.from(x, (_, i) => {
        const [c, column, line] = [i % cols, Math.floor(i / cols) % (w * side), Math.floor(i / cols / w / side)];
        const cell = Math.floor(line / side) * w + Math.floor(column / side);
        return 2 * x[cell * all + ((line % side) * side + (column % side)) * cols + c];
      }),
    ],
  };
}

/** A map with the same positions, of which nothing is erased. */
export function positionedCase([batch, h, w, cols]: number[]): Check {
  return {
    inputs: { x: { shape: [batch, h, w, cols], grad: true } },
    op: ({ x }) => add(positioned(x), x),
    reference: ({ x }) => [x.map((v, i) => 2 * v + position64(Math.floor(i / cols / w) % h, Math.floor(i / cols) % w, i % cols, cols))],
    tolerance: 2e-5,
  };
}

/** Blocks of pixels as tokens, and the same pixels again. */
export function unshuffleCase([batch, h, w, cols]: number[], side: number): Check {
  const pixel = (b: number, i: number, j: number, k: number) => (b * h + i * side + Math.floor(k / side)) * w + j * side + (k % side);
  return {
    inputs: { x: { shape: [batch, h, w, cols], grad: true } },
    op: ({ x }) => {
      const blocks = unshuffle(x, side);
      return [add(blocks, blocks), shuffle(blocks, side)];
    },
    reference: ({ x }) => {
      const tokens = Float64Array.from(x, (_, at) => {
        const [c, k, cell] = [at % cols, Math.floor(at / cols) % side ** 2, Math.floor(at / cols / side ** 2)];
        const [j, i] = [cell % (w / side), Math.floor(cell / (w / side)) % (h / side)];
        return 2 * x[pixel(Math.floor((cell * side ** 2) / h / w), i, j, k) * cols + c];
      });
      return [tokens, x];
    },
  };
}

export function weighCase(cells: "visible" | "erased"): Check {
  const data = [1, 0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0];
  const own = (m: number) => (cells === "visible" ? m : 1 - m);
  const shown = (mask: Float64Array, image: number) => mask.slice(6 * image, 6 * image + 6).reduce((sum, m) => sum + own(m), 0);
  return {
    inputs: { mask: { shape: [3, 2, 3], data } },
    op: ({ mask }) => weigh(mask, cells),
    reference: ({ mask }) => [mask.map((m, i) => (own(m) * 6) / Math.max(1e-9, shown(mask, Math.floor(i / 6))))],
  };
}
