/** The wings of the house. To open another: its folder here, its half of the page in `ui/tasks`, and a line in both lists. */
import type { MethodInfo } from "../methods/method";
import type { Settings } from "../settings/run";
import { Schema } from "../settings/schema";
import { audio } from "./audio";
import { classification } from "./classification";
import type { TaskDefinition } from "./definition";
import { detection } from "./detection";
import { dino } from "./dino";
import { mim } from "./mim";
import { segmentation } from "./segmentation";
import { yolos } from "./yolos";

/** By name. The first task's first method is the default preset. */
export const TASKS: Readonly<Record<string, TaskDefinition>> = {
  classification,
  detection,
  segmentation,
  dino,
  audio,
  yolos,
  mim,
} as never;

/** Every setting there is. */
export const SCHEMA = new Schema(Object.values(TASKS));

/** The task that a preset's students learn. Throws a SettingError for an unknown preset. */
export function taskOf(preset: string): TaskDefinition {
  SCHEMA.of(preset);
  return Object.values(TASKS).find(({ methods }) => preset in methods) as TaskDefinition;
}

/** Whether a run takes no teacher from outside: it makes its own, or there is none. */
export const ownTeacher = (preset: string): boolean => String(teachersOf(preset)) === "none";

/** Whether students of these settings, of one task, have teachers of the same kind. */
export function sameTeacherKind(...both: [Settings, Settings]): boolean {
  const [a, b] = both.map((settings) => JSON.stringify(taskOf(settings.preset).teacherKind?.(settings)));
  return a === b;
}

/** Whether a student cannot learn without a teacher. */
export const needsTeacher = (preset: string): boolean => !teachersOf(preset).includes("none");

function teachersOf(preset: string): readonly string[] {
  const setting = SCHEMA.setting("teacher", preset);
  return setting.kind === "choice" ? setting.options : [];
}

/** The method that a preset names. Throws a SettingError for an unknown preset. */
export const methodOf = (preset: string): MethodInfo => taskOf(preset).methods[preset];
