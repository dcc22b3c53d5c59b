/**
 * A ViT of any family as an ONNX file: what `vit` computes of a whole image, in the operators of ONNX. Weights keep timm's names and shapes.
 * Images go in as they are before normalisation; that is part of the graph.
 */
import { OnnxGraph } from "../onnx";
import type { Weights } from "../weights";
import { imageShape, type ViTConfig } from "./config";
import { familyOf, lastNorm } from "./families";

/** Mean and deviation of each channel. */
interface Normalised {
  mean: number[];
  std: number[];
}

/**
 * The file. Its input `images` is [batch, channels, rows, columns] in the unit of `moments` (pixels from 0 to 1); its output `logits` is
 * [batch, classes], or `features` [batch, width] of a network without a head.
 */
export function vitOnnx(
  config: ViTConfig,
  weights: Weights,
  moments: Normalised,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const graph = new OnnxGraph();
  const writer = new Writer(graph, config, weights);
  const answer = writer.answer(writer.encoded(writer.normalised(moments)));
  const [output, size] = config.classes ? ["logits", config.classes] : ["features", config.width];
  graph.node("Identity", [answer], {}, output as string);
  const images = { name: "images", shape: ["batch", ...imageShape(config)] };
  return graph.file(familyOf(config).label, images, [{ name: output as string, shape: ["batch", size] }], metadata);
}

/** Adds parts of a ViT to a graph. */
export class Writer {
  constructor(
    private readonly graph: OnnxGraph,
    private readonly config: ViTConfig,
    private readonly weights: Weights,
  ) {}

  normalised({ mean, std }: Normalised): string {
    const each = (name: string, values: number[]) => this.graph.weights(name, [values.length, 1, 1], Float32Array.from(values));
    return this.graph.node("Div", [this.graph.node("Sub", ["images", each("mean", mean)]), each("std", std)]);
  }

  /** Tokens after the last block [batch, tokens, width]; of CaiT, its class token alone. */
  encoded(images: string): string {
    const { family, depth, classDepth = 0 } = this.config;
    const { normPre, talking, distilled, patchPositions } = familyOf({ family });
    const patches = this.embedded(images);
    const placed = (tokens: string) => this.add(tokens, this.weight("pos_embed"));
    const lead = ["cls_token", ...(distilled ? ["dist_token"] : [])].map((name) => this.perImage(name));
    if (talking) {
      let x = placed(patches);
      for (let i = 0; i < depth; i++) x = this.block(x, `blocks.${i}`);
      let [cls] = lead;
      for (let i = 0; i < classDepth; i++) cls = this.classBlock(cls, x, `blocks_token_only.${i}`);
      return cls;
    }
    const tokens = this.joined([...lead, patchPositions ? placed(patches) : patches]);
    let x = patchPositions ? tokens : placed(tokens);
    if (normPre) x = this.norm(x, "norm_pre");
    for (let i = 0; i < depth; i++) x = this.block(x, `blocks.${i}`);
    return x;
  }

  /** Logits, or features, [batch, size] of tokens [batch, tokens, width]. */
  answer(x: string): string {
    const { distilled, meanPool, oneHead } = familyOf(this.config);
    const { classes } = this.config;
    const told = (token: string, head: string) => (classes ? this.linear(token, head) : token);
    const token = (i: number) => this.norm(this.graph.node("Gather", [x, this.graph.whole([i], [])], { axis: 1 }), lastNorm(this.config));
    if (meanPool) return told(this.norm(this.meanPatch(x), lastNorm(this.config)), "head");
    if (oneHead) {
      const both = this.mean(token(0), token(1));
      return classes ? told(this.norm(both, "head_norm"), "head") : both;
    }
    return distilled ? this.mean(told(token(0), "head"), told(token(1), "head_dist")) : told(token(0), "head");
  }

  /** Patches [batch, patches, width] of images. */
  private embedded(images: string): string {
    const { width, patch, stride = patch } = this.config;
    const layer = "patch_embed.proj";
    const [weight, bias] = [this.weight(`${layer}.weight`), this.weight(`${layer}.bias`)];
    const maps = this.graph.node("Conv", [images, weight, bias], { strides: [stride, stride] });
    return this.turned(this.shaped(maps, [0, width, -1]), [0, 2, 1]);
  }

  /** A token of the weights, for each image of the batch [batch, 1, width]. */
  private perImage(name: string): string {
    const batch = this.graph.node("Shape", ["images"], { start: 0, end: 1 });
    const shape = this.joined([batch, this.graph.whole([1, this.config.width])], 0);
    return this.graph.node("Expand", [this.weight(name), shape]);
  }

  private meanPatch(x: string): string {
    const rest = this.graph.node("Slice", [x, this.graph.whole([1]), this.graph.whole([Number.MAX_SAFE_INTEGER]), this.graph.whole([1])]);
    return this.graph.node("ReduceMean", [rest], { axes: [1], keepdims: 0 });
  }

  /** Tokens [batch, tokens, width] after the block whose weights begin with that name; `more` makes what is added to scores of its queries. */
  block(x: string, block: string, more?: (queries: string) => string): string {
    const { heads, headDim } = this.config;
    const qkv = this.linear(this.norm(x, `${block}.norm1`), `${block}.attn.qkv`);
    const parts = this.turned(this.shaped(qkv, [0, 0, 3, heads, headDim]), [2, 0, 3, 1, 4]);
    const [q, k, v] = [0, 1, 2].map((i) => this.graph.node("Gather", [parts, this.graph.whole([i], [])], { axis: 0 }));
    const { talking } = familyOf(this.config);
    const products = this.scores(q, k);
    const scores = more ? this.add(products, more(q)) : products;
    const attention = this.graph.node("Softmax", [talking ? this.talk(scores, `${block}.attn.proj_l`) : scores], { axis: -1 });
    return this.ended(this.mixed(talking ? this.talk(attention, `${block}.attn.proj_w`) : attention, v), x, block);
  }

  /** The class token [batch, 1, width] after a block of class attention to itself and the patches x. */
  private classBlock(cls: string, x: string, block: string): string {
    const { heads, headDim } = this.config;
    const normed = this.norm(this.joined([cls, x]), `${block}.norm1`);
    const first = this.graph.node("Gather", [normed, this.graph.whole([0])], { axis: 1 });
    const split = (of: string, layer: string) =>
      this.turned(this.shaped(this.linear(of, `${block}.attn.${layer}`), [0, 0, heads, headDim]), [0, 2, 1, 3]);
    const attention = this.graph.node("Softmax", [this.scores(split(first, "q"), split(normed, "k"))], { axis: -1 });
    return this.ended(this.mixed(attention, split(normed, "v")), cls, block);
  }

  /** q kᵀ / √d of heads [batch, heads, tokens, d]. */
  private scores(q: string, k: string): string {
    const products = this.graph.node("MatMul", [q, this.turned(k, [0, 1, 3, 2])]);
    return this.graph.node("Mul", [products, this.graph.number(this.config.headDim ** -0.5)]);
  }

  /** Scores [batch, heads, queries, keys] after the heads have talked to each other. */
  private talk(scores: string, layer: string): string {
    return this.turned(this.linear(this.turned(scores, [0, 2, 3, 1]), layer), [0, 3, 1, 2]);
  }

  /** Values under attention, heads side by side [batch, queries, heads d]. */
  private mixed(attention: string, v: string): string {
    const { heads, headDim } = this.config;
    return this.shaped(this.turned(this.graph.node("MatMul", [attention, v]), [0, 2, 1, 3]), [0, 0, heads * headDim]);
  }

  /** What follows attention in a block: its projection, and the MLP where there is one; both added to x. */
  private ended(attended: string, x: string, block: string): string {
    const mid = this.add(x, this.scaled(this.linear(attended, `${block}.attn.proj`), `${block}.ls1.gamma`));
    if (!this.config.mlp) return mid;
    const hidden = this.activated(this.linear(this.norm(mid, `${block}.norm2`), `${block}.mlp.fc1`));
    return this.add(mid, this.scaled(this.linear(hidden, `${block}.mlp.fc2`), `${block}.ls2.gamma`));
  }

  private scaled(x: string, gamma: string): string {
    return this.weights.has(gamma) ? this.graph.node("Mul", [x, this.weight(gamma)]) : x;
  }

  private activated(x: string): string {
    const times = (a: string, b: string) => this.graph.node("Mul", [a, b]);
    switch (this.config.activation) {
      case "relu":
        return this.graph.node("Relu", [x]);
      case "quick_gelu":
        return times(x, this.graph.node("Sigmoid", [times(x, this.graph.number(1.702))]));
      case "gelu": {
        const erf = this.graph.node("Erf", [times(x, this.graph.number(Math.SQRT1_2))]);
        return times(times(x, this.graph.number(0.5)), this.add(erf, this.graph.number(1)));
      }
    }
  }

  private norm(x: string, layer: string): string {
    const [scale, bias] = [this.weight(`${layer}.weight`), this.weight(`${layer}.bias`)];
    return this.graph.node("LayerNormalization", [x, scale, bias], { axis: -1, epsilon: { f: this.config.eps } });
  }

  /** x Wᵀ + b along the last axis. */
  private linear(x: string, layer: string): string {
    const product = this.graph.node("MatMul", [x, this.turned(this.weight(`${layer}.weight`), [1, 0])]);
    return this.weights.has(`${layer}.bias`) ? this.add(product, this.weight(`${layer}.bias`)) : product;
  }

  private mean(a: string, b: string): string {
    return this.graph.node("Mean", [a, b]);
  }

  private add(a: string, b: string): string {
    return this.graph.node("Add", [a, b]);
  }

  private joined(parts: string[], axis = 1): string {
    return parts.length > 1 ? this.graph.node("Concat", parts, { axis }) : parts[0];
  }

  private turned(x: string, perm: number[]): string {
    return this.graph.node("Transpose", [x], { perm });
  }

  /** Of a shape, 0 is the size that is there, -1 what is left. */
  private shaped(x: string, shape: number[]): string {
    return this.graph.node("Reshape", [x, this.graph.whole(shape)]);
  }

  private weight(name: string): string {
    const { shape, data } = this.weights.get(name)!;
    return this.graph.weights(name, shape, data);
  }
}
