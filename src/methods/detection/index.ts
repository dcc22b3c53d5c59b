/** Detection's distillation methods by name. To add one: its file, and a line here. */
import { amd } from "./amd";
import { dkd } from "./dkd";
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
import { sdd } from "./sdd";

export const DETECTION_METHODS = { samkd, mkd, dmkd, amd, mgd, fgd, freekd, pkd, fitnet, logit, dkd, sdd } as const satisfies Record<
  string,
  DetectionMethod
>;
export type DetectionMethodName = keyof typeof DETECTION_METHODS;
