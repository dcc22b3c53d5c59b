/** For every task that masks the teacher's input: which runs are pairs, what the mask cost and what it saved. */
import type { Settings } from "../../../settings/run";
import { keyOf } from "../../../settings/setting";
import { methodOf, ownTeacher, SCHEMA } from "../../../tasks";
import { percent, points } from "../../format";
import { differences, isSteered, savedOf } from "../../state/compare";
import { numbersOf } from "../../state/history";
import type { Run } from "../../state/runs";
import type { Offer, Pairs } from "../page";

/** The setting that says which share of the patches stays. */
const KEEP = "keep";
const FULL = "all patches";
const MASKED = "masked";
const ALONE = "alone";

/** Fewer seeds than this advise nothing. */
const ENOUGH = 3;
/** A mask that costs less than a point counts as one that costs nothing. */
const MARGIN = 0.01;

/** Pairs of runs with the same seed: another mask, none, or no teacher at all. */
export const MASK_PAIRS: Pairs = {
  kinds: [FULL, MASKED, ALONE],
  kindOf,
  compared(kind, now, other, moved) {
    if (kind === FULL) return `Keeping ${percent(keepOf(now))} of the patches ${moved} against all of them (${other.name})`;
    if (kind === MASKED) return `Showing every patch ${moved} against ${percent(keepOf(other))} of them (${other.name})`;
    return `Learning from the teacher ${moved} against labels alone (${other.name})`;
  },
  saving,
  advice(now, beside) {
    const seeds = beside?.kind === FULL ? beside.seeds : undefined;
    if (!wantsPair(now) || !seeds || seeds.seeds < ENOUGH) return undefined;
    const [low, high] = seeds.interval;
    if (high < 0) return "Try to keep more patches.";
    return low > -MARGIN ? `The mask costs less than ${points(MARGIN)}: try to keep fewer patches.` : undefined;
  },
  open(now, beside) {
    if (!wantsPair(now)) return undefined;
    if (beside?.kind !== FULL) return "Whether the mask cost accuracy, this run alone cannot tell: run the same seed with every patch.";
    return (beside.seeds?.seeds ?? 1) < ENOUGH ? `Advice takes pairs of ${ENOUGH} seeds or more.` : undefined;
  },
  offer(now, beside): Offer | undefined {
    if (!wantsPair(now)) return undefined;
    if (beside?.kind !== FULL) return { label: "Run the same with every patch", settings: { [KEEP]: 1 } };
    if ((beside.seeds?.seeds ?? 1) >= ENOUGH) return undefined;
    const seed = Number(now.settings.seed) + 1;
    return { label: `Run this with seed ${seed}`, settings: { seed } };
  },
};

const keepOf = ({ settings }: Run): number => Number(settings[KEEP]);

function kindOf(now: Run, other: Run): string | undefined {
  if (now.step !== other.step || now.settings.preset !== other.settings.preset) return undefined;
  const unlike = differences(now.settings, other.settings);
  const differOnlyIn = (keys: readonly string[]) => unlike.every((key) => keys.includes(key));
  const { preset } = now.settings;
  if (isDistilled(now) && !isDistilled(other) && differOnlyIn([...maskKeys(preset), ...methodKeys(preset), "teacher"])) return ALONE;
  if (now.teacher !== other.teacher || !differOnlyIn(maskKeys(preset))) return undefined;
  if (keepOf(other) === 1 && keepOf(now) < 1) return FULL;
  return keepOf(now) === 1 && keepOf(other) < 1 ? MASKED : undefined;
}

const maskKeys = (preset: string): string[] =>
  Object.entries(SCHEMA.of(preset)).flatMap(([key, { group }]) => (group === "mask" ? [key] : []));

/** The method's own settings mean nothing without a teacher. */
const methodKeys = (preset: string): string[] => Object.keys(methodOf(preset).knobs).map((name) => keyOf(preset, name));

/** Whether there is a teacher, and a term of the loss that uses it. */
const isDistilled = ({ teacher, settings }: Run): boolean => teacher !== undefined && hasWeight(settings);

const hasWeight = (settings: Settings): boolean =>
  Object.values(methodOf(settings.preset).terms).some(({ weight }) => Number(settings[keyOf(settings.preset, weight)]) > 0);

/** In multiply-adds alone: how long they took is told by the card of the teacher's cost, where it is measured again and again. */
function saving(now: Run): string | undefined {
  const macs = savedOf(now, "macs", "fullMacs");
  if (macs === undefined) return undefined;
  if (macs === 0) return "The teacher saw every patch, so nothing was saved.";
  if (macs < 0) return `Choosing the patches this way took ${percent(-macs)} more of the teacher's multiply-adds than no mask at all.`;
  return `${savedBy(now)} saved ${percent(macs)} of the teacher's multiply-adds.`;
}

/** At the end of a run whose frozen features are known the teacher computes nothing, masked or not. */
function savedBy(now: Run): string {
  if (numbersOf(now.points.at(-1), "figures").macs !== 0) return "The mask";
  return keepOf(now) < 1 ? "The mask, and looking up what is the same in every epoch," : "Looking up what is the same in every epoch";
}

/** Whether a run of the same settings with every patch would say something about this one. */
const wantsPair = (now: Run): boolean => hasTeacher(now) && keepOf(now) < 1 && !isSteered(now);

/** One that was loaded, or that the run makes itself. */
const hasTeacher = ({ teacher, settings }: Run): boolean => teacher !== undefined || ownTeacher(settings.preset);

/** The number of patches k that a share keeps; the worker rounds the same way. */
export function keptOf(share: number, patches: number): number {
  return Math.min(patches, Math.max(1, Math.round(share * patches)));
}
