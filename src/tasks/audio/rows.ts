/** Rows of MaskedKD's Table 3 as settings: audio transformers on ESC-50. `paper` is the accuracy that is printed, in %. */
import { type Row, tableRows } from "../../settings/recipes";

export const ROWS: Readonly<Record<string, Row>> = tableRows(
  "maskedkd-3",
  "MaskedKD, Table 3: sounds",
  { preset: "ast" },
  {
    alone: ["no distillation", 85.1, { teacher: "none" }],
    logit: ["every patch", 86.3, { keep: 1 }],
    "kept-83": ["83 %", 86.4, { keep: 0.833 }],
    "kept-50": ["50 %", 85.7, { keep: 0.5 }],
  },
);
