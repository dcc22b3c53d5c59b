/** What the decoder is to tell of a masked batch, and how far off it is: pixels, or tokens of a teacher's decoder. */
import type { Engine } from "../../engine/device";
import type { Graph, Tensor } from "../../engine/graph";
import { featureError, featureErrors, featureTarget, targetBlock } from "../../methods/mim/g2sd";
import { hiddenError, targetOf } from "../../methods/mim/mim";
import { decoded, pixelsOf } from "../../models/mae";
import { Params } from "../../models/params";
import type { Loss } from "../../ops/losses";
import type { Autoencoder, Masked } from "./autoencoder";
import type { MaeNetwork, Target } from "./network";

export interface Aimed {
  loss: Loss;
  /** Pixels of every patch, [B N, C P P], for pictures: what the student tells, or where it tells features the teacher. */
  told: Tensor;
  /** How far each of the student's features is from the teacher's, [B (1 + N)]. */
  errors?: Tensor;
}

/** May take buffers: `destroy` gives them back. */
export interface Aim {
  /** Of what a network tells of a masked batch, as `Autoencoder.tell` has it. */
  of(graph: Graph, told: Tensor, masked: Masked): Aimed;
  destroy(): void;
}

/** Rows of one number and of zeros, [n] each. Takes buffers. */
export class Constants {
  private readonly one: GPUBuffer;
  private readonly zero: GPUBuffer;

  constructor(
    private readonly engine: Engine,
    private readonly count: number,
    value: number,
  ) {
    const filled = (value: number) => {
      const buffer = engine.takeBuffer(4 * count);
      engine.device.queue.writeBuffer(buffer, 0, new Float32Array(count).fill(value));
      return buffer;
    };
    [this.one, this.zero] = [filled(value), filled(0)];
  }

  on(graph: Graph): { one: Tensor; zero: Tensor } {
    return { one: graph.fixed(this.one, [this.count]), zero: graph.fixed(this.zero, [this.count]) };
  }

  destroy(): void {
    for (const buffer of [this.one, this.zero]) this.engine.giveBuffer(buffer);
  }
}

/** What makes a biased deviation over patches of `count` numbers the unbiased one. */
export const unbiased = (engine: Engine, count: number) => new Constants(engine, count, Math.sqrt((count - 1) / count));

/** The pixels of hidden patches: MAE and SparK. */
export class Pixels implements Aim {
  private readonly scale: Constants;

  constructor(
    engine: Engine,
    private readonly network: Autoencoder,
    private readonly kind: () => Target,
  ) {
    const { channels, patch } = network.cut;
    this.scale = unbiased(engine, channels * patch ** 2);
  }

  of(graph: Graph, told: Tensor, { images, hidden }: Masked): Aimed {
    const wanted = targetOf(this.network.patches(images), this.kind(), this.scale.on(graph));
    return { told, loss: hiddenError(told, wanted, hidden) };
  }

  destroy(): void {
    this.scale.destroy();
  }
}

/** Which of the teacher's tokens are told. */
interface Compared {
  tokens: "all" | "hidden";
  layer: "middle" | "last";
}

/** The tokens of a teacher's decoder, which sees the same patches: G2SD. */
export class Features implements Aim {
  private readonly params: Params;
  private readonly scale: Constants;

  constructor(
    engine: Engine,
    private readonly teacher: MaeNetwork,
    private readonly compared: () => Compared,
  ) {
    this.params = new Params(engine, teacher.weights);
    this.scale = new Constants(engine, teacher.decoder.width, 1);
  }

  of(graph: Graph, told: Tensor, { images, left, hidden }: Masked): Aimed {
    const [batch] = images.shape;
    const { config: encoder, decoder } = this.teacher;
    const { tokens, layer } = this.compared();
    const bound = this.params.on(graph, false);
    const blocks = decoded(bound, { encoder, decoder }, images, left);
    const target = featureTarget(blocks[targetBlock(layer, decoder.depth) - 1], this.scale.on(graph));
    return {
      loss: featureError(told, target, batch, tokens === "hidden" ? hidden : undefined),
      told: pixelsOf(bound, blocks[decoder.depth - 1], batch),
      errors: featureErrors(told, target),
    };
  }

  destroy(): void {
    this.params.destroy();
    this.scale.destroy();
  }
}
