/** Image to tokens: cut patches, embed the kept ones, add positions and the class token. */
import type { Gradients, Tensor } from "../engine/graph";

export interface Patches {
  batch: number;
  channels: number;
  /** Pixels per side of the square image; rows of an oblong one. */
  image: number;
  /** Columns of pixels where they are not as many as rows. */
  columns?: number;
  /** Pixels per side of a patch. */
  patch: number;
  /** Pixels from patch to patch, down and across; `patch` when absent. */
  stride?: number;
  /** Which patches to use, u32 [batch, k]; all of them when absent. */
  kept?: Tensor;
}

/** Rows of pixels [batch * k, channels * patch²] of the (kept) patches of images [batch, channels, rows, columns]. No gradient. */
export function patchify(images: Tensor, o: Patches): Tensor {
  const { image, columns = image } = o;
  if (images.size !== o.batch * o.channels * image * columns)
    throw new Error(`patchify: images are [${images.shape}], not [${o.batch},${o.channels},${image},${columns}]`);
  checkKept("patchify", o);
  const out = images.graph.temp([o.batch * slots(o), o.channels * o.patch ** 2]);
  images.graph.launch("tokens", "patchify", {
    constants: { KEPT: o.kept !== undefined },
    bind: { images, out, ...(o.kept && { kept: o.kept }) },
    params: params(o, 0),
    threads: out.size,
  });
  return out;
}

/** What comes before the patches besides the class token, and whether it has positions. */
export interface Lead {
  /** DeiT's distillation token [1, 1, D], after the class token. */
  dist?: Tensor;
  /** False where `pos` is of patches alone, [1, N, D]. */
  placed?: boolean;
}

/**
 * Tokens [batch * (1 + k), D] from embedded patches [batch * k, D], positions pos [1, N + 1, D] (a parameter, or made from one) and
 * the parameter cls [1, 1, D]; with a distillation token one more token and position.
 */
export function assemble(embedded: Tensor, pos: Tensor, cls: Tensor, o: Patches, { dist, placed = true }: Lead = {}): Tensor {
  const { graph } = embedded;
  const width = embedded.cols;
  const lead = dist ? 2 : 1;
  if (pos.size !== (count(o) + (placed ? lead : 0)) * width)
    throw new Error(`assemble: positions are [${pos.shape}] for ${count(o)} patches of width ${width}`);
  if (embedded.rows !== o.batch * slots(o) && embedded.size > 0)
    throw new Error(`assemble: ${embedded.rows} embedded patches for ${o.batch} images of ${slots(o)}`);
  checkKept("assemble", o);
  const constants = { KEPT: o.kept !== undefined, LEAD: lead, PLACED: placed };
  const kept = o.kept && { kept: o.kept };
  const needsGrad = [embedded, pos, cls, ...(dist ? [dist] : [])].some((t) => t.needsGrad);
  const out = graph.temp([o.batch * (slots(o) + lead), width], embedded.dtype, needsGrad);
  const bind = { embedded, pos, cls, out, ...kept, ...(dist && { dist }) };
  graph.launch("tokens", "assemble", { constants, bind, params: params(o, width), threads: out.size });
  if (out.needsGrad)
    graph.record(out, (g, grads) => {
      const d = graph.temp(embedded.shape, embedded.dtype);
      const back = {
        g,
        out: d,
        dpos: destination(pos, grads),
        dcls: destination(cls, grads),
        ...kept,
        ...(dist && { ddist: destination(dist, grads) }),
      };
      graph.launch("tokens", "assemble_backward", { constants, bind: back, params: params(o, width), threads: (count(o) + lead) * width });
      grads.alias(embedded, d);
      if (!pos.storage.buffer) grads.alias(pos, back.dpos);
    });
  return out;
}

/** Where a parameter's gradient goes; that of a frozen one, or of what is no parameter, goes where no optimizer reads it. */
const destination = (t: Tensor, grads: Gradients) => (t.needsGrad && t.storage.buffer ? grads.piece(t, 1) : t.graph.temp(t.shape));
const along = (pixels: number, { patch, stride = patch }: Patches) => Math.floor((pixels - patch) / stride) + 1;
const count = (o: Patches) => along(o.image, o) * along(o.columns ?? o.image, o);
const slots = (o: Patches) => (o.kept ? o.kept.cols : count(o));

function params(o: Patches, width: number) {
  const { batch, channels, image: rows, columns = rows, patch: side, stride = side } = o;
  return {
    ...{ batch, channels, rows, columns, side, stride, across: along(columns, o) },
    ...{ patches: count(o), kept_count: slots(o), width },
  };
}

function checkKept(op: string, { batch, kept }: Patches): void {
  if (kept && (kept.dtype !== "u32" || kept.shape.length !== 2 || kept.shape[0] !== batch))
    throw new Error(`${op}: kept patches are ${kept.dtype} [${kept.shape}], not u32 [${batch},k]`);
}
