/** Each task's components besides its pictures, by the name of the task. */
import type { ComponentType } from "react";
import { taskOf } from "../../tasks";
import type { State } from "../state/store";
import { AUDIO_PARTS } from "./audio/parts";
import { CLASSIFICATION_PARTS } from "./classification/parts";
import { DETECTION_PARTS } from "./detection/parts";
import { DINO_PARTS } from "./dino/parts";
import { MIM_PARTS } from "./mim/parts";
import { SEGMENTATION_PARTS } from "./segmentation/parts";
import type { Pickable } from "./stage/Picker";
import { YOLOS_PARTS } from "./yolos/parts";

export interface TaskParts {
  /** Under the charts. */
  Details: ComponentType;
  /** What networks can be imported, and what to say about their files. */
  ImportHelp: ComponentType;
  /** The pictures that are watched, of which two runs are compared. */
  pictures?(state: State): readonly Pickable[];
  /** What stands below the control of a setting, by key. */
  extras?: Readonly<Record<string, ComponentType<ExtrasProps>>>;
}

export interface ExtrasProps {
  value: string | number;
  onChange(value: string | number): void;
}

const PARTS: Readonly<Record<string, TaskParts>> = {
  classification: CLASSIFICATION_PARTS,
  detection: DETECTION_PARTS,
  segmentation: SEGMENTATION_PARTS,
  dino: DINO_PARTS,
  audio: AUDIO_PARTS,
  yolos: YOLOS_PARTS,
  mim: MIM_PARTS,
};

/** The components of the task that a preset belongs to. */
export const partsOf = (preset: string): TaskParts => PARTS[taskOf(preset).name];
