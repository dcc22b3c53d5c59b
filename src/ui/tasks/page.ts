/**
 * What the page needs to know of a task besides its components (those are in `parts.tsx`): what to say of data, teachers and
 * results, which charts to draw, which runs to compare. Interfaces alone; each folder beside this file implements them.
 */
import type { DataFacts, GeneratedOptions } from "../../tasks/definition";
import type { TeacherTrainingReport } from "../../worker/protocol";
import type { ChartKind, CurveLook } from "../charts/curves";
import type { Lesson } from "../lessons/lesson";
import type { Difference } from "../state/difference";
import type { Numbers } from "../state/history";
import type { Look } from "../state/looks";
import type { Run } from "../state/runs";
import type { Score } from "../state/score";
import type { State } from "../state/store";

export interface TaskPage {
  /** What the page is about, in a sentence or two. */
  tagline: string;
  /** Charts besides those of every run. */
  charts: readonly ChartKind[];
  /** How its curves look, by the names under which a run reports its numbers. */
  curves: Readonly<Record<string, CurveLook>>;
  /** Views that hold numbers for a chart, by name. The chart finds the numbers in the history's points under that name. */
  numbers?: Readonly<Record<string, (value: unknown) => Numbers>>;
  /** Makes views smaller before the history keeps them, by name. */
  condense?: Readonly<Record<string, (value: unknown) => unknown>>;
  /** Files that can be read as data, a sentence for each kind. */
  formats: readonly string[];
  /** Sides that images are usually resized to, in pixels. */
  sides: readonly number[];
  /** What data are called that are not images. */
  things?: Things;
  /** How this page's generated data are named. */
  generated: {
    idOf(options: GeneratedOptions): string;
    /** The options that an id was made from; undefined where the id is not one of this generator. */
    optionsOf(id: string): GeneratedOptions | undefined;
  };
  words: TaskWords;
  /** Settings that are shares and read best as percentages. */
  shares?: readonly string[];
  /** The smallest move of a setting's slider. */
  sliderStep?(key: string, state: State): number | undefined;
  /** Score of a student that guesses, where that is known. */
  chance?(state: State): number | undefined;
  /** A score below this is next to nothing, where guessing has none of its own. */
  least?: number;
  /** Half the 95 % interval of a score on so many held-out images, where that is known. */
  margin?(score: number, images: number): number;
  /** What the student of a run can do, in a sentence or two. */
  result(score: Score, state: State): string;
  pairs?: Pairs;
  /** How often each patch of the pictures that are watched was kept, picture after picture. */
  keptOf?(state: State): number[] | undefined;
  /** By what two runs' pictures are compared: maps of a snapshot, from the view of this name. */
  compared?: { view: string; look(value: unknown, state: State): Omit<Look, "step"> };
  /** Lessons by the method that they are about. */
  lessons?: Readonly<Record<string, () => Promise<Lesson>>>;
  /** Pictures for the page's HTML, which show before any script has run, if this is the first task. */
  first?(): { heading: string; pictures: readonly FirstPicture[] };
}

export interface Things {
  /** "sounds" */
  many: string;
  /** What the side is: "bands"; and what it means, in a sentence. */
  unit: string;
  side: string;
  /** The size of one, in words. */
  size(facts: DataFacts): string;
}

export interface TaskWords {
  /** What a student without a teacher learns from: "labels". Where no teacher is ever loaded, a sentence about the run's own. */
  alone: string;
  /** What its score is called: "accuracy". */
  score: string;
  /** A network's score among so many classes: "Classifies 60 % of held-out images correctly (guessing: 8.3 %)". */
  scored(score: number, classes: number): string;
  /** How good a teacher in training is so far; undefined while it is unknown. */
  progress(report: TeacherTrainingReport): string | undefined;
  /** The size of a network that is trained here: "4 blocks of width 64". */
  size(values: Readonly<Record<string, number>>): string;
}

/** Planes u8 [3, side, side], and what they show. */
export interface FirstPicture {
  name: string;
  side: number;
  planes: Uint8Array;
}

/** Pairs of runs that differ in one thing alone, and what such a pair shows. */
export interface Pairs {
  /** Kinds of pair, the one that shows most first. */
  kinds: readonly string[];
  /** Which kind of pair two runs are; undefined where they are none. */
  kindOf(now: Run, other: Run): string | undefined;
  /** "Keeping 50 % of the patches cost 0.3 points against all of them (Run 1)", where `moved` is "cost 0.3 points". */
  compared(kind: string, now: Run, other: Run, moved: string): string;
  /** What a run saved. */
  saving(now: Run): string | undefined;
  /** What to try next, where enough seeds show what a difference means; never before. */
  advice(now: Run, beside: Beside | undefined): string | undefined;
  /** What cannot be told yet, and what that would take. */
  open(now: Run, beside: Beside | undefined): string | undefined;
  /** Another run that would show more about this one: what to change for it, and what its button says. */
  offer(now: Run, beside: Beside | undefined): Offer | undefined;
}

export interface Offer {
  label: string;
  settings: Readonly<Record<string, number | string>>;
}

/** The run beside this one: how the two are related, and the difference of their scores. */
export interface Beside extends Difference {
  kind: string;
}
