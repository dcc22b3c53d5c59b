/**
 * What proves the kernels that have no variants, by their file in `shaders/`: small cases of the ops' own tests, which between them launch
 * every entry point. `families.ts` has those that have variants, `train/optimizer.proofs.ts` the optimizer's.
 */
import * as augment from "./cases/augment";
import { boxMasksCase } from "./cases/boxmasks";
import { placeTokensCase, positionedCase, shuffleCase, weighCase } from "./cases/cells";
import { batchNormCase, groupNormCase, standardiseCase } from "./cases/channelnorm";
import { addToAllCase, gateCase, weightedSumCase } from "./cases/context";
import { decoupledCase, disagreementCase } from "./cases/decoupling";
import * as detection from "./cases/detection";
import { dropPathCase } from "./cases/droppath";
import { cosineCase, divergenceCase, errorCase, mixCase, rowDistanceCase } from "./cases/features";
import { copiedBlocksCase, multipliedCase, sumOfPartsCase } from "./cases/gradients";
import { groupConvCase } from "./cases/groupconv";
import { haarCase, promptWeightsCase } from "./cases/haar";
import { fromBytesCase } from "./cases/images";
import { jitterCase } from "./cases/jitter";
import { layerScaleCase } from "./cases/layerscale";
import { crossEntropyCase, distillationCase, meanCase, sumCase } from "./cases/losses";
import { maskCellsCase, scaleCase, sumsCase, upsampleCase } from "./cases/maps";
import { mergeCase } from "./cases/merge";
import { maxPoolCase } from "./cases/pool";
import { positionsCase } from "./cases/positions";
import { diceCase, maskedInverseCase, maskedLowCase, promptMasksCase } from "./cases/prompts";
import * as regions from "./cases/regions";
import { attentionLogitsCase, gramCase, unitRowsCase } from "./cases/relations";
import { relativeCase } from "./cases/relative";
import { resizeCase } from "./cases/resize";
import { saliencyCase } from "./cases/saliency";
import * as segmentation from "./cases/segmentation";
import { gatherCase, promoteCase, randomCase, topkCase } from "./cases/select";
import { blendCase, probabilitiesCase, viewLossCase } from "./cases/selfDistillation";
import { setLossCase } from "./cases/setPrediction";
import { softmaxCase } from "./cases/softmax";
import { specAugmentCase } from "./cases/specaugment";
import { headScoresCase, headSumsCase, prependCase, TALKING, talkCase } from "./cases/talking";
import { tokenMeanCase } from "./cases/tokenmean";
import { assembleCase, patchifyCase } from "./cases/tokens";
import { activatedCase } from "./cases/variants";
import { NOWHERE } from "./copyblocks";
import type { Check } from "./evidence";

const MAP = [2, 5, 7, 3];
const EVEN_MAP = [2, 8, 8, 4];
const SIDES = [1, 2, 4];
const IMAGES = { batch: 12, channels: 3, side: 8 };
const TOKENS = {
  batch: 3,
  channels: 2,
  image: 9,
  patch: 3,
  width: 5,
  keep: [
    [8, 2, 7],
    [1, 2, 0],
    [4, 3, 8],
  ],
  distilled: true,
};

/** WGSL lets sines and cosines be wrong by 2^-11, and some adapters are. */
const bySines = (spec: Check): Check => ({ ...spec, tolerance: 4 * 2 ** -11 });

export const PROOFS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  attention: {
    saliency: saliencyCase({ queries: "patches" }, { lead: 1 }),
    "saliency by Eq. 2": saliencyCase({ reading: "eq2" }, { lead: 2 }),
  },
  augment: {
    "shift and mirror": augment.shiftCase(5, 2, 9),
    "RandAugment, basic": bySines(augment.randAugmentCase("basic", 9, { batch: 24, channels: 3, side: 7 })),
    "RandAugment, full": bySines(augment.randAugmentCase("full", 9, { batch: 30, channels: 3, side: 12 })),
    mixup: augment.mixPairsCase(),
    "mixed targets": augment.mixedTargetsCase(),
  },
  batchnorm: {
    training: batchNormCase([3, 4, 5, 6], true, true),
    frozen: batchNormCase([3, 4, 5, 6], false, false),
    standardise: standardiseCase([2, 5, 7, 3], true),
  },
  boxmasks: { masks: boxMasksCase([5, 7], 100) },
  cells: {
    tokens: bySines(placeTokensCase([2, 3, 3, 8], 3)),
    places: bySines(positionedCase([2, 3, 2, 8])),
    shuffle: shuffleCase([1, 2, 3, 45], 3),
    weights: weighCase("erased"),
  },
  context: { pool: weightedSumCase(MAP), add: addToAllCase(MAP), gates: gateCase(MAP) },
  crop: {
    crop: augment.cropCase({ ...IMAGES, least: 0.08, shape: 4 / 3 }),
    erase: bySines(augment.erasingCase({ batch: 21, channels: 1, side: 7 })),
  },
  decoupling: {
    target: decoupledCase("target", 4, 2),
    others: decoupledCase("others", 1, 4),
    disagreement: disagreementCase(),
  },
  detection: {
    focal: detection.focalCase(),
    "quality focal": detection.qualityFocalCase("deltas"),
    centerness: detection.centernessCase(),
    IoU: detection.boxLossCase("distances", "iou"),
    GIoU: detection.weightedBoxCase(),
    "distribution focal": detection.distributionCase(),
    deltas: detection.deltaCase(),
  },
  droppath: { branches: dropPathCase(0.5) },
  elementwise: {
    "sum of parts": sumOfPartsCase(7, 130),
    "sum of gradients": sumsCase(MAP),
    multiple: multipliedCase(5, 7),
    "blocks that are copied": copiedBlocksCase([2, NOWHERE, 0, 1]),
  },
  features: {
    errors: errorCase("smooth", 2),
    distances: rowDistanceCase(MAP),
    mixtures: mixCase(40, 3),
    cosine: cosineCase([2, 3, 7]),
    divergence: divergenceCase([2, 7, 15], { kind: "softmax", classes: 5, T: 2 }),
    "divergence of coins": divergenceCase([5, 6], { kind: "bernoulli", classes: 6, T: 1 }),
  },
  gemm: { "activation alone": activatedCase({ m: 9, n: 5, k: 6 }) },
  groupconv: { convolution: groupConvCase({ x: [2, 6, 7, 8], out: 16, groups: 2, kernel: [3, 3], stride: 2 }) },
  groupnorm: { norm: groupNormCase([2, 9, 9, 16], 2, true) },
  haar: { bands: haarCase([1, 5, 7, 4]), prompts: promptWeightsCase([2, 8, 8, 3]) },
  images: { bytes: fromBytesCase([3, 3, 5, 3]) },
  jitter: { colours: jitterCase([24, 3, 5, 5], 1, 0.2) },
  layerscale: { scale: layerScaleCase(75, 5) },
  losses: {
    "cross-entropy": crossEntropyCase(5, 10, 0.1),
    distillation: distillationCase(5, 10, 4),
    mean: meanCase([2, 9, 401]),
    sum: sumCase([3, 4, 5]),
  },
  maps: {
    sums: sumsCase(MAP),
    scale: scaleCase(MAP),
    cells: maskCellsCase([3, 5, 7, 2], [2, 3]),
    nearest: upsampleCase("nearest", MAP, [9, 8]),
    bilinear: upsampleCase("bilinear", MAP, [9, 8]),
  },
  pool: { max: maxPoolCase(EVEN_MAP) },
  positions: { bicubic: positionsCase(8, 6, 3) },
  prepend: { rows: prependCase() },
  prompts: {
    masks: promptMasksCase(MAP, "details"),
    "masks of the low band": promptMasksCase(MAP, "low"),
    "low band": maskedLowCase(MAP),
    inverse: maskedInverseCase(MAP),
    Dice: diceCase(5),
  },
  random: { uniform: randomCase(3, 41) },
  regions: {
    "Eq. 1": regions.spatialCase(EVEN_MAP, SIDES, "mean"),
    "Eq. 1, softmax": regions.spatialCase(MAP, [1, 2], "softmax"),
    "Eq. 2": regions.channelCase(EVEN_MAP, SIDES),
    means: regions.regionMeansCase(EVEN_MAP, SIDES, true),
    "means of pixels": regions.pixelMeansCase(MAP),
    mask: regions.eraseMaskCase(),
    erasing: regions.eraseCase(EVEN_MAP, SIDES, false),
    "erasing channels": regions.eraseCase(MAP, [1, 2], true),
    seams: regions.closeSeamsCase(EVEN_MAP, SIDES),
  },
  relative: { attention: relativeCase({ batch: 2, heads: 2, dim: 4, side: 4, window: 2 }) },
  relations: {
    "unit rows": unitRowsCase(7, 66),
    Gram: gramCase(6, 3, true),
    "attention logits": attentionLogitsCase(),
  },
  resize: { bilinear: resizeCase([2, 3, 4, 5], [7, 8]) },
  segmentation: {
    "cross-entropy": segmentation.pixelCrossEntropyCase([2, 3, 5, 4], (i) => i % 3 === 0),
    argmax: segmentation.argmaxCase(),
    range: segmentation.tokenRangeCase(2, 7, 2, 3, 4),
    append: segmentation.appendTokensCase(),
    products: segmentation.rowProductsCase(3, 16, 8, 33),
  },
  select: {
    "highest k": topkCase(5, 196, 98, "top"),
    "partly at random": promoteCase(5, 20, 7, 3),
    gather: gatherCase([2, 3, 5, 4], [2, 2, 2, 2, 2, 0, 1, 0, 1, 0], true),
  },
  selfdistill: { views: viewLossCase(8), probabilities: probabilitiesCase(), "running means": blendCase() },
  setprediction: { classes: setLossCase("ce"), boxes: setLossCase("l1"), overlaps: setLossCase("giou") },
  softmax: { softmax: softmaxCase("softmax", [2, 3, 10]), logarithm: softmaxCase("logSoftmax", [130, 4]) },
  specaugment: { masks: specAugmentCase(4, 6) },
  talking: { scores: headScoresCase(TALKING[1]), sums: headSumsCase(TALKING[1]), talk: talkCase(TALKING[2]) },
  tokenmean: { mean: tokenMeanCase(1, 4) },
  tokens: { patchify: patchifyCase(TOKENS), assemble: assembleCase(TOKENS) },
  tome: { merge: mergeCase() },
};
