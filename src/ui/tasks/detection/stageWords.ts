/** What the stage says of a detector's step: its parts, an equation and a sentence for each, and the row of one cell. */
import type { Settings } from "../../../settings/run";
import { columnOf, gridName, rowOf } from "../../draw/grid";
import { percent, short } from "../../format";
import { isEven } from "../masks/layer";
import type { Plane } from "./featureMaps";
import { hiddenOf, type Likely, meanOf, means, regionsAt, type Scale, type Step } from "./stageFacts";

export const TITLES = {
  hide: "Hide",
  see: "See the rest",
  look: "Look",
  attend: "Teacher attends",
  erase: "Erase",
  regenerate: "Regenerate",
  compare: "Compare",
  learn: "Learn",
} as const;
export type Part = keyof typeof TITLES;

/** Equations by part and method; a part that acts alike in all has one. */
const EQUATIONS: Record<Part, Readonly<Record<string, string>> & { other: string }> = {
  hide: { other: "x̂ = m ⊙ x" },
  see: { other: "F_S = f_S(x̂), no leak across m" },
  look: { other: "F_S = f_S(x)" },
  attend: { other: "A = φ(σ(‖F_T‖² / τC))", fgd: "A = n softmax(|F_T| / T)" },
  erase: { other: "M = 0 where A ≥ ωˢ", mgd: "M = 0 at random" },
  regenerate: {
    amd: "F̂ = σ(SE(G)) ⊙ G, G = G(M ⊙ F_S)",
    other: "F̂ = λ θₛ(M ⊙ F_S) + μ θ_c(…)",
    mkd: "F̂ = D(F_S, m)",
    mgd: "F̂ = G(M ⊙ F_S)",
  },
  compare: {
    other: "‖F_T − F̂‖²",
    samkd: "W KL(z_T ‖ z_S), W = 1 − cos(F_T, F_S)",
    mkd: "½ ‖norm F_T − norm F̂‖²",
    fitnet: "‖F_T − Θ(F_S)‖²",
    pkd: "½ ‖norm F_T − norm F_S‖²",
    logit: "KL(z_T ‖ z_S)",
    dkd: "α TCKD + β NCKD",
    sdd: "w KL(z_T ‖ z_S) by region",
    fgd: "α A ‖F_T − F_S‖² + …",
    freekd: "weights × |details of F_T − F_S|",
  },
  learn: { other: "L = L_det + Σ weight × term", samkd: "L = L_det + α L_feat + β L_logit", mkd: "L = L_det + λ L_feat + γ L_global" },
};

/** Eq. 1 of SAMKD in the readings that settings choose. */
function attentionOf({ phi, unit }: { phi: unknown; unit: unknown }): string | undefined {
  if (phi === "softmax") return "A = n softmax(|F_T| / τ)";
  return unit === "relative" ? "A = φ(σ(‖F_T‖² / τ mean ‖F_T‖²))" : undefined;
}

/** What a part computes with these settings. */
export function equationOf(part: Part, method: string, settings: Settings): string {
  const read = part === "attend" ? attentionOf({ phi: settings[`${method}.phi`], unit: settings[`${method}.unit`] }) : undefined;
  return read ?? EQUATIONS[part][method] ?? EQUATIONS[part].other;
}

/** What is there to tell apart, in the order in which it happens. Without a teacher that the method compares, the student looks and learns. */
export function partsOf(step: Step | undefined, compares: boolean): Part[] {
  if (!step) return ["look", "learn"];
  const { input, scale } = step;
  const first: Part[] = input ? ["hide", "see"] : scale.attention ? ["attend"] : ["look"];
  const erased: Part[] = scale.visible && !input ? ["erase"] : [];
  const rebuilt: Part[] = scale.rebuilt ? ["regenerate"] : [];
  return [...first, ...erased, ...rebuilt, ...(compares ? (["compare"] as const) : []), "learn"];
}

export interface Told {
  /** Terms of the last batch's loss as they were added, and which of them are the method's. */
  added: readonly { term: string; value: number }[];
  terms: readonly string[];
  settings: Settings;
  /** The region in focus. */
  region: number;
}

/** What happens in a part of the step, in a sentence. */
export function sentenceOf(part: Part, step: Step | undefined, told: Told): string {
  if (part === "learn") return learnSentence(told);
  if (!step) return "The first pictures of student and teacher have yet to come.";
  return SENTENCES[part](step, told);
}

const SENTENCES: Record<Exclude<Part, "learn">, (step: Step, told: Told) => string> = {
  hide: ({ input }) =>
    input ? `${countOf(input, 0)} of the ${input.values.length} patches of the student's image are hidden, other ones at each step.` : "",
  see: ({ features: { masked }, scale }) =>
    `The student computes its features of the rest; nothing passes between hidden and visible places. ${apart("Their strength is", masked, scale.visible, "hidden", "visible")}`.trim(),
  look: ({ features: { student }, grid }) =>
    student ? `The student's features on ${gridName(grid)} places, ${short(meanOf(student))} strong on average.` : "No features yet.",
  attend: ({ scales }) => attendSentence(scales),
  erase: ({ scales }, { settings }) => eraseSentence(scales, settings),
  regenerate: ({ input, scale }) => {
    const who = input
      ? "From what is visible a decoder regenerates the teacher's features"
      : "A block regenerates the teacher's features from what is left";
    return `${who}. ${apart("The error is", scale.error, scale.visible, input ? "hidden" : "erased", input ? "visible" : "left", true)}`.trim();
  },
  compare: (step, { region }) => compareSentence(step, region),
};

/** Means over hidden and visible places, as they are or as multiples of the mean over all. */
function apart(what: string, map: Plane | undefined, visible: Plane | undefined, no: string, yes: string, relative = false): string {
  if (!map || !visible) return "";
  const { hidden, seen } = means(map, visible);
  if (hidden === undefined || seen === undefined) return "";
  const [by, times] = relative ? [meanOf(map) || 1, " × its mean"] : [1, ""];
  return `${what} ${short(hidden / by)}${times} where ${no}, ${short(seen / by)}${times} where ${yes}.`;
}

function attendSentence(scales: readonly Scale[]): string {
  const said = scales.flatMap(({ regions, attention }) => {
    if (!attention) return [];
    const most = attention.indexOf(Math.max(...attention));
    return [isEven(attention) ? `${nameOf(regions)} almost uniform` : `${nameOf(regions)} up to ${short(attention[most])} × an even share`];
  });
  return `How strong the teacher's features are within regions: ${said.join("; ")}.`;
}

function eraseSentence(scales: readonly Scale[], settings: Settings): string {
  const said = scales.flatMap(({ regions, visible }) =>
    visible ? [`${percent(round(hiddenOf(visible)))} ${atScale(scales, regions)}`.trim()] : [],
  );
  const omega = settings[`${settings.preset}.omegaS`];
  const why = omega === undefined ? "drawn at random" : `where attention reaches ωˢ = ${short(Number(omega))}`;
  return `Of the student's features are erased ${said.join(", ")}: ${why}.`;
}

const round = (share: number) => Math.round(100 * share) / 100;
/** "2 × 2". */
export const nameOf = (regions: number): string => gridName([regions, regions]);
const atScale = (scales: readonly Scale[], regions: number) => (scales.length > 1 ? `at ${nameOf(regions)}` : "");

function compareSentence({ scale, input, features }: Step, region: number): string {
  const { weight, divergence, likely } = scale;
  if (weight && divergence && likely) {
    const [student, teacher] = (["student", "teacher"] as const).map((who) => best(likely[region], who));
    const where = scale.regions === 1 ? "Over the whole map" : `In region ${region + 1} of ${scale.regions ** 2}`;
    return `${where} the teacher finds ${teacher.name} likeliest (${percent(round(teacher.teacher))}), the student ${student.name} (${percent(round(student.student))}). Their distance ${short(divergence[region])} counts ${short(weight[region])} times: as much as their features differ.`;
  }
  const error = apart("The error is", scale.error, scale.visible, input ? "hidden" : "erased", input ? "visible" : "left", true);
  if (error) return `What was regenerated is compared with the teacher's features of the whole image. ${error}`;
  const strengths = features.teacher && features.student && `${short(meanOf(features.teacher))} and ${short(meanOf(features.student))}`;
  return `Student and teacher are compared${strengths ? `; their features are ${strengths} strong, the teacher's first` : ""}.`;
}

export const best = (likely: readonly Likely[], who: "student" | "teacher"): Likely => likely.reduce((a, b) => (b[who] > a[who] ? b : a));

function learnSentence({ added, terms }: Told): string {
  if (!added.length) return "No step has been made yet: the student is as it was drawn.";
  const sum = (of: Told["added"]) => short(of.reduce((sum, { value }) => sum + value, 0));
  const [own, taught] = [false, true].map((asked) => added.filter(({ term }) => terms.includes(term) === asked));
  const alone = `On the last batch the boxes and classes add ${sum(own)}`;
  return taught.length
    ? `${alone}, what the teacher asks adds ${sum(taught)}. The update lowers their sum.`
    : `${alone}. The update lowers that.`;
}

/** What is known of a cell: attention, whether it is erased and W at each scale; what was regenerated there and how far off it is. */
export function cellFacts({ grid, scales, scale, input, features }: Step, cell: number): string {
  const at = (map: Plane | undefined) => map?.values[cell];
  const attention = scales.flatMap(({ attention, regions }) =>
    attention ? [`${short(attention[cell])} ${atScale(scales, regions)}`.trim()] : [],
  );
  const erased = scales.filter(({ visible }) => at(visible) === 0).map(({ regions }) => atScale(scales, regions));
  const hidden =
    scale.visible &&
    (input ? (at(scale.visible) ? "visible" : "hidden") : erased.length ? `erased ${erased.join(", ")}`.trim() : "left as it is");
  const weights = scales.flatMap(({ weight, regions }) =>
    weight ? [`${short(weight[regionsAt(regions, grid)[cell]])} ${atScale(scales, regions)}`.trim()] : [],
  );
  const strength = (["teacher", "student"] as const).flatMap((who) => (features[who] ? [`${who}'s ${short(at(features[who])!)}`] : []));
  return [
    attention.length ? `attention × even: ${attention.join(", ")}` : undefined,
    hidden,
    weights.length ? `W ${weights.join(", ")}` : undefined,
    scale.error ? `error ${short(at(scale.error)! / (meanOf(scale.error) || 1))} × the mean` : `strength: ${strength.join(", ")}`,
  ]
    .filter(Boolean)
    .join("; ");
}

/** The number of places of a mask that hold a value. */
export const countOf = ({ values }: Plane, value: number): number => values.filter((one) => one === value).length;

/** The cell of the level that lies in the middle of a patch of the input. */
export function levelCell(patch: number, input: Plane, grid: Step["grid"]): number {
  const from: Step["grid"] = [input.height, input.width];
  const middle = (at: number, of: number, to: number) => Math.floor(((at + 0.5) * to) / of);
  return middle(rowOf(patch, from), from[0], grid[0]) * grid[1] + middle(columnOf(patch, from), from[1], grid[1]);
}
