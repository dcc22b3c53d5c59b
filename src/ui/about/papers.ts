/**
 * The papers behind the methods: how they are cited, and how their sentences became settings. A clause is what the paper says, or leaves
 * open; a reading is what this program does about it, and why.
 */

export interface Reading {
  /** What the paper says, and where. */
  clause: string;
  /** The settings that follow it. */
  keys: readonly string[];
  reading: string;
}

export interface Paper {
  bibtex: string;
  readings: readonly Reading[];
}

const MASKEDKD: Paper = {
  bibtex: `@inproceedings{son2024masking,
  title     = {The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers},
  author    = {Son, Seungwoo and Ryu, Jegwang and Lee, Namhoon and Lee, Jaeho},
  booktitle = {European Conference on Computer Vision (ECCV)},
  year      = {2024}
}`,
  readings: [
    {
      clause: "Eq. 1: CE + λ KD, with λ = 1 and τ = 1",
      keys: ["maskedkd.lambda", "maskedkd.temperature"],
      reading: "KD is τ² KL(teacher ‖ student), a mean over the batch. The authors' code weighs both terms by one half: the same ratio.",
    },
    {
      clause: "Eq. 2: a softmax over the N patches",
      keys: ["softmaxOver"],
      reading:
        "The authors' code takes it over the class token and the patches, and averages heads afterwards, which can rank patches otherwise. The code's way is the default.",
    },
    {
      clause: "The k patches of highest score",
      keys: ["keep"],
      reading:
        "k is the share times N, rounded; equal scores go to the first patch. What the paper calls 75 % are 144 of 196 patches by its own PFLOPs.",
    },
    {
      clause: "Attention of the class token in the last block (Table 6)",
      keys: ["queries", "block"],
      reading: "The mean over patches as queries leaves the class token out on both sides.",
    },
    {
      clause: "Masking the student instead (Fig. 6)",
      keys: ["masked"],
      reading: "The paper does not say how its patches are chosen: here by the same rules, from a pass over the whole image.",
    },
    {
      clause: "DINO and random patches (Table 5)",
      keys: ["criterion"],
      reading: "In the second half of the run four fifths of k come from the guide and the rest at random from what is left.",
    },
    {
      clause: "Manifold distillation under a mask (Table 2)",
      keys: ["base", "manifold.draws", "labels"],
      reading:
        "Only tokens that both networks have are compared. The published run draws tokens for each layer anew and has no loss on labels.",
    },
    {
      clause: "Attention distillation of all layers with equal factors",
      keys: ["base", "attention.beta", "attention.heads"],
      reading:
        "The factor is not given: 1. Heads are aggregated as in its own paper; under a mask attention to common tokens is made to sum to 1.",
    },
    {
      clause: "A teacher with more patches (Table 7)",
      keys: ["patch", "side"],
      reading: "Scores are resized bilinearly with half-pixel centres; the paper says only that they are interpolated.",
    },
    {
      clause: "Light and heavy augmentation (App. A)",
      keys: ["augment", "crop", "operations", "mixup", "cutmix"],
      reading: "crop is the paper's light one; light here only shifts and mirrors, because pictures are small.",
    },
  ],
};

const YOLOS: Paper = {
  bibtex: MASKEDKD.bibtex,
  readings: [
    {
      clause: "YOLOS-B to YOLOS-Ti with “algorithms from ViDT” (App. J, Table 12)",
      keys: ["yolos.lambda"],
      reading:
        "Token matching: the mean distance of tokens after the last norm, of patches and of detection tokens, each with ViDT's weight 4. Widths differ, so a linear projection of the student's tokens is learned beside it and thrown away. ViDT's code takes a square root besides.",
    },
    {
      clause: "Which attention chooses the patches is not given",
      keys: ["queries", "block"],
      reading: "That of the detection tokens, a mean over them and the heads: the detector does not use its class token.",
    },
    {
      clause: "50 % masked",
      keys: ["keep"],
      reading: "Patches are compared where the teacher saw them; detection tokens always.",
    },
    {
      clause: "100 detection tokens, pre-trained on COCO",
      keys: ["detTokens", "noObject"],
      reading:
        "Pictures here have up to six objects: 16 tokens. Costs and weights of matching and losses are those of DETR, which YOLOS takes over.",
    },
  ],
};

const SAMKD: Paper = {
  bibtex: `@article{zhang_samkd,
  title  = {SAMKD: Spatial-aware Adaptive Masking Knowledge Distillation for Object Detection},
  author = {Zhang, Zhourui and Li, Jun and Li, Jiayan and Xu, Jianhua}
}`,
  readings: [
    {
      clause: "Eq. 1: φ is not defined",
      keys: ["samkd.phi"],
      reading:
        "With φ = identity attention never reaches the thresholds 1.00 and 1.05 of Table VI. Scaled to average 1 in each region, they lie about the mean.",
    },
    {
      clause: "Eq. 1: the squared features themselves",
      keys: ["samkd.unit"],
      reading:
        "They are measured against their mean in the image. As the equation stands, a teacher with strong features has almost everything erased.",
    },
    {
      clause: "Eqs. 1 and 2: τ is not given",
      keys: ["samkd.tau"],
      reading: "0.5, FGD's. At ω of channels 0.5 it does not matter: those with a positive mean are erased.",
    },
    {
      clause: "Eqs. 3 and 4: M = 0 where A reaches ω",
      keys: ["samkd.omegaS", "samkd.omegaC"],
      reading: "What the teacher attends to is erased. No gradient passes the mask.",
    },
    {
      clause: "Eqs. 5 to 7: Θ, θˢ and θᶜ are not described",
      keys: ["samkd.theta", "samkd.lambda", "samkd.mu"],
      reading: "Θ is a 1 x 1 convolution, θˢ two of 3 x 3 with ReLU (MGD's block), θᶜ the same of 1 x 1; one set for each pyramid level.",
    },
    {
      clause: "Eq. 8: Θ a second time",
      keys: ["samkd.reduction", "samkd.alpha"],
      reading:
        "Taken for a slip: what is regenerated has the teacher's channels already. Sums became means, so that the weight does not depend on a map's size.",
    },
    {
      clause: "Cells of the pyramid",
      keys: ["samkd.regions", "samkd.borders"],
      reading:
        "Regions are masked in place and convolved together; cut out, they differ at their borders alone. Levels with cells of less than two pixels are left out.",
    },
    {
      clause: "Eqs. 9 and 10: a sum over X²",
      keys: ["samkd.sld"],
      reading: "Taken for the mean over the pixels of a cell, as SDD's code pools. To the letter it would depend on the scale.",
    },
    {
      clause: "Eq. 11: the cosine of two maps",
      keys: ["samkd.difference", "samkd.projection", "samkd.detach"],
      reading: "Of all pixels and channels as one vector. Θ is the one that SFD trains; without SFD one that is trained for this alone.",
    },
    {
      clause: "Eq. 12: KL of class scores",
      keys: ["samkd.divergence", "samkd.temperature"],
      reading:
        "A softmax over classes, T = 1. These detectors are trained with a sigmoid for each class, for which bernoulli is the other choice.",
    },
    {
      clause: "Eq. 13: α = 2e-3, β = 6e-6",
      keys: ["weights", "samkd.alpha", "samkd.beta"],
      reading: "They belong to sums nobody has published. Here weights are measured by how hard each term pulls, unless you set them.",
    },
  ],
};

const MKD: Paper = {
  bibtex: `@inproceedings{lao2023masked,
  title     = {Masked Autoencoders Are Stronger Knowledge Distillers},
  author    = {Lao, Shanshan and Song, Guanglu and Liu, Boxiao and Liu, Yu and Yang, Yujiu},
  booktitle = {International Conference on Computer Vision (ICCV)},
  year      = {2023}
}`,
  readings: [
    {
      clause: "The main text",
      keys: [],
      reading:
        "Not at hand: of the paper this program follows the appendix and the abstract, and for the masked convolution, the alignment, the decoder and both losses what others noted of the main text.",
    },
    {
      clause: "Patches of the input are masked",
      keys: ["mkd.ratio", "mkd.patchPixels"],
      reading:
        "Their pixels are 0 after normalisation, the same number in every image. Every convolution's input is masked, and so is what the pyramid gets.",
    },
    {
      clause: "Statistics of normalisation",
      keys: ["mkd.statistics"],
      reading: "Of visible pixels, so that features are scaled alike in training and in tests. The paper does not say.",
    },
    {
      clause: "Objects under the mask",
      keys: ["mkd.leastVisible"],
      reading: "Those of which little is visible are neither to be found nor background. The paper does not say.",
    },
    {
      clause: "The decoder: transformer layers",
      keys: ["mkd.decoderDepth", "mkd.decoderWidth", "mkd.decoderHeads", "mkd.tokenPixels"],
      reading: "Depth and heads are not given. Two blocks of four heads, on a grid of H/32; wider than the small teachers here are.",
    },
    {
      clause: "L = L_task + λ L_feat + γ L_global",
      keys: ["weights", "mkd.lambda", "mkd.gamma", "mkd.area"],
      reading:
        "L_feat compares channels of mean 0 and deviation 1, as PKD does; L_global compares FGD's global context blocks. λ and γ are unknown: PKD's 10, and a γ that makes the second a tenth of the first; or measured. The loss covers the whole map, as the paper says.",
    },
    {
      clause: "One pass or two",
      keys: ["mkd.passes"],
      reading: "One: the masked image also teaches to detect, since the paper compares with cutout.",
    },
    {
      clause: "Cutout (appendix, Table 1)",
      keys: ["mkd.variant"],
      reading: "Whether features are imitated beside it is not said; both are there.",
    },
    {
      clause: "A loss on the encoder (appendix, Table 5)",
      keys: ["mkd.encoder", "mkd.mseWeight"],
      reading: "The backbone's maps at visible patches, through a 1 x 1 convolution.",
    },
  ],
};

const MAE: Paper = {
  bibtex: `@inproceedings{he2022masked,
  title     = {Masked Autoencoders Are Scalable Vision Learners},
  author    = {He, Kaiming and Chen, Xinlei and Xie, Saining and Li, Yanghao and Doll{\\'a}r, Piotr and Girshick, Ross},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2022}
}`,
  readings: [
    {
      clause: "Random patches are hidden, 75 % of them (section 3)",
      keys: ["mim.ratio"],
      reading: "The share times N, rounded, of every image, drawn anew in every step.",
    },
    {
      clause: "Normalised pixels as the target (Table 1d)",
      keys: ["mim.target"],
      reading: "By the mean and the unbiased deviation of each patch, as the authors' code has it.",
    },
    {
      clause: "A decoder of 8 blocks of width 512 (Table 1a, b)",
      keys: ["mim.decoderDepth", "mim.decoderWidth"],
      reading: "Far smaller here, as the encoder is. Positions are fixed sines and cosines in both.",
    },
    {
      clause: "SparK (Tian et al., ICLR 2023): sparse convolutions and norms of what is seen",
      keys: ["backbone", "patch"],
      reading:
        "Dense ones that read zeros in place of what is hidden; norms measure visible cells alone. The decoder doubles by transposed convolutions of 2 x 2.",
    },
  ],
};

const G2SD: Paper = {
  bibtex: `@inproceedings{huang2023generic,
  title     = {Generic-to-Specific Distillation of Masked Autoencoders},
  author    = {Huang, Wei and Peng, Zhiliang and Dong, Li and Wei, Furu and Jiao, Jianbin and Ye, Qixiang},
  booktitle = {IEEE/CVF Conference on Computer Vision and Pattern Recognition (CVPR)},
  year      = {2023}
}`,
  readings: [
    {
      clause: "The student's decoder predicts the features of the teacher's (first stage)",
      keys: ["g2sd.tokens"],
      reading: "Of all tokens, as the authors' script has it; their code can leave it at hidden patches.",
    },
    {
      clause: "Features of the teacher's decoder after block 4 of 8",
      keys: ["g2sd.layer"],
      reading: "After half of its blocks, rounded up, or after all.",
    },
  ],
};

/** By method; those that are not here are baselines with papers of their own. */
const PAPERS: Readonly<Record<string, Paper>> = {
  maskedkd: MASKEDKD,
  segmenter: MASKEDKD,
  yolos: YOLOS,
  ast: MASKEDKD,
  dino: MASKEDKD,
  samkd: SAMKD,
  mkd: MKD,
  mim: MAE,
  g2sd: G2SD,
};

export const paperOf = (method: string): Paper | undefined => PAPERS[method];

/** This program, at the version that is running. */
export const projectBibtex = (version: string, url: string): string => `@software{masked_distillation_playground,
  title   = {Masked Distillation Playground},
  version = {${version}},
  url     = {${url}}
}`;
