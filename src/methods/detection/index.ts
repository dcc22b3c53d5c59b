/** Detection's distillation methods by name. To add one: its file, and a line here. */
import { dmkd } from "./dmkd";
import { fgd } from "./fgd";
import { fitnet } from "./fitnet";
import { freekd } from "./freekd";
import { logit } from "./logit";
import type { DetectionMethod } from "./method";
import { mgd } from "./mgd";
import { mkd } from "./mkd";
import { pkd } from "./pkd";
import { samkd } from "./samkd";

export const DETECTION_METHODS = { samkd, mkd, dmkd, mgd, fgd, freekd, pkd, fitnet, logit } as const satisfies Record<
  string,
  DetectionMethod
>;
export type DetectionMethodName = keyof typeof DETECTION_METHODS;
