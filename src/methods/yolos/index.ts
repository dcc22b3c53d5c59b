/** Methods of detection by transformer, by name. To add one: its file, and a line here. */
import type { YolosMethod } from "./method";
import { yolos } from "./yolos";

export const YOLOS_METHODS = { yolos } as const satisfies Record<string, YolosMethod>;
