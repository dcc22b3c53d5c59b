/** Claims of SAMKD (Zhang et al.) and MKD (Lao et al., ICCV 2023), with the methods they are compared with. */
import { type Claim, over, type Study } from "../claims";

const ALONE = "preset=fitnet teacher=none";
const SAMKD = "preset=samkd";
const MKD = "preset=mkd mkd.ratio=0.1";
const TRAINING = "lr=0.002 decay=0.02";
const INSTRUMENT: Study["instrument"] = { of: "preset=fitnet", over: ALONE, score: "map", least: 3 };

/** One method against another: in the mean average precision of detectors. */
const better = (id: string, title: string, paper: string, first: string, second: string): Claim => ({
  ...{ id, title, paper, summands: over(first, second, "map"), claimed: 1, unit: "points" },
});

/** What both papers claim first of all, and what stands behind it: is it the mask, or is it imitation? */
const MAIN: readonly Claim[] = [
  better("21a", "SAMKD teaches a student more than it learns alone", "42.1 against 39.6 (SAMKD, Table I)", SAMKD, ALONE),
  better("31", "MKD teaches a student more than it learns alone", "41.4 against 37.1 (MKD, appendix Table 1: RetinaNet)", MKD, ALONE),
  better("32b", "MKD is better than FitNet", "41.4 against 39.9 (MKD, appendix Table 1: RetinaNet)", MKD, "preset=fitnet"),
  better("21d", "SAMKD is better than MGD", "42.1 against 40.3 (SAMKD, Table I)", SAMKD, "preset=mgd"),
  better("32c", "MKD is better than MGD", "41.4 against 41.2 (MKD, appendix Table 1: RetinaNet)", MKD, "preset=mgd"),
];

export const studies: readonly Study[] = [
  {
    name: "objects-short",
    about: "Scenes-Detection: 1,000 images of 128 pixels, 12 epochs in a quarter of those steps; GFL on a ResNet of width 12",
    base: `data=scenes:1000,400 ${TRAINING} steps=1500 evaluate=500`,
    seeds: 3,
    tuned: [101, 102],
    instrument: INSTRUMENT,
    claims: MAIN,
  },
  {
    name: "objects",
    about:
      "Scenes-Detection: 4,000 images of 128 pixels; GFL on a ResNet of width 12. Weights of the terms as calibrated, alike for all methods",
    base: `${TRAINING} steps=6000 evaluate=1000`,
    seeds: 5,
    tuned: [101, 102],
    instrument: INSTRUMENT,
    claims: [
      ...MAIN,
      better(
        "32a",
        "Regenerating what was cut out is better than cutting out",
        "41.4 against 39.6 (appendix Table 1; read as a mask without a teacher)",
        MKD,
        "preset=mkd mkd.variant=cutout mkd.ratio=0.1",
      ),
      better("21b", "SAMKD is better than DMKD", "42.1 against 41.8 (SAMKD, Table I)", SAMKD, "preset=dmkd"),
      better("21c", "SAMKD is better than FreeKD", "42.1 against 41.4 (SAMKD, Table I)", SAMKD, "preset=freekd"),
      better("21e", "SAMKD is better than FGD", "42.1 against 40.1 (SAMKD, Table I)", SAMKD, "preset=fgd"),
      better("25a", "SAMKD's two parts are better than features alone", "42.3 against 42.2 (Table II)", SAMKD, `${SAMKD} samkd.sld=off`),
      better("25b", "SAMKD's two parts are better than logits alone", "42.3 against 42.0 (Table II)", SAMKD, `${SAMKD} samkd.sfd=off`),
      better("26", "Three scales are better than the whole map alone", "42.3 against 41.9 (Table III)", SAMKD, `${SAMKD} samkd.regions=1`),
      better(
        "27",
        "Logits by region are better than place by place",
        "42.0 against 41.8 (Table IV)",
        `${SAMKD} samkd.sfd=off`,
        "preset=logit",
      ),
      better(
        "28",
        "λ 0.45 is better than 0.65",
        "42.3 against 42.1 (Table V)",
        `${SAMKD} samkd.lambda=0.45 samkd.mu=0.55`,
        `${SAMKD} samkd.lambda=0.65 samkd.mu=0.35`,
      ),
      better("29", "ωᶜ 0.5 is better than 0.45", "42.3 against 42.1 (Table VI)", SAMKD, `${SAMKD} samkd.omegaC=0.45`),
      better(
        "33",
        "MKD is better than vanilla distillation",
        "37.3 against 35.9 (appendix Table 2: ResNet-18)",
        "preset=mkd",
        "preset=mkd mkd.variant=vanilla",
      ),
      better(
        "36",
        "MKD is better without a loss on its encoder",
        "41.1 against 40.8 (appendix Table 5)",
        "preset=mkd",
        "preset=mkd mkd.encoder=on",
      ),
    ],
  },
];
