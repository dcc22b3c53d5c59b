/** The families of kernels that have variants: which of them run here, what they are timed on, and what proves them. */
import type { AdapterFacts } from "../engine/device";
import type { Graph, Tensor } from "../engine/graph";
import { selfAttention } from "./attention";
import { cosineCase, errorCase, mixCase, rowDistanceCase } from "./cases/features";
import { crossEntropyCase, distillationCase } from "./cases/losses";
import { spatialCase } from "./cases/regions";
import { probabilitiesCase, viewLossCase } from "./cases/selfDistillation";
import { softmaxCase } from "./cases/softmax";
import { convolutionCase, layerNormCase, linearCase, perceptronCase, selfAttentionCase } from "./cases/variants";
import type { Check } from "./evidence";
import { linear } from "./linear";
import { crossEntropy } from "./losses";
import { layerNorm } from "./norm";
import type { MakeInput } from "./timing";
import { ATTENTION, type Choice, GEMM, ROWS, smallestGemm } from "./variants";

/** What to measure, by name: each records it and returns its result. */
export type Shapes = Readonly<Record<string, (graph: Graph, input: MakeInput) => Tensor>>;

export interface Family {
  key: "gemm" | keyof Choice;
  variants: Readonly<Record<string, { runs(facts: AdapterFacts): boolean }>>;
  /** Half precision changes results, so such a variant is never chosen for its speed alone. */
  tuned(variant: string, facts: AdapterFacts): boolean;
  /** Its classes of shapes, each with a choice of its own, and what they are timed on. */
  classes: Readonly<Partial<Record<keyof Choice, Shapes>>>;
  /** Large enough that on every adapter the variants themselves compute them, and not the small one that stands in. */
  proofs: Readonly<Record<string, Check>>;
  /** Whether a variant keeps factors in f16 whatever the arrays hold. */
  halves?(variant: string): boolean;
  /** How often a term is rounded to f16 on its way from the inputs to a value or a gradient, at most: where arrays hold f16, or `halves`. */
  roundings: { values: number; gradients: number };
}

const BATCH = 16;
const TOKENS = 65;

const product = (m: number, n: number, k: number) => (_: Graph, input: MakeInput) =>
  linear(input([m, k]), input([n, k]), { bias: input([n]) });

/** The gradient of a weight [n, k] from m rows. */
export const weightGradient = (m: number, n: number, k: number) => (graph: Graph, input: MakeInput) => {
  const w = input([n, k]);
  const y = linear(input([m, k]), w);
  return graph.gradients((g) => g.alias(y, input([m, n]))).whole();
};

const attention = (headDim: number, heads: number, batch: number, tokens: number) => ({
  forward: (_: Graph, input: MakeInput) => selfAttention(input([batch * tokens, 3 * heads * headDim]), { batch, heads, headDim }).out,
  backward: (graph: Graph, input: MakeInput) => {
    const qkv = input([batch * tokens, 3 * heads * headDim]);
    const { out } = selfAttention(qkv, { batch, heads, headDim });
    return graph.gradients((g) => g.alias(out, input([batch * tokens, heads * headDim]))).of(qkv) as Tensor;
  },
});

/** As many multiply-adds each. */
const HEADS = {
  "heads of 16": attention(16, 4, BATCH, TOKENS),
  "heads of 32": attention(32, 2, BATCH, TOKENS),
  "heads of 64": attention(64, 3, 4, 197),
};
const sides = (side: "forward" | "backward") => Object.fromEntries(Object.entries(HEADS).map(([name, both]) => [name, both[side]]));

const few = (spec: Check, samples = 4): Check => ({ ...spec, samples });
const withoutGradient = (spec: Check): Check => ({
  ...spec,
  inputs: Object.fromEntries(Object.entries(spec.inputs).map(([name, input]) => [name, { ...input, grad: false }])),
});

const ATTENTIONS: Record<string, Check> = {
  "heads of 16": few(selfAttentionCase({ batch: 2, heads: 2, headDim: 16, queries: 65, keys: 65 })),
  "heads of 64": few(selfAttentionCase({ batch: 1, heads: 2, headDim: 64, queries: 70, keys: 70 })),
};

/** Rows that every lane of a workgroup has something of, though not the same number of places; and regions, some of them smaller. */
const LONG_ROWS: Record<string, Check> = {
  "cross-entropy of 200 classes": few(crossEntropyCase(3, 200, 0.1)),
  "distillation of 200 classes": few(distillationCase(3, 200, 4)),
  "softmax over 130": few(softmaxCase("softmax", [2, 130])),
  "logarithm of a softmax over 130": few(softmaxCase("logSoftmax", [3, 130])),
  "errors of 70 columns": few(errorCase("smooth", 1, 70)),
  "distances of 70 columns": few(rowDistanceCase([3, 70])),
  "shares of 70 columns": few(mixCase(5, 70)),
  "cosines of 70 columns": few(cosineCase([3, 70])),
  "views of 100 outputs": few(viewLossCase(1, 100)),
  "probabilities of 100 outputs": probabilitiesCase(100),
  "Eq. 1 on 99 pixels": spatialCase([2, 9, 11, 3], [1, 2, 4], "mean"),
  "Eq. 1 on 99 pixels, softmax": spatialCase([2, 9, 11, 3], [1, 2], "softmax"),
};

export const FAMILIES: readonly Family[] = [
  {
    key: "gemm",
    variants: GEMM,
    // Of the smallest tiles those of the adapter's kind.
    tuned: (variant, facts) => !GEMM[variant].constants.HALF && (!/^register4x4/.test(variant) || variant === smallestGemm(facts)),
    classes: {
      "gemm.large": { tokens: product(64 * TOKENS, 192, 64), square: product(1024, 1024, 1024) },
      "gemm.deep": {
        "weight gradient": weightGradient(BATCH * TOKENS, 192, 64),
        "large weight gradient": weightGradient(4 * 197, 768, 384),
      },
      "gemm.flat": { "gradient of 16 outputs": weightGradient(64 * TOKENS, 16, 192) },
      "gemm.narrow": { "16 channels": product(8192, 16, 144) },
      // Of tiles of 64 x 64 these have 6 and 32.
      "gemm.small": { "class tokens": product(64, 384, 384), "class tokens to 1000 classes": product(BATCH * 8, 1000, 192) },
    },
    proofs: {
      perceptron: few(perceptronCase("gelu", { m: 1032, n: 132, k: 68 }), 3),
      convolution: few(convolutionCase({ x: [8, 16, 16, 16], out: 68, kernel: 3 }), 3),
      "convolution of stride 2": few(convolutionCase({ x: [6, 22, 22, 12], out: 132, kernel: 3, stride: 2 }), 3),
      linear: few(linearCase({ m: 520, n: 68, k: 36 }), 3),
    },
    halves: (variant) => GEMM[variant].constants.HALF === true,
    // Two factors in each of two layers; on the way back also the upstream gradient, and the derivative of what is between the layers.
    roundings: { values: 4, gradients: 6 },
  },
  {
    key: "attentionForward",
    variants: ATTENTION,
    tuned: () => true,
    classes: { attentionForward: sides("forward") },
    proofs: Object.fromEntries(Object.entries(ATTENTIONS).map(([name, spec]) => [name, withoutGradient(spec)])),
    roundings: { values: 1, gradients: 1 },
  },
  {
    key: "attentionBackward",
    variants: ATTENTION,
    tuned: () => true,
    classes: { attentionBackward: sides("backward") },
    proofs: ATTENTIONS,
    // The result is read again on the way back.
    roundings: { values: 1, gradients: 2 },
  },
  {
    key: "rows",
    variants: ROWS,
    tuned: () => true,
    classes: {
      rows: {
        "rows of 64": (_, input) => layerNorm(input([BATCH * TOKENS, 64]), input([64]), input([64])),
        "rows of 384": (_, input) => layerNorm(input([BATCH * TOKENS, 384]), input([384]), input([384])),
        "few rows of 1000": (_, input) => crossEntropy(input([BATCH, 1000]), { targets: input([BATCH, 1000]) }).value,
      },
    },
    proofs: {
      "rows of 64": few(layerNormCase(260, 64)),
      "rows of 70": few(layerNormCase(37, 70)),
      "rows of 384": few(layerNormCase(70, 384)),
      ...LONG_ROWS,
    },
    roundings: { values: 1, gradients: 1 },
  },
];

/** Everything that a family is timed on. */
export const shapesOf = ({ classes }: Family): Shapes => Object.assign({}, ...Object.values(classes));

/** One variant for all classes of a family, small products too. */
export const everywhere = ({ classes }: Family, variant: string): Partial<Choice> =>
  Object.fromEntries(Object.keys(classes).map((key) => [key, variant]));

/** Variants of a family that an adapter can run. */
export const runnable = ({ variants }: Family, facts: AdapterFacts): string[] =>
  Object.keys(variants).filter((name) => variants[name].runs(facts));
