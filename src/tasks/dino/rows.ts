/**
 * Rows of MaskedKD's Table 4 as settings: self-distillation of DeiT-S. `paper` is the linear probe's top-1 that is printed, in %. Shares are those
 * of 170, 150, 130 and 120 of 196 patches, which its PFLOPs tell.
 */
import { type Row, tableRows } from "../../settings/recipes";

export const ROWS: Readonly<Record<string, Row>> = tableRows(
  "maskedkd-4",
  "MaskedKD, Table 4: DINO",
  { preset: "dino" },
  {
    dino: ["every patch", 73.7, { keep: 1 }],
    "kept-87": ["87 %", 73.9, { keep: 0.867 }],
    "kept-77": ["77 %", 74.0, { keep: 0.765 }],
    "kept-66": ["66 %", 74.2, { keep: 0.663 }],
    "kept-61": ["61 %", 73.6, { keep: 0.612 }],
  },
);
