/** Components of masked image modelling: there is nothing besides its pictures. */
import type { TaskParts } from "../parts";

export const MIM_PARTS: TaskParts = { Details: () => null, ImportHelp: () => null };
