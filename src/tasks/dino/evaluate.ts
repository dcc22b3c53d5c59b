/** How well features tell classes apart that no label has formed: nearest neighbours, and a linear classifier on top. */
import { Batches } from "../../data/batches";
import type { Dataset, Split } from "../../data/dataset";
import type { Engine } from "../../engine/device";
import { Graph, type Tensor } from "../../engine/graph";
import { Program } from "../../engine/program";
import { type Labelled, nearest } from "../../metrics/knn";
import { linearProbe } from "../../metrics/probe";
import { type Bound, Params } from "../../models/params";
import { vit } from "../../models/vit/model";
import { layerNorm } from "../../ops/norm";
import { everyRow } from "../../ops/select";
import { OtherSide } from "../otherSide";
import { suited } from "../suited";
import type { Progress } from "../task";
import type { Network } from "../vitNetwork";
import type { Model } from "./step";

/** Images a look. */
const BATCH = 100;
/** Training images whose labels neighbours and classifier know: the first ones, at most so many. */
export const BANK = 2000;
/** The linear classifier reads the class tokens of so many last blocks side by side, as DINO's does of a small ViT. */
const READ = 4;

/** Features of images that stay as they are while they are told apart. */
export interface Frozen {
  params: Params;
  /** What images are like, and how many numbers a feature has. */
  channels: number;
  image: number;
  width: number;
  /** Features [B, width] of images f32 [B, C, S, S]: those of the last layer, which neighbours are found by, and perhaps of others. */
  read(bound: Bound, images: Tensor): Tensor[];
}

/** A vision transformer's class tokens. */
export function classTokens({ params, config }: Model): Frozen {
  const { channels, image, depth, width, eps } = config;
  return {
    ...{ params, channels, image, width },
    read(bound, images) {
      const { blocks, attention } = vit(bound, config, images);
      // The last block computes class tokens alone.
      const tokens = (i: number) => (i === depth - 1 ? blocks[i] : everyRow(blocks[i], attention[i].keys));
      const read = Array.from({ length: Math.min(READ, depth) }, (_, i) => depth - 1 - i);
      return read.map((i) => layerNorm(tokens(i), bound["norm.weight"], bound["norm.bias"], eps));
    },
  };
}

/** Which held-out images are named right: by their neighbours, and by a linear classifier. */
export interface Told {
  knn: Uint8Array;
  linear: Uint8Array;
}

/** Both, of all held-out images or the first `limit`. */
export async function told(engine: Engine, frozen: Frozen, dataset: Dataset, limit: number, progress?: Progress): Promise<Told> {
  const reader = await Reader.compile(engine, frozen, dataset);
  try {
    const bank = await reader.read(dataset.train, BANK, (share) => progress?.(share / 2));
    const asked = await reader.read(dataset.test, limit, (share) => progress?.(0.5 + share / 2));
    const classes = dataset.classes.length;
    const right = (answers: Uint32Array) => Uint8Array.from(answers, (c, i) => Number(c === asked.last.labels[i]));
    return { knn: right(nearest(bank.last, asked.last, classes)), linear: right(linearProbe(bank.several, asked.several, classes)) };
  } finally {
    reader.destroy();
  }
}

/** A network's top-1 on held-out images, by nearest neighbours or by a linear classifier. Rejects with an EngineError when it is for others. */
export async function measure(engine: Engine, network: Network, dataset: Dataset, by: keyof Told = "knn"): Promise<number> {
  assertTakes(network, dataset);
  const { weights, config } = suited(network, dataset);
  const params = new Params(engine, weights);
  try {
    const frozen = classTokens({ params, config: { ...config, classes: 0 } });
    const right = (await told(engine, frozen, dataset, Number.POSITIVE_INFINITY))[by];
    return right.reduce((sum, one) => sum + one, 0) / right.length;
  } finally {
    params.destroy();
  }
}

/** Throws an EngineError unless the network takes images of this size. */
export function assertTakes({ name, config }: Network, { side }: Dataset): void {
  if (config.image !== side) throw new OtherSide(name, config.image, side);
}

/** Features of the last layer, and of several side by side. */
interface Read {
  last: Labelled;
  several: Labelled;
}

/** A recorded look at images. Takes a buffer: `destroy` gives it back. */
class Reader {
  private constructor(
    private readonly engine: Engine,
    private readonly batches: Batches,
    private readonly images: GPUBuffer,
    private readonly program: Program,
    private readonly width: number,
  ) {}

  static async compile(engine: Engine, { params, channels, image, width, read }: Frozen, dataset: Dataset): Promise<Reader> {
    const buffer = engine.takeBuffer(4 * BATCH * channels * image ** 2);
    const graph = new Graph(engine);
    const features = read(params.on(graph, false), graph.fixed(buffer, [BATCH, channels, image, image]));
    const program = await Program.compile(graph, Object.fromEntries(features.map((tensor, i) => [`layer${i}`, tensor])));
    return new Reader(engine, new Batches(dataset, 1, 0), buffer, program, width);
  }

  /** The first `limit` images of a split. */
  async read(split: Split, limit: number, progress: Progress): Promise<Read> {
    const { width } = this;
    const count = Math.min(limit, split.count);
    const labels = Uint32Array.from({ length: count }, (_, i) => split.label(i));
    const parts: Float32Array[][] = [];
    for (let from = 0; from < count; from += BATCH) {
      const indices = Array.from({ length: BATCH }, (_, i) => Math.min(from + i, count - 1));
      this.engine.device.queue.writeBuffer(this.images, 0, this.batches.load(split, indices).images as BufferSource);
      parts.push(Object.values(await this.program.fetch()) as Float32Array[]);
      progress(Math.min(1, (from + BATCH) / count));
    }
    const blocks = parts[0].length;
    const row = (block: number, i: number) => parts[Math.floor(i / BATCH)][block].subarray((i % BATCH) * width, ((i % BATCH) + 1) * width);
    const last = new Float32Array(count * width);
    const several = new Float32Array(count * blocks * width);
    for (let i = 0; i < count; i++) {
      last.set(row(0, i), i * width);
      for (let b = 0; b < blocks; b++) several.set(row(b, i), (i * blocks + b) * width);
    }
    return { last: { features: last, labels, width }, several: { features: several, labels, width: blocks * width } };
  }

  destroy(): void {
    this.program.dispose();
    this.engine.giveBuffer(this.images);
  }
}
