/** The layers a detector is built of, looked up by name: convolution and normalisation, both behind the input mask. */
import type { Tensor } from "../../engine/graph";
import { batchNorm, groupNorm } from "../../ops/channelnorm";
import { type ConvOptions, conv2d } from "../../ops/conv";
import { groupConv2d } from "../../ops/groupconv";
import { maskCells } from "../../ops/maps";
import type { Bound } from "../params";
import { type DetectorConfig, groups } from "./config";

export interface DetectorOptions {
  /**
   * f32 [B, gh, gw], 1 visible, 0 erased (MKD): the input of every convolution and window of the backbone is multiplied
   * with it, and so are C3 to C5, so that nothing passes between erased and visible cells. Of a plain backbone: see vitdet.ts.
   */
  mask?: Tensor;
  /** With a mask: normalise by what is visible alone, in backbone and head. */
  visibleStatistics?: boolean;
  /** Batch norms use the batch's statistics and track them; else the tracked ones, as they do where these are frozen. Nothing to group norms. */
  training?: boolean;
}

export class Layers {
  constructor(
    readonly params: Bound,
    private readonly config: DetectorConfig,
    private readonly options: DetectorOptions,
  ) {}

  /** The parameter of that name. */
  get(name: string): Tensor {
    return this.params[name];
  }

  /** x with its erased cells at zero. */
  visible(x: Tensor): Tensor {
    return this.options.mask ? maskCells(x, this.options.mask) : x;
  }

  /** A kernel of fewer channels than x is of groups. */
  conv(x: Tensor, name: string, options: Omit<ConvOptions, "bias"> = {}): Tensor {
    const kernel = this.get(`${name}.weight`);
    if (kernel.cols < x.cols) return groupConv2d(x, kernel, options);
    return conv2d(x, kernel, { ...options, bias: this.params[`${name}.bias`] });
  }

  /** The head's normalisation with ReLU. Where a map is coarser than the mask, perhaps no pixel of it is visible: all count. */
  headNorm(x: Tensor, name: string): Tensor {
    const { mask, visibleStatistics } = this.options;
    const visible = visibleStatistics && mask && x.shape[1] >= mask.shape[1] ? mask : undefined;
    return groupNorm(x, this.get(`${name}.weight`), this.get(`${name}.bias`), { groups: groups(x.cols), relu: true, visible });
  }

  /** The backbone's normalisation, and ReLU where wanted. */
  norm(x: Tensor, name: string, relu = false): Tensor {
    const [gamma, beta] = [this.get(`${name}.weight`), this.get(`${name}.bias`)];
    const visible = this.options.visibleStatistics ? this.options.mask : undefined;
    if (this.config.norm === "gn") return groupNorm(x, gamma, beta, { groups: groups(x.cols), relu, visible });
    const [mean, variance] = [this.get(`${name}.running_mean`), this.get(`${name}.running_var`)];
    return batchNorm(x, gamma, beta, { mean, variance, training: this.options.training ?? false, relu, visible });
  }
}
