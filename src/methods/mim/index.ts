/** Methods of masked image modelling by name. To add one: its file, and a line here. */
import type { MethodInfo } from "../method";
import { g2sd } from "./g2sd";
import { mim } from "./mim";

export const MIM_METHODS = { mim, g2sd } as const satisfies Record<string, MethodInfo>;
