/** Audio's methods by name: each is a preset. To add one: its file, and a line here. */
import type { ClassificationMethod } from "../classification/method";
import { ast } from "./ast";

export const AUDIO_METHODS = { ast } as const satisfies Record<string, ClassificationMethod>;
