/** Grouped convolution of feature maps [B, H, W, C], as ResNeXt has it; see shaders/groupconv.wgsl. */
import type { Engine } from "../engine/device";
import type { Gradients, RowGradient, Tensor } from "../engine/graph";
import { plus } from "./accumulate";
import { wantedGroups } from "./variants";

export interface GroupConvOptions {
  stride?: number;
  /** Zeros round the map, on each side; by default as many as keep its size at stride 1. */
  padding?: number;
}

/**
 * y = x * W for x [B, H, W, C] without gaps and a parameter W [O, kh, kw, C / groups]: output channels fall into as many groups as
 * input channels, and read those of their own. Channels of a group, in and out, come by fours. y is [B, OH, OW, O].
 *
 * Xie et al., "Aggregated residual transformations for deep neural networks" (ResNeXt), CVPR 2017.
 */
export function groupConv2d(x: Tensor, w: Tensor, { stride = 1, padding = (w.shape[1] - 1) / 2 }: GroupConvOptions = {}): Tensor {
  check(x, w, stride, padding);
  const [outputs, kh, kw] = w.shape;
  const size = [x.shape[1], x.shape[2]].map((side, i) => Math.floor((side + 2 * padding - [kh, kw][i]) / stride) + 1);
  if (size.some((side) => side < 1)) throw new Error(`groupConv2d: a kernel [${w.shape}] is larger than a map [${x.shape}]`);
  const y = x.graph.temp([x.shape[0], ...size, outputs], "f32", x.needsGrad || w.needsGrad);
  const c: Convolution = { x, w, y, stride, padding };
  const outs = atOnce(c, (outputs * w.cols) / x.cols, stride > 1);
  const lanes = { outs, blocks: outputs / 4 / outs, each: y.shape[0] * y.shape[1] * runsOf(y.shape[2]) };
  launch(c, "forward", { x, w, out: y }, { row: (PIXELS - 1) * stride + kw, ...lanes });
  if (y.needsGrad)
    x.graph.record(y, (g, grads) => {
      grads.add(x, (previous) => inputGradient(c, g, previous));
      if (w.needsGrad) weightGradient(c, g, grads);
    });
  return y;
}

interface Convolution {
  x: Tensor;
  w: Tensor;
  y: Tensor;
  stride: number;
  padding: number;
}

/** Pixels of a line that a lane computes; of one block of dx on a software adapter, where loads cost most, twice as many if a line has them. */
const PIXELS = 4;
const MORE_PIXELS = 8;

/** Lanes that share what they load of the kernel where a subgroup has no more. */
const EIGHT = 8;

/**
 * Blocks of four channels that a lane computes from what it loads: two, where a group's `channels` make so many, when eight lanes share the
 * kernel or windows lie `apart`, that is, overlap little.
 */
const atOnce = ({ x }: Convolution, channels: number, apart: boolean): 1 | 2 =>
  channels % 8 === 0 && (apart || x.graph.engine.facts.subgroup === EIGHT) ? 2 : 1;

function check(x: Tensor, w: Tensor, stride: number, padding: number): void {
  const groups = x.cols / w.cols;
  const fits = x.shape.length === 4 && w.shape.length === 4 && x.stride === x.cols && Number.isInteger(groups);
  const fours = w.cols % 4 === 0 && w.shape[0] % (4 * groups) === 0;
  if (!fits || !fours) throw new Error(`groupConv2d: x is [${x.shape}], rows ${x.stride} apart; W is [${w.shape}]`);
  if (!(Number.isInteger(stride) && stride > 0 && Number.isInteger(padding) && padding >= 0))
    throw new Error(`groupConv2d: stride ${stride}, padding ${padding}`);
}

/** Taps of a kernel's line that can reach a pixel, and how far the first of them is behind the map's first pixel. */
const tapsOf = ({ w, stride }: Convolution) => Math.ceil(w.shape[2] / stride);
const phaseOf = ({ padding, stride }: Convolution) => padding % stride;

const runsOf = (pixels: number, each = PIXELS) => Math.ceil(pixels / each);

function inputGradient(c: Convolution, g: Tensor, previous?: RowGradient): Tensor {
  const { x, stride } = c;
  const [batch, height, width, channels] = x.shape;
  const out = x.graph.temp(x.shape);
  const outs = atOnce(c, c.w.cols, false);
  const pixels = outs === 1 && x.graph.engine.facts.software && stride === 1 && width >= MORE_PIXELS ? MORE_PIXELS : PIXELS;
  const runs = runsOf(width, pixels * stride);
  const row = pixels + tapsOf(c) - 1 + Number(phaseOf(c) > 0);
  const size = { outs, blocks: (channels / 4 / outs) * stride, each: batch * Math.ceil(height / stride) * runs };
  launch(c, "input_gradient", { w: c.w, g, out }, { ...size, pixels, row, runs, previous });
  return out;
}

/** In parts of some lines each: so many that the adapter is filled, and no more. */
function weightGradient(c: Convolution, g: Tensor, grads: Gradients): void {
  const { x, w, y } = c;
  const lines = y.shape[0] * y.shape[1];
  const lanes = ((w.shape[0] / 4) * w.shape[1] * w.cols) / 4;
  const { engine } = x.graph;
  const wanted = Math.ceil((wantedGroups(engine) * workgroup(engine)) / lanes);
  const part = Math.ceil(lines / Math.max(1, Math.min(wanted, lines)));
  const parts = Math.ceil(lines / part);
  const row = w.shape[2] + c.stride;
  launch(c, "weight_gradient", { x, g, out: grads.piece(w, parts) }, { blocks: 1, each: lanes * parts, row, lines, part, lanes });
}

/** A software adapter's lanes run by few. */
const workgroup = ({ facts }: Engine) => (facts.software ? 32 : 64);

interface GroupLaunch {
  /** Lanes for each of so many blocks of four channels. */
  blocks: number;
  each: number;
  pixels?: number;
  outs?: number;
  row: number;
  runs?: number;
  lines?: number;
  part?: number;
  lanes?: number;
  previous?: RowGradient;
}

function launch(
  c: Convolution,
  entry: string,
  bind: Record<string, Tensor>,
  { blocks, each, pixels = PIXELS, outs = 1, row, previous, ...own }: GroupLaunch,
): void {
  const { x, w, y, stride } = c;
  const add = plus(previous);
  const { engine } = x.graph;
  const { subgroup } = engine.facts;
  const shared = entry !== "weight_gradient";
  const lanes = { QUAD: shared && subgroup >= 4, EIGHT: shared && subgroup === EIGHT, BACK: entry === "input_gradient" };
  const KERNEL = w.shape[2];
  const sizes = { KERNEL, STRIDE: stride, OUTS: outs, HELD: Math.ceil((KERNEL * outs) / 2), ROW: row, TAPS: tapsOf(c), PHASE: phaseOf(c) };
  x.graph.launch("groupconv", entry, {
    constants: { ...lanes, ...sizes, PIXELS: pixels, WORKGROUP: workgroup(engine), ...add.constants },
    bind: { ...bind, ...add.bind },
    params: {
      ...{ batch: x.shape[0], height: x.shape[1], width: x.shape[2], out_height: y.shape[1], out_width: y.shape[2] },
      ...{ channels: x.cols / 4, group_channels: w.cols / 4, outputs: y.cols / 4, group_outputs: (y.cols * w.cols) / x.cols / 4 },
      ...{ kernel_height: w.shape[1], padding: c.padding, runs: runsOf(y.shape[2]), lines: 0, part: 1, lanes: 1, ...own, ...add.params },
    },
    groups: blocks * Math.ceil(each / workgroup(engine)),
  });
}
