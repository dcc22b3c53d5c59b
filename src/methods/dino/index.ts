/** Self-distillation's methods by name. To add one: its file, and a line here. */
import { dino } from "./dino";
import type { SelfMethod } from "./method";

export const SELF_METHODS = { dino } as const satisfies Record<string, SelfMethod>;
