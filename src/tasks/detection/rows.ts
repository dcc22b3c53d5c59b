/**
 * Rows of the papers' tables as settings: SAMKD's Tables II to VI and Fig. 4, and appendix tables 1 to 5 of MKD. The papers train on
 * COCO with far larger networks; a row here is the same comparison with those at hand. `paper` is the mAP that is printed, in %.
 */
import { type Row, tableRows as table } from "../../settings/recipes";

const SAMKD = { preset: "samkd", detector: "gfl" };
const SCALES: [sides: string, paper: number][] = [
  ["1", 41.9],
  ["2", 41.9],
  ["4", 42.0],
  ["1+2", 42.0],
  ["1+4", 42.1],
  ["2+4", 42.2],
  ["1+2+4", 42.3],
];
/** In %, as numbers that are exact: 100 times 0.55 is not 55. */
const SHARES: [lambda: number, paper: number][] = [
  [35, 42.2],
  [45, 42.3],
  [55, 42.2],
  [65, 42.1],
];
const PUBLISHED = { "samkd.reduction": "literal", weights: "given", "samkd.alpha": 2e-3, "samkd.beta": 6e-6 };

const MKD = { preset: "mkd", detector: "retinanet" };
const ALONE = { teacher: "none" };

export const ROWS: Readonly<Record<string, Row>> = {
  ...table("samkd-II", "SAMKD, Table II: its two parts", SAMKD, {
    sfd: ["SFD alone", 42.2, { "samkd.sld": "off" }],
    sld: ["SLD alone", 42.0, { "samkd.sfd": "off" }],
    both: ["both", 42.3],
  }),
  ...table(
    "samkd-III",
    "SAMKD, Table III: scales of regions",
    SAMKD,
    Object.fromEntries(SCALES.map(([sides, paper]) => [sides.replaceAll("+", "-"), [sides, paper, { "samkd.regions": sides }]])),
  ),
  ...table(
    "samkd-IV",
    "SAMKD, Table IV: logits",
    {},
    {
      ld: ["conventional, place by place", 41.8, { ...SAMKD, preset: "logit" }],
      sld: ["SLD", 42.0, { ...SAMKD, "samkd.sfd": "off" }],
    },
  ),
  ...table(
    "samkd-V",
    "SAMKD, Table V: shares λ and μ",
    SAMKD,
    Object.fromEntries(
      SHARES.map(([percent, paper]) => {
        const [lambda, mu] = [percent / 100, (100 - percent) / 100];
        return [`${percent}`, [`λ ${lambda}, μ ${mu}`, paper, { "samkd.lambda": lambda, "samkd.mu": mu }]];
      }),
    ),
  ),
  ...table("samkd-VI", "SAMKD, Table VI: thresholds", SAMKD, {
    s95: ["ωˢ 0.95, ωᶜ 0.50", 42.3, { "samkd.omegaS": 0.95 }],
    s100: ["ωˢ 1.00", 42.3, { "samkd.omegaS": 1 }],
    s105: ["ωˢ 1.05", 42.2, { "samkd.omegaS": 1.05 }],
    c45: ["ωᶜ 0.45", 42.1, { "samkd.omegaC": 0.45 }],
    c55: ["ωᶜ 0.55", 42.2, { "samkd.omegaC": 0.55 }],
  }),
  ...table(
    "samkd-F4",
    "SAMKD, Fig. 4: weights α and β of literal sums",
    { ...SAMKD, ...PUBLISHED },
    {
      best: ["α 0.002, β 0.000006, the figure's best", 42.3],
    },
  ),
  ...table(
    "mkd-A1",
    "MKD, appendix Table 1: methods",
    {},
    {
      alone: ["without distillation", 37.1, { ...MKD, ...ALONE }],
      r10: ["MKD, mask 0.1", 41.4, { ...MKD, "mkd.ratio": 0.1 }],
      r20: ["MKD, mask 0.2", 41.6, { ...MKD, "mkd.ratio": 0.2 }],
      r30: ["MKD, mask 0.3", 41.7, { ...MKD, "mkd.ratio": 0.3 }],
      cutout: ["cutout 0.1, read as mask without distillation", 39.6, { ...MKD, "mkd.variant": "cutout", "mkd.ratio": 0.1 }],
      fitnet: ["FitNet", 39.9, { ...MKD, preset: "fitnet" }],
      fgd: ["FGD", 41.0, { ...MKD, preset: "fgd" }],
      mgd: ["MGD", 41.2, { ...MKD, preset: "mgd" }],
    },
  ),
  ...table("mkd-A2", "MKD, appendix Table 2: a small student", MKD, {
    alone: ["without distillation", 33.4, ALONE],
    self: ["MIM*: give the student, trained alone, as its own teacher", 34.1],
    kd: ["vanilla KD", 35.9, { "mkd.variant": "vanilla" }],
    mkd: ["MKD", 37.3],
  }),
  ...table(
    "mkd-A3",
    "MKD, appendix Table 3: on ViTDet",
    { ...MKD, backbone: "vitdet" },
    {
      alone: ["without distillation", 47.2, ALONE],
      kd: ["vanilla KD", 48.4, { "mkd.variant": "vanilla" }],
      mgd: ["MGD", 49.2, { preset: "mgd" }],
      mkd: ["MKD", 50.3],
    },
  ),
  ...table("mkd-A4", "MKD, appendix Table 4: patches and tokens", MKD, {
    "32-32": ["patches of 32, tokens of 32 pixels", 39.9, { "mkd.patchPixels": "32", "mkd.tokenPixels": "32" }],
    "32-64": ["patches of 32, tokens of 64 pixels", 39.8, { "mkd.patchPixels": "32", "mkd.tokenPixels": "64" }],
    "64-64": ["patches of 64, tokens of 64 pixels", 39.7, { "mkd.patchPixels": "64", "mkd.tokenPixels": "64" }],
  }),
  ...table("mkd-A5", "MKD, appendix Table 5: a loss on the encoder", MKD, {
    alone: ["without distillation", 37.4, ALONE],
    without: ["without L_MSE", 41.1, { "mkd.encoder": "off" }],
    with: ["with L_MSE", 40.8, { "mkd.encoder": "on" }],
  }),
};
