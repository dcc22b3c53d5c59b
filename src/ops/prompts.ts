/** FreeKD's prompts while they are learned: masks of bands, the features they leave, and how alike they are; see shaders/prompts.wgsl. */
import { type Live, type RowGradient, Tensor } from "../engine/graph";
import { place, plus } from "./accumulate";
import { type Bands, haar } from "./haar";
import { type Loss, sum } from "./losses";

type Numbers = Record<string, number | Live>;
type Constants = Record<string, boolean>;

/** Parameters of an entry point that has no use for them. */
const NOTHING = { height: 1, width: 1, cols: 1, low_offset: 0, low_stride: 0, weight: 0, scale: 1, ...plus().params };

interface Launch {
  constants?: Constants;
  bind: Record<string, Tensor>;
  params: Numbers;
  threads?: number;
  previous?: RowGradient;
}

function launch(entry: string, out: Tensor, { constants, bind, params, threads = out.size, previous }: Launch): Tensor {
  const add = plus(previous);
  out.graph.launch("prompts", entry, {
    ...{ constants: { ...constants, ...add.constants }, bind: { ...bind, ...add.bind, out } },
    ...{ params: { ...NOTHING, ...params, ...add.params }, threads },
  });
  return out;
}

const blocksOf = ({ size: [batch, height, width] }: Bands) => ({ batch, blocks_per_image: height * width });

/**
 * Masks [B h w, T] in 0..1 of one level's bands, a mask for each prompt of [T, C]: of all its details together or of its low band. Gradients
 * reach the prompts.
 */
export function promptMasks(bands: Bands, prompts: Tensor, of: "details" | "low"): Tensor {
  const { tensor: x } = bands;
  if (prompts.cols !== x.cols) throw new Error(`promptMasks: prompts [${prompts.shape}] for bands [${x.shape}]`);
  const constants = { LOW: of === "low" };
  const params = { ...blocksOf(bands), cols: x.cols, prompt_count: prompts.rows };
  const shape = [x.rows / 4, prompts.rows];
  const masks = launch("masks", x.graph.temp(shape, "f32", prompts.needsGrad), { constants, bind: { x, prompts }, params });
  const backward = (g: Tensor, previous?: RowGradient) =>
    launch("prompts_gradient", x.graph.temp(prompts.shape), { constants, bind: { x, masks_in: masks, g }, params, previous });
  if (prompts.needsGrad) x.graph.record(masks, (g, grads) => grads.add(prompts, (previous) => backward(g, previous)));
  return masks;
}

/** The low band of a level [B, h, w, C], every block times the sum of its masks [B h w, T]. Gradients reach the masks. */
export function maskedLow(bands: Bands, masks: Tensor): Tensor {
  const { tensor: x, size } = bands;
  const out = x.graph.temp([...size, x.cols], "f32", masks.needsGrad);
  const params = { ...blocksOf(bands), cols: x.cols, prompt_count: masks.cols };
  launch("low_band", out, { bind: { x, masks_in: masks }, params });
  if (masks.needsGrad)
    x.graph.record(out, (g, grads) => grads.add(masks, (previous) => masksGradient({ x, y: g, masks, params, low: true, previous })));
  return out;
}

/**
 * A level of the transform undone: a map [B, H, W, C] of these sides from `low` [B, h, w, C], which stands in for band 0, and from the
 * details of `bands`, every block's times the sum of its masks [B h w, T]. Gradients reach `low` and masks.
 */
export function maskedInverse(bands: Bands, low: Tensor, masks: Tensor, [height, width]: readonly [number, number]): Tensor {
  const { tensor: x, size } = bands;
  const expected = [size[0], Math.ceil(height / 2), Math.ceil(width / 2)];
  if (String(size) !== String(expected)) throw new Error(`maskedInverse: bands of [${size}] for a map of ${height} x ${width}`);
  const params = { ...blocksOf(bands), cols: x.cols, prompt_count: masks.cols, height, width };
  const out = x.graph.temp([size[0], height, width, x.cols], "f32", low.needsGrad || masks.needsGrad);
  launch("inverse", out, { bind: { x, low, masks_in: masks }, params: { ...params, ...place("low", low) } });
  if (!out.needsGrad) return out;
  x.graph.record(out, (g, grads) => {
    // The transform is its own transpose, so the gradient's bands are the bands' gradients.
    const [{ tensor: y }] = haar(g, 1);
    grads.add(masks, (previous) => masksGradient({ x, y, masks, params, low: false, previous }));
    if (low.needsGrad) grads.alias(low, new Tensor(x.graph, y.storage, low.shape, "f32", false, 0, 4 * x.cols));
  });
  return out;
}

interface MasksGradient {
  x: Tensor;
  y: Tensor;
  masks: Tensor;
  params: Numbers;
  low: boolean;
  previous?: RowGradient;
}

const masksGradient = ({ x, y, masks, params, low, previous }: MasksGradient): Tensor =>
  launch("masks_gradient", x.graph.temp(masks.shape), { constants: { LOW: low }, bind: { x, y }, params, threads: masks.rows, previous });

/**
 * How alike the T masks of an image are: the mean over images and ordered pairs of 2 m_i.m_j / (m_i.m_i + m_j.m_j), in 0..1, for masks
 * [B P, T].
 */
export function diceLoss(masks: Tensor, batch: number): Loss {
  const { graph, rows, cols } = masks;
  const params = { batch, blocks_per_image: rows / batch, prompt_count: cols, scale: 1 / (batch * cols * (cols - 1)) };
  const x = launch("gram", graph.temp([batch, cols, cols]), { bind: { masks_in: masks }, params });
  return {
    value: sum(launch("dice", graph.temp([batch]), { bind: { x }, params })).value,
    seed: (weight, grads) =>
      grads.add(masks, (previous) =>
        launch("dice_gradient", graph.temp(masks.shape), { bind: { x, masks_in: masks }, params: { ...params, weight }, previous }),
      ),
  };
}
