/** Patches and tokens beside loops written out plainly. */
import type { Tensor } from "../../engine/graph";
import type { Check } from "../evidence";
import { assemble, type Patches, patchify } from "../tokens";

export interface Case {
  batch: number;
  channels: number;
  image: number;
  columns?: number;
  patch: number;
  stride?: number;
  width: number;
  /** Kept patches of each image. */
  keep?: number[][];
  /** A distillation token follows the class token. */
  distilled?: boolean;
  /** Positions of patches alone. */
  unplaced?: boolean;
}

const along = (pixels: number, { patch, stride = patch }: Case) => Math.floor((pixels - patch) / stride) + 1;

const countOf = (c: Case) => along(c.image, c) * along(c.columns ?? c.image, c);

const slotsOf = (c: Case) => c.keep?.[0].length ?? countOf(c);

const patchAt = ({ keep }: Case, b: number, slot: number) => keep?.[b][slot] ?? slot;

function keptInput(c: Case) {
  return c.keep ? { kept: { shape: [c.batch, slotsOf(c)], data: c.keep.flat(), dtype: "u32" as const } } : undefined;
}

function layout({ batch, channels, image, columns, patch, stride }: Case, kept?: Tensor): Patches {
  return { batch, channels, image, columns, patch, stride, kept };
}

/** Rows of pixels, channels first. */
function patchify64(c: Case, images: ArrayLike<number>): number[] {
  const { image, columns = image, stride = c.patch } = c;
  const across = along(columns, c);
  const out: number[] = [];
  for (let b = 0; b < c.batch; b++)
    for (let slot = 0; slot < slotsOf(c); slot++)
      for (let channel = 0; channel < c.channels; channel++)
        for (let y = 0; y < c.patch; y++)
          for (let x = 0; x < c.patch; x++) {
            const n = patchAt(c, b, slot);
            const row = Math.floor(n / across) * stride + y;
            out.push(images[((b * c.channels + channel) * image + row) * columns + (n % across) * stride + x]);
          }
  return out;
}

const leadOf = ({ distilled }: Case) => (distilled ? 2 : 1);

const placesOf = (c: Case) => countOf(c) + (c.unplaced ? 0 : leadOf(c));

function assemble64(c: Case, { embedded, pos, cls, dist }: Record<string, Float64Array>): number[] {
  const out: number[] = [];
  const lead = leadOf(c);
  for (let b = 0; b < c.batch; b++)
    for (let token = 0; token < lead + slotsOf(c); token++)
      for (let i = 0; i < c.width; i++) {
        const slot = token - lead;
        const place = (token < lead ? token : lead + patchAt(c, b, slot)) - (c.unplaced ? lead : 0);
        const value = token < lead ? [cls, dist][token][i] : embedded[(b * slotsOf(c) + slot) * c.width + i];
        out.push(value + (place < 0 ? 0 : pos[place * c.width + i]));
      }
  return out;
}

export const patchifyCase = (c: Case): Check => ({
  inputs: { images: { shape: [c.batch, c.channels, c.image, c.columns ?? c.image] }, ...keptInput(c) },
  op: ({ images, kept }) => patchify(images, layout(c, kept)),
  reference: ({ images }) => [patchify64(c, images)],
  tolerance: 0,
});

export const assembleCase = (c: Case): Check => ({
  inputs: {
    embedded: { shape: [c.batch * slotsOf(c), c.width], grad: slotsOf(c) > 0 },
    pos: { shape: [1, placesOf(c), c.width], grad: true },
    cls: { shape: [1, 1, c.width], grad: true },
    ...(c.distilled && { dist: { shape: [1, 1, c.width], grad: true } }),
    ...keptInput(c),
  },
  op: ({ embedded, pos, cls, dist, kept }) => assemble(embedded, pos, cls, layout(c, kept), { dist, placed: !c.unplaced }),
  reference: (values) => [assemble64(c, values)],
  tolerance: 1e-6,
});
