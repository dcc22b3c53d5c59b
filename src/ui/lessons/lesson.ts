/** A lesson: pages of text that turn the page's own pictures and curves to what they speak of. */
import type { ClaimsFile } from "../../tasks/claims";
import type { State } from "../state/store";

export interface LessonPage {
  title: string;
  /** Share of the recorded run whose pictures are shown. */
  at: number;
  /** The part of the step that is lit on the stage, by its name. */
  part?: string;
  /** Paragraphs. Whatever numbers they hold come from the recording or from the file of claims. */
  text(facts: Facts): readonly string[];
  /** What a reader can do at the end: settings to train live with, and what the button says. */
  offers?: readonly { label: string; settings: Readonly<Record<string, number | string>> }[];
}

export interface Facts {
  state: State;
  /** Undefined where the file cannot be had. */
  claims?: ClaimsFile;
}

export interface Lesson {
  title: string;
  /** The recorded run that it is about. */
  recording: string;
  pages: readonly LessonPage[];
}
