/**
 * MKD: patches of the student's input are erased, and from its features of the rest a decoder regenerates the teacher's
 * features of the whole image. Nothing passes between erased and visible patches on the way (masked convolution).
 *
 * Lao et al., "Masked Autoencoders Are Stronger Knowledge Distillers", ICCV 2023. No code is public: this is a
 * reconstruction, from the paper's appendix and abstract and, for the masked convolution, SAM, the decoder, SRM and both losses, from
 * a third party's notes on the main text. Depth, heads and positions of the decoder, the convolutions that align, the normalisation of L_feat and the
 * weights are readings; what the text leaves open otherwise is a knob.
 */
import type { Tensor } from "../../engine/graph";
import { stageChannels } from "../../models/detector/kinds";
import { weigh } from "../../ops/cells";
import { standardise } from "../../ops/channelnorm";
import { errorLoss } from "../../ops/features";
import type { Loss } from "../../ops/losses";
import { upsampleNearest } from "../../ops/maps";
import { absolutePixelMeans } from "../../ops/regions";
import { hidden, hide, randomScores } from "../../ops/select";
import { choice, number } from "../../settings/setting";
import type { LiveOf, View } from "../method";
import { type Decoder, decoderModules, regenerate } from "./decoder";
import { gcBlock, gcModules } from "./gcblock";
import { weight } from "./knobs";
import { align, alignModules, forLevels, type Pair, pairs, total } from "./levels";
import type { ContextOf, DetectionMethod, Dimensions } from "./method";
import { layer, type Modules } from "./modules";
import { erased, FEATURES, regenerationError } from "./views";

const knobs = {
  variant: choice({
    label: "Variant",
    help: "mkd: mask the student's input, regenerate the teacher's features. vanilla: neither mask nor decoder. cutout: mask, no distillation. cutout+fitnet: mask, plain imitation of features. With a frozen copy of the student as teacher, mkd is the paper's self-distillation.",
    ...{ default: "mkd", options: ["mkd", "vanilla", "cutout", "cutout+fitnet"], when: "live", records: true, group: "method" },
  }),
  ratio: number({
    label: "Erased share r",
    help: "Share of each image's patches hidden from the student, the same number in every image. The paper's best is 0.3 in long runs.",
    ...{ default: 0.3, min: 0, max: 0.75, when: "live", group: "mask", essential: true },
  }),
  leastVisible: number({
    label: "Least visible share",
    help: "Objects of which less is visible are ignored: they are neither to be found nor background. 0: all are to be found. The paper does not say.",
    ...{ default: 0.3, min: 0, max: 1, before: 0, when: "live", group: "mask" },
  }),
  patchPixels: choice({
    label: "Patch size s",
    help: "Side of a hidden patch in pixels. The share of patches that is hidden is the nearest to r there is: of four, a quarter or a half. With 16, maps coarser than that look at the patch in the upper left of each cell.",
    ...{ default: "32", options: ["64", "32", "16"], when: "live", records: true, group: "mask" },
  }),
  statistics: choice({
    label: "Statistics",
    help: "What the student's normalisation layers measure. visible: visible pixels alone, so that features are scaled alike in training and in tests, where everything is visible. all: erased pixels count too; zeros among them make the rest larger than in tests.",
    ...{ default: "visible", options: ["all", "visible"], when: "live", records: true, group: "mask" },
  }),
  area: choice({
    label: "Loss over",
    help: "full: the whole map, visible and erased, as in the paper. erased: only what was hidden.",
    ...{ default: "full", options: ["full", "erased"], when: "live", records: true, group: "loss" },
  }),
  passes: choice({
    label: "Student passes",
    help: "one: the masked image also teaches to detect. two: detection learns from a second pass of the whole image, at twice the cost.",
    ...{ default: "one", options: ["one", "two"], when: "live", records: true, group: "method" },
  }),
  tokenPixels: choice({
    label: "Token size",
    help: "Pixels of the input along a token's side in the decoder: 32 is a grid of H/32.",
    ...{ default: "32", options: ["64", "32", "16"], when: "next", group: "method" },
  }),
  decoderDepth: choice({
    label: "Decoder blocks",
    help: "Transformer blocks that regenerate features, shared by all levels. The paper does not say how many.",
    ...{ default: "2", options: ["1", "2", "4"], when: "next", group: "method" },
  }),
  decoderWidth: choice({
    label: "Decoder width",
    help: "Channels of a token. One token has to spread over all pixels it stands for: at stride 8, 4 x 4 of them in all the teacher's channels. teacher: as many as its maps have, which are few here; the paper's have 256.",
    ...{ default: "64", options: ["64", "128", "256", "teacher"], before: "teacher", when: "next", group: "method" },
  }),
  decoderHeads: choice({
    label: "Decoder heads",
    help: "Attention heads of each of these blocks.",
    ...{ default: "4", options: ["1", "2", "4", "8"], when: "next", group: "method" },
  }),
  encoder: choice({
    label: "Loss on the encoder (L_MSE)",
    help: "on: the backbone's C3 to C5 also imitate the teacher's, at visible patches (the paper's ablation).",
    ...{ default: "off", options: ["off", "on"], when: "next", group: "loss" },
  }),
  lambda: weight("Feature weight λ", 10, "Weight of L_feat, 1 - r for each level. The paper's is unknown; 10 is PKD's."),
  gamma: weight(
    "Global weight γ",
    0.5,
    "Weight of L_global, how pixels relate, as a mean. The paper's is unknown; at first L_global is twice L_feat, and this makes it a tenth of λ L_feat.",
  ),
  mseWeight: weight("Encoder weight", 1, "Weight of L_MSE, where it is on. Never calibrated: it does not reach the pyramid."),
};
type Knobs = typeof knobs;

/** Keeps these draws apart from others of the same seed. */
const STREAM = 0x400;

export const mkd: DetectionMethod<Knobs> = {
  name: "mkd",
  label: "MKD",
  paper: "Lao et al., Masked Autoencoders Are Stronger Knowledge Distillers, ICCV 2023",
  about:
    "Patches of the student's input are hidden, and a decoder regenerates the teacher's features from the rest. A reconstruction: the authors' code is not public.",
  regenerates: true,
  knobs,
  terms: {
    feature: { label: "L_feat", kind: "feature", weight: "lambda", paper: "unknown" },
    global: { label: "L_global", kind: "feature", weight: "gamma", paper: "unknown" },
    encoder: { label: "L_MSE", kind: "feature", weight: "mseWeight", paper: "unknown" },
  },
  views: {
    "visible.input": { ...erased(), label: "Hidden from the student", of: "input" },
    visible: { ...erased("level"), label: "Hidden on this level" },
    ...FEATURES,
    masked: {
      kind: "heat",
      label: "Student's features of the rest",
      note: "mean |F|, as the decoder gets them",
      unit: "mean |F|",
      axes: ["level"],
    },
    regenerated: { kind: "heat", label: "Regenerated", note: "mean |F|, by the decoder", unit: "mean |F|", axes: ["level"] },
    error: { ...regenerationError("visible", "level"), accumulate: "mean" },
  },
  modules: (student, teacher, { encoder, ...choices }) => ({
    ...alignModules(student, teacher),
    ...decoderModules(teacher, decoderOf(choices)),
    ...forLevels(teacher, (l) => ({ ...gcModules(`student.${l}`, teacher.channels), ...gcModules(`teacher.${l}`, teacher.channels) })),
    ...(encoder === "on" && encoderModules(student, teacher)),
  }),
  conflicts(image, { variant, patchPixels, tokenPixels }) {
    const patches = variant === "vanilla" ? undefined : uncut(image, patchPixels);
    const tokens = uncut(image, tokenPixels);
    return { ...(patches && { patchPixels: patches }), ...(tokens && { tokenPixels: tokens }) };
  },
  visible({ graph, batch, image, knobs, random }) {
    if (knobs.variant === "vanilla") return undefined;
    const side = image / Number(knobs.patchPixels);
    const draws = randomScores(graph, [batch, side * side], { ...random, stream: STREAM });
    const cells = hide(draws, knobs.ratio).reshape([batch, side, side]);
    return { cells, visibleStatistics: knobs.statistics === "visible", passes: knobs.passes };
  },
  hidden({ batch, image, knobs, random: { seed, step } }) {
    if (knobs.variant === "vanilla") return undefined;
    const side = image / Number(knobs.patchPixels);
    const cells = hidden([batch, side * side], knobs.ratio.value, { seed, stream: STREAM, step: step.value });
    return { cells, side, least: knobs.passes === "one" ? knobs.leastVisible.value : 0 };
  },
  losses(context) {
    const { visible, knobs } = context;
    const views = visible ? visibleViews(context, visible) : [];
    if (knobs.variant === "cutout") return { losses: {}, views };
    const levels = pairs(context).map((pair) => compared(context, pair));
    const global = levels.flatMap(({ global }) => global ?? []);
    return {
      losses: {
        feature: total(levels.map(({ feature }) => feature)),
        ...(global.length && { global: total(global) }),
        ...(knobs.encoder === "on" && { encoder: encoderLoss(context) }),
      },
      views: [...views, ...levels.flatMap(({ views }) => views)],
    };
  },
};

type DecoderKnobs = Pick<LiveOf<Knobs>, "tokenPixels" | "decoderDepth" | "decoderHeads" | "decoderWidth">;

function decoderOf({ tokenPixels, decoderDepth, decoderHeads, decoderWidth }: DecoderKnobs): Decoder {
  const width = decoderWidth === "teacher" ? undefined : Number(decoderWidth);
  return { token: Number(tokenPixels), depth: Number(decoderDepth), heads: Number(decoderHeads), width };
}

/** Why an image cannot be cut into squares of so many pixels, several a side. */
function uncut(image: number, pixels: string): string | undefined {
  const side = image / Number(pixels);
  return Number.isInteger(side) && side > 1
    ? undefined
    : `Images of ${image} pixels are no grid of squares of ${pixels}. Use smaller ones.`;
}

/** One level: L_feat = 1 / 2N |norm(F^T) - norm(F^S)|^2, and in MKD itself L_global, the same of R(norm(F)). */
function compared(context: ContextOf<Knobs>, { level, student, teacher }: Pair): { feature: Loss; global?: Loss; views: View[] } {
  const { knobs, modules, visible } = context;
  const masked = knobs.variant === "mkd" ? visible : undefined;
  const { image } = context.student.config;
  const rebuilt = masked ? regenerate(modules, student, { level, image, visible: masked, decoder: decoderOf(knobs) }) : student;
  const plain = knobs.variant === "cutout+fitnet";
  const [own, target] = plain ? [rebuilt, teacher] : [rebuilt, teacher].map((x) => standardise(x, { unbiased: false }));
  const rows = visible && knobs.area === "erased" ? weigh(cellsAt(visible, teacher), "erased") : undefined;
  const feature = errorLoss(own, target, { rows, scale: (plain ? 1 : 0.5) / teacher.size });
  const related = (x: Tensor, who: "student" | "teacher") => gcBlock(modules, `${who}.${level}`, x);
  const global = masked && errorLoss(related(own, "student"), related(target, "teacher"), { scale: 1 / teacher.size });
  const views = [
    { view: "regenerated", at: { level }, tensor: absolutePixelMeans(rebuilt.detach(), 1) },
    { view: "error", at: { level }, tensor: feature.rows.reshape(teacher.shape.slice(0, 3)) },
  ];
  return { feature, global, views };
}

function visibleViews({ student }: ContextOf<Knobs>, visible: Tensor): View[] {
  const levels = student.pyramid.flatMap((x, level) => [
    { view: "visible", at: { level }, tensor: cellsAt(visible, x) },
    { view: "masked", at: { level }, tensor: absolutePixelMeans(x.detach(), 1) },
  ]);
  return [{ view: "visible.input", at: {}, tensor: visible }, ...levels];
}

/** The mask [B, gh, gw] at the pixels of a map: [B, H, W]. */
function cellsAt(visible: Tensor, { shape: [batch, height, width] }: Tensor): Tensor {
  return upsampleNearest(visible.reshape([...visible.shape, 1]), [height, width]).reshape([batch, height, width]);
}

/** Theta of C3 to C5, where the backbones differ in width. */
function encoderModules(student: Dimensions, teacher: Dimensions): Modules {
  const [own, target] = [student, teacher].map((config) => stageChannels(config).slice(1));
  return Object.assign({}, ...own.map((channels, s) => (channels === target[s] ? {} : layer(`encoder.${s}`, channels, target[s]))));
}

/** L_MSE = sum m (Theta(C^S) - C^T)^2 / sum m, a mean over visible pixels and channels, of C3 to C5. */
function encoderLoss({ student, teacher, modules, visible }: ContextOf<Knobs>): Loss {
  return total(
    teacher.stages.map((target, s) => {
      const rows = visible && weigh(cellsAt(visible, target), "visible");
      return errorLoss(align(modules, `encoder.${s}`, student.stages[s]), target, { rows, scale: 1 / target.size });
    }),
  );
}
