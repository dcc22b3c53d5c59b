/** What the page says of detection. */
import { DETECTION_SCENES } from "../../../data/generated.id";
import type { Detection } from "../../../geometry/boxes";
import { methodOf } from "../../../tasks";
import type { BoxSnapshot, FeatureMaps, Pulls } from "../../../tasks/detection/views";
import { percent, short } from "../../format";
import type { Numbers } from "../../state/history";
import type { TaskPage } from "../page";
import { comparedMaps } from "./compared";

export const DETECTION_PAGE: TaskPage = {
  tagline: "A small detector learns to find objects from a larger one. Steer what is erased and compared while it learns.",
  charts: [
    { id: "score", title: "Average precision, held out", of: "scores", format: percent, tested: true },
    { id: "pulls", title: "Share of each term in the gradient", of: "pulls", format: percent },
  ],
  curves: {
    cls: { label: "classes", colour: "var(--student)" },
    box: { label: "boxes", colour: "var(--agreement)", dash: "8 3 2 3" },
    dfl: { label: "edges (DFL)", colour: "var(--term-5)", dash: "1 2" },
    centerness: { label: "centerness", colour: "var(--term-5)", dash: "1 2" },
    feature: { label: "features, teacher", colour: "var(--teacher)", dash: "6 3" },
    target: { label: "target class, teacher", colour: "var(--kd)", dash: "2 3" },
    others: { label: "other classes, teacher", colour: "var(--term-6)", dash: "8 3 2 3" },
    global: { label: "relations, teacher", colour: "var(--kd)", dash: "4 2" },
    encoder: { label: "backbone, teacher", colour: "var(--term-6)", dash: "8 3 2 3" },
    align: { label: "alignment of Θ", colour: "var(--muted)", dash: "1 2" },
    logit: { label: "logits, teacher", colour: "var(--kd)", dash: "2 3" },
    map: { label: "mAP", colour: "var(--student)" },
    ap50: { label: "AP50", colour: "var(--teacher)", dash: "6 3" },
    ap75: { label: "AP75", colour: "var(--kd)", dash: "2 3" },
    ap_s: { label: "small", colour: "var(--term-5)", dash: "1 2" },
    ap_m: { label: "medium", colour: "var(--term-6)", dash: "8 3 2 3" },
    ap_l: { label: "large", colour: "var(--agreement)", dash: "4 2" },
    mar_s: { label: "recall, small", colour: "var(--muted)", dash: "1 2" },
    mar_m: { label: "recall, medium", colour: "var(--muted)", dash: "8 3 2 3" },
    mar_l: { label: "recall, large", colour: "var(--muted)", dash: "4 2" },
    mar: { label: "recall (mAR)", colour: "var(--event)", dash: "8 3 2 3 2 3" },
  },
  numbers: { pulls: (value) => sharesOf((value as Pulls).norms) },
  condense: { snapshot: (value) => likelyOnly(value as BoxSnapshot) },
  formats: [
    "A folder, or a zip or tar of one, with images of any size and their boxes as COCO JSON, Pascal VOC XML or YOLO text.",
    "Each image is fitted into a square, whole.",
    "Folders or lists called train, test, val or the like keep their parts; otherwise 15 % of the images are held out.",
  ],
  sides: [96, 128, 192],
  generated: DETECTION_SCENES,
  words: {
    alone: "boxes",
    score: "mAP",
    scored: (score) => `Average precision ${percent(score)} on held-out images`,
    progress: ({ score }) => (score === undefined ? undefined : `average precision ${percent(score)}`),
    size: ({ blocks, stem }) => `four stages of ${blocks} from width ${stem}`,
  },
  least: 0.01,
  compared: {
    view: "maps",
    look: (value, { active, wanted }) => ({ maps: comparedMaps((value as FeatureMaps).maps, methodOf((active ?? wanted).preset).views) }),
  },
  lessons: {
    samkd: async () => (await import("./samkdLesson")).lesson,
    mkd: async () => (await import("./mkdLesson")).lesson,
  },
  result({ value, count }, { history }) {
    const { ap50, mar } = history.evaluations[history.evaluations.length - 1].scores;
    const half = ap50 === undefined ? "" : `, ${percent(ap50)} where half a box is enough (AP50)`;
    const recall = mar === undefined ? "" : ` Its mean average recall is ${percent(mar)}.`;
    return `The student finds objects on ${short(count)} held-out images with a mean average precision of ${percent(value)}${half}.${recall}`;
  },
};

/** Norms as shares of their sum. */
function sharesOf(norms: Numbers): Numbers {
  const sum = Object.values(norms).reduce((a, b) => a + b, 0);
  return Object.fromEntries(Object.entries(norms).map(([name, norm]) => [name, sum > 0 ? norm / sum : 0]));
}

/** Detections below this score, and beyond this many of an image, are not kept over the run. */
export const LEAST_SCORE = 0.05;
const MOST = 40;

function likelyOnly(snapshot: BoxSnapshot): BoxSnapshot {
  const { student, teacher, own } = snapshot;
  const likely = (detections: Detection[]) => detections.filter(({ score }) => score >= LEAST_SCORE).slice(0, MOST);
  const kept = own && { ...own, student: likely(own.student), teacher: own.teacher && likely(own.teacher) };
  return { ...snapshot, student: student.map(likely), teacher: teacher?.map(likely), ...(kept && { own: kept }) };
}
