/**
 * The step that is being made, seen on one held-out image: where the student looks, which patches that chooses, what the teacher says
 * of them, what the student says, and what pulls. Facts of one snapshot, and a sentence for each part.
 */
import type { Settings } from "../../../settings/run";
import { cellsOf, columnOf, type Grid, rowOf } from "../../draw/grid";
import { percent, short } from "../../format";
import type { Numbers } from "../../state/history";
import { isEven, keptOf, timesOf, valuesOf } from "../masks/layer";
import type { Shown } from "./layers";

/** What patches are ranked by, each as a multiple of an even share. */
export interface Looking {
  times: Float32Array;
  /** Of each patch, its place among all, 1 for the highest. */
  rank: Uint16Array;
  most: number;
  /** Whether all are within a tenth of an even share: there is next to nothing to choose by. */
  even: boolean;
  /** Whether these numbers chose the patches; else they are the student's attention, and something else chose, or nothing. */
  chose: boolean;
}

/** A class, and how likely student and teacher find it. */
export interface Answer {
  name: string;
  truth: boolean;
  student: number;
  teacher?: number;
}

export interface Stage {
  grid: Grid;
  truth: string;
  looking?: Looking;
  /** The patches that are shown, where not all are, and the share of the object in them where the data know it. */
  kept?: ReadonlySet<number>;
  object?: number;
  /** Who sees less than all. */
  masked: "student" | "teacher";
  /** How often each patch of this image was kept, of so many moments of the run. */
  often?: { rates: Float32Array; moments: number };
  /** The likeliest classes; absent in a run that was kept without probabilities. */
  answers?: Answer[];
  said: { student?: string; teacher?: string };
  /** Whether there is a teacher; undefined before anything is known. */
  taught?: boolean;
}

const ANSWERS = 4;

export function stageOf(shown: Shown, image: number): Stage {
  const { gallery, snapshot, teacher } = shown;
  const { classes, labels, grid, objects } = gallery;
  const n = cellsOf(grid);
  const kept = snapshot?.kept && keptOf(snapshot.kept, labels.length).kept?.(image);
  const name = (answer: number | undefined) => (answer === undefined ? undefined : classes[answer]);
  return {
    ...{ grid, truth: classes[labels[image]], masked: shown.masked === "student" ? "student" : "teacher" },
    ...{ looking: snapshot && lookingOf(shown, image), kept, often: oftenOf(shown, image), answers: answersOf(shown, image) },
    said: { student: name(snapshot?.student[image]), teacher: name(snapshot?.teacher?.[image]) },
    taught: snapshot && teacher !== null && snapshot.teacher !== undefined,
    ...(kept && objects && { object: [...kept].reduce((sum, patch) => sum + objects[image * n + patch], 0) }),
  };
}

function lookingOf({ snapshot, gallery }: Shown, image: number): Looking | undefined {
  if (!snapshot) return undefined;
  const n = cellsOf(gallery.grid);
  const chose = snapshot.score !== undefined;
  // Where the student's own patches are of another size, its attention cannot be told by the patches that are chosen.
  if (!chose && cellsOf(snapshot.grid) !== n) return undefined;
  const values = chose
    ? valuesOf(snapshot.score!, gallery.grid).values!(image)
    : meanAttention(snapshot.attention, snapshot.heads, n, image);
  const times = timesOf(values);
  const order = Array.from(times.keys()).sort((a, b) => times[b] - times[a]);
  const rank = new Uint16Array(n);
  for (const [place, patch] of order.entries()) rank[patch] = place + 1;
  return { times, rank, most: order[0], even: isEven(times), chose };
}

function meanAttention(attention: Float32Array, heads: number, n: number, image: number): Float32Array {
  return Float32Array.from({ length: n }, (_, patch) => {
    let sum = 0;
    for (let head = 0; head < heads; head++) sum += attention[(image * heads + head) * n + patch];
    return sum / heads;
  });
}

function oftenOf({ frequency, gallery }: Shown, image: number): Stage["often"] {
  const n = cellsOf(gallery.grid);
  const stages = frequency?.stages.filter(({ positions }) => positions.counts.length === n) ?? [];
  const moments = stages.reduce((sum, { watched }) => sum + (watched.images * n) / watched.counts.length, 0);
  if (!moments) return undefined;
  const count = (patch: number) => stages.reduce((sum, { watched }) => sum + watched.counts[image * n + patch], 0);
  return { moments, rates: Float32Array.from({ length: n }, (_, patch) => count(patch) / moments) };
}

/** The truth and the classes that either finds likeliest, the likeliest first. */
function answersOf({ snapshot, gallery }: Shown, image: number): Answer[] | undefined {
  const { probabilities } = snapshot ?? {};
  if (!probabilities) return undefined;
  const { classes, labels } = gallery;
  const { student, teacher } = probabilities;
  const at = (c: number) => image * classes.length + c;
  const all = classes.map((name, c): Answer => {
    const of = { name, truth: c === labels[image], student: student[at(c)] };
    return teacher ? { ...of, teacher: teacher[at(c)] } : of;
  });
  const weight = (answer: Answer) => Number(answer.truth) + Math.max(answer.student, answer.teacher ?? 0);
  const shown = all.toSorted((a, b) => weight(b) - weight(a)).slice(0, ANSWERS);
  return shown.toSorted((a, b) => (b.teacher ?? b.student) - (a.teacher ?? a.student));
}

export const place = (patch: number, grid: Grid) => `row ${rowOf(patch, grid) + 1}, column ${columnOf(patch, grid) + 1}`;

/** What is known of a patch: its score and rank, whether it is shown, and how often it was. */
export function patchFacts({ looking, kept, often, grid, masked }: Stage, patch: number): string {
  const score = looking && `${looking.chose ? "score" : "attention"} ${short(looking.times[patch])} × an even share`;
  const rank = looking && `rank ${looking.rank[patch]} of ${cellsOf(grid)}`;
  const shown = kept?.has(patch) === false ? `hidden from the ${masked}` : `shown to the ${masked}`;
  const rate = often && `kept in ${percent(often.rates[patch])} of ${short(often.moments)} snapshots`;
  return [score, rank, shown, rate].filter(Boolean).join("; ");
}

export const PARTS = ["look", "choose", "answer", "compare", "learn"] as const;
export type Part = (typeof PARTS)[number];

/** What each part computes with these settings; `taught` and `kept` are those of the step. */
export function equationsOf({ taught, kept, masked }: Stage, settings: Settings): Record<Part, string> {
  const { criterion, queries, base } = settings;
  const seenBy = (who: Stage["masked"]) => (kept && masked === who ? "kept" : "all");
  return {
    look: queries === "patches" ? "a = mean_q softmax(q Kᵀ / √d)" : "a = softmax(q_cls Kᵀ / √d)",
    choose: taught === false || (taught && !kept) ? "k = N" : (CHOSEN[String(criterion)] ?? "keep the k largest a"),
    answer: taught === false ? "no teacher" : `p_T = f_T(${seenBy("teacher")} patches)`,
    compare: `p_S = f_S(${seenBy("student")} patches)`,
    learn: taught === false ? "CE(y, p_S)" : (LEARNED[String(base)] ?? LEARNED.logit),
  };
}

/** What is kept by criteria other than the largest scores. */
const CHOSEN: Readonly<Record<string, string>> = {
  random: "keep k at random",
  bottom: "keep the k smallest a",
  "late-random": "keep the k largest a, late ⅕ at random",
  "guide-late-random": "keep the k largest a, late ⅕ at random",
};

const SOFT = "CE(y, p_S) + λ τ² KL(p_T ‖ p_S)";
const LEARNED: Readonly<Record<string, string>> = {
  logit: SOFT,
  hard: "CE(y, p_S) + λ CE(argmax p_T, p_S)",
  manifold: `${SOFT} + β L_manifold`,
  attention: `${SOFT} + β L_attention`,
};

/** What happens in each part of the step, in a sentence; `losses` and settings are those of the run. */
export function sentencesOf(stage: Stage, losses: Numbers, settings: Settings): Record<Part, string> {
  return {
    look: lookSentence(stage),
    choose: chooseSentence(stage, settings),
    answer: answerSentence(stage),
    compare: compareSentence(stage),
    learn: learnSentence(stage, losses, settings),
  };
}

function lookSentence({ looking, grid }: Stage): string {
  const all = `all ${cellsOf(grid)} patches`;
  if (!looking) return `The student looks at ${all}.`;
  const who = looking.chose ? "The scores of the patches" : "The student's attention";
  if (looking.even) return `${who} are almost even over ${all}: nothing stands out yet.`.replace("attention are", "attention is");
  return `${who} peak${looking.chose ? "" : "s"} at ${place(looking.most, grid)}: ${short(looking.times[looking.most])} × an even share.`;
}

function chooseSentence({ kept, object, looking, masked, taught, grid }: Stage, { criterion }: Settings): string {
  if (taught === undefined) return "Nothing is chosen yet.";
  if (!taught) return "There is no teacher, so no patch has to be chosen.";
  if (!kept) return `All ${cellsOf(grid)} patches are shown to the teacher: nothing is chosen.`;
  const seen = object === undefined ? "" : `; ${percent(Math.round(100 * object) / 100)} of the object lies in them`;
  const late = String(criterion).endsWith("late-random")
    ? "ranked highest, in the second half of a run a fifth at random, "
    : "ranked highest ";
  const how = looking?.chose ? (criterion === "bottom" ? "with the lowest scores " : late) : "drawn at random ";
  return `The ${kept.size} patches ${how}are kept for the ${masked}${seen}.`;
}

function answerSentence({ said, answers, kept, taught, masked }: Stage): string {
  if (taught === undefined || (taught && !said.teacher)) return "The teacher has not answered yet.";
  if (!taught) return "Nobody answers but the student.";
  const sure = answers?.find(({ name }) => name === said.teacher)?.teacher;
  const what = kept && masked === "teacher" ? `computes these ${kept.size} patches alone` : "sees the whole image";
  return `The teacher ${what} and says ${said.teacher}${sure === undefined ? "" : ` (${percent(sure)})`}.`;
}

function compareSentence({ said, truth, answers }: Stage): string {
  if (!said.student) return "The student has not answered yet.";
  const of = answers?.find(({ name }) => name === truth);
  const right = said.student === truth;
  const sure = of
    ? ` It gives ${truth} ${percent(of.student)}${of.teacher === undefined ? "" : `, the teacher ${percent(of.teacher)}`}.`
    : "";
  return `The student says ${said.student}, which is ${right ? "right" : "wrong"}.${sure}`;
}

function learnSentence({ taught }: Stage, losses: Numbers, settings: Settings): string {
  if (losses.ce === undefined) return "No step has been made yet: the student is as it was drawn.";
  const ce = `the labels' cross-entropy ${short(losses.ce)}`;
  if (!taught || losses.kd === undefined) return `On the last batch: ${ce}. The update lowers it.`;
  return `On the last batch: ${ce}, and λ = ${short(Number(settings["maskedkd.lambda"] ?? 1))} times the distance to the teacher ${short(losses.kd)}. The update lowers their sum.`;
}
