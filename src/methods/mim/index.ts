/** Methods of masked image modelling by name. To add one: its file, and a line here. */
import type { MethodInfo } from "../method";
import { mim } from "./mim";

export const MIM_METHODS = { mim } as const satisfies Record<string, MethodInfo>;
