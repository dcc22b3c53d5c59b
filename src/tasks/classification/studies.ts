/** MaskedKD's claims (Son et al., "The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers"). */
import { type Claim, over, type Study } from "../claims";

const TOP1 = "student_top1";
const HALF = "keep=0.5";
/** As it was published, and as the paper takes it over: no loss on labels, tokens drawn for each layer. */
const MANIFOLD = "base=manifold labels=0 manifold.draws=per-layer";
/** Shares of a run at its first test and at its last before the end. Losses there are means of the steps since the test before. */
const [EARLY, LATE] = [1 / 6, 5 / 6];
/** A student nearer to its teacher's size. */
const LARGER = "width=64 depth=4 heads=4";

/** The masks of figures, by name. */
const MASKS = [
  ["every patch", "keep=1"],
  ["half, chosen by the student", HALF],
  ["half, at random", `${HALF} criterion=random`],
  ["half, attended to least", `${HALF} criterion=bottom`],
] as const;

/** Lost at most this, a mask counts as one that costs nothing. Chosen before any run was made. */
const MARGIN = { name: "a third of the 3 points by which a teacher must help", value: 1 };

/** What any images can be asked about masks. */
const BASIC: readonly Claim[] = [
  {
    id: "1a",
    title: "A teacher that sees every patch helps",
    paper: "75.0 against 72.0 (Table 2)",
    summands: over("keep=1", "teacher=none", TOP1),
    claimed: 1,
    unit: "points",
  },
  {
    id: "1b",
    title: "A teacher that sees the half chosen by the student helps no less",
    paper: "75.2 against 75.0 (Table 2)",
    summands: over(HALF, "keep=1", TOP1),
    claimed: MARGIN,
    unit: "points",
  },
  {
    id: "13a",
    title: "Patches chosen by the student teach better than random ones",
    paper: "75.1 against 74.6 (Table 6)",
    summands: over(HALF, `${HALF} criterion=random`, TOP1),
    claimed: 1,
    unit: "points",
  },
  {
    id: "13b",
    title: "Those it attends to least teach worse than random ones",
    paper: "71.7 against 74.6 (Table 6)",
    summands: over(`${HALF} criterion=bottom`, `${HALF} criterion=random`, TOP1),
    claimed: -1,
    unit: "points",
  },
  {
    id: "19a",
    title: "Early on, the masked teacher knows less than one that sees random patches",
    paper: "lowest of all masks at first (Fig. 3)",
    summands: over(HALF, `${HALF} criterion=random`, "teacher_top1", EARLY),
    claimed: -1,
    unit: "points",
  },
  {
    id: "19b",
    title: "In the end, the masked teacher knows more than one that sees random patches",
    paper: "lowest only “during the early phase” (Fig. 3); what follows from that for the end is a reading",
    summands: over(HALF, `${HALF} criterion=random`, "teacher_top1"),
    claimed: 1,
    unit: "points",
  },
];

export const studies: readonly Study[] = [
  {
    name: "shapes",
    about: "Scenes-Shapes: 1,200 images, 12 classes told by shape alone; ViT of width 48 with 3 blocks",
    base: "data=shapes:1200,2000 steps=750 evaluate=125",
    seeds: 5,
    tuned: [101, 102],
    instrument: { of: "keep=1", over: "teacher=none", score: TOP1, least: 3 },
    claims: [
      ...BASIC,
      {
        id: "20a",
        title: "What masking gains shrinks over the run",
        paper: "+0.67 in the first ten epochs, +0.14 in the last forty (the authors' logs)",
        summands: [...over(HALF, "keep=1", "top1", EARLY), ...over("keep=1", HALF, "top1", LATE)],
        claimed: 1,
        unit: "points",
      },
      {
        id: "20b",
        title: "The masked teacher's answers are easier to learn at first",
        paper: "training loss, half of the sum here, 5.745 against 6.077 in epoch 0 (the authors' logs)",
        summands: [...over(HALF, "keep=1", "kd", EARLY), ...over(HALF, "keep=1", "ce", EARLY)],
        claimed: -1,
        unit: "nats",
      },
      {
        id: "20c",
        title: "The masked teacher's answers are harder to learn late",
        paper: "1.207 against 1.183 in epoch 299 (the authors' logs)",
        summands: [...over(HALF, "keep=1", "kd", LATE), ...over(HALF, "keep=1", "ce", LATE)],
        claimed: 1,
        unit: "nats",
      },
      {
        id: "12a",
        title: "Attention of the last block chooses better than that of the first",
        paper: "75.1 against 72.3 (Table 6)",
        summands: over(HALF, `${HALF} block=1`, TOP1),
        claimed: 1,
        unit: "points",
      },
      {
        id: "11",
        title: "Attention of the class token chooses better than that of all patches",
        paper: "75.1 against 74.6 (Table 6)",
        summands: over(HALF, `${HALF} queries=patches`, TOP1),
        claimed: 1,
        unit: "points",
      },
      {
        id: "19c",
        title: "Masking the student instead of the teacher hurts",
        paper: "below every masked teacher (Fig. 6)",
        summands: over(`${HALF} masked=student`, HALF, TOP1),
        claimed: -1,
        unit: "points",
      },
      {
        id: "1c",
        title: "Two fifths of the patches are enough",
        paper: "74.9 against 75.0 (Table 2)",
        summands: over("keep=0.4", "keep=1", TOP1),
        claimed: MARGIN,
        unit: "points",
      },
      {
        id: "3a",
        title: "Manifold distillation loses nothing by a quarter masked",
        paper: "75.2 against 75.0 (Table 2)",
        summands: over(`${MANIFOLD} keep=0.75`, `${MANIFOLD} keep=1`, TOP1),
        claimed: MARGIN,
        unit: "points",
      },
      {
        id: "3b",
        title: "Attention distillation loses nothing by half masked",
        paper: "75.3 against 75.3 (Table 2)",
        summands: over("base=attention keep=0.5", "base=attention keep=1", TOP1),
        claimed: MARGIN,
        unit: "points",
      },
      {
        id: "6",
        title: "A larger student loses nothing by half masked either",
        paper: "81.0 against 80.8, DeiT-S (Table 2)",
        summands: over(`${LARGER} ${HALF}`, `${LARGER} keep=1`, TOP1),
        claimed: MARGIN,
        unit: "points",
      },
      {
        id: "16a",
        title: "Under heavy augmentation half of the patches lose nothing either",
        paper: "81.0 against 80.8 (Table 9)",
        summands: over(`augment=heavy ${HALF}`, "augment=heavy keep=1", TOP1),
        claimed: MARGIN,
        unit: "points",
      },
      {
        id: "16b",
        title: "A teacher helps less under heavy augmentation",
        paper: "+0.9 against +8.4 (Table 9)",
        summands: [...over("keep=1", "teacher=none", TOP1), ...over("augment=heavy teacher=none", "augment=heavy keep=1", TOP1)],
        claimed: 1,
        unit: "points",
      },
    ],
    figures: [
      {
        id: "gain",
        title: "What masking gains over the run",
        paper: "the authors' logs: large early, small in the end",
        unit: "points",
        y: "points over the teacher that sees every patch",
        lines: [
          { label: "chosen by the student", summands: over(HALF, "keep=1", "top1") },
          { label: "at random", summands: over(`${HALF} criterion=random`, "keep=1", "top1") },
        ],
      },
      {
        id: "teacher",
        title: "What the masked teacher knows",
        paper: "Fig. 3",
        unit: "points",
        y: "held-out images it classifies right, %",
        lines: MASKS.map(([label, of]) => ({ label, summands: [{ of, score: "teacher_top1" }] })),
      },
      {
        id: "hardness",
        title: "How hard the loss is",
        paper: "Sec. 5.1: easier early, difficult late",
        unit: "nats",
        y: "nats over the loss with every patch shown",
        lines: MASKS.slice(1).map(([label, of]) => ({ label, summands: [...over(of, "keep=1", "kd"), ...over(of, "keep=1", "ce")] })),
      },
      {
        id: "object",
        title: "How much of the object it is shown",
        paper: "no picture of it in the paper",
        unit: "points",
        y: "share of the object in kept patches, %",
        lines: MASKS.slice(1).map(([label, of]) => ({ label, summands: [{ of, score: "object_seen" }] })),
      },
      {
        id: "cost",
        title: "Accuracy against what the teacher costs",
        paper: "Figs. 2 and 9",
        unit: "points",
        y: "top-1, %",
        lines: [
          {
            label: "chosen by the student",
            cases: ["keep=1", HALF, "keep=0.4"],
            score: TOP1,
            against: { score: "teacher_macs", label: "million multiply-adds of the teacher per image", unit: 1e6 },
          },
        ],
      },
    ],
  },
  {
    name: "clothes",
    about: "Fashion-MNIST: 200 photographs of clothes, 10 classes; ViT of width 48 with 3 blocks",
    base: "data=fashion:200,2000 steps=750 evaluate=125",
    seeds: 5,
    tuned: [101],
    instrument: { of: "keep=1", over: "teacher=none", score: TOP1, least: 3 },
    claims: BASIC,
  },
  {
    name: "costs",
    about: "What a step costs: a teacher of width 96 with 5 blocks, a student of width 48 with 3, batches of 32",
    base: "data=shapes:1200,2000 steps=12 evaluate=1000",
    seeds: 5,
    tuned: [101],
    claims: [
      {
        id: "2",
        title: "Half of the patches make the teacher faster",
        paper: "2.1 times the images per second (Table 2)",
        summands: [
          { of: HALF, score: "teacher_ms" },
          { of: HALF, score: "teacher_ms_full", times: -1 },
        ],
        claimed: -1,
        unit: "ms",
      },
      {
        id: "17",
        title: "Half of the patches need less memory",
        paper: "9,838 against 12,925 MB (Table 11)",
        summands: over(HALF, "keep=1", "buffer_bytes"),
        claimed: -1,
        unit: "MB",
      },
    ],
  },
];
