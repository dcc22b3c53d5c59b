/** The half of MaskedKD's Table 12 that is about detection, as settings. `paper` is the AP on Pascal VOC that is printed, in %. */
import { type Row, tableRows } from "../../settings/recipes";

export const ROWS: Readonly<Record<string, Row>> = tableRows(
  "maskedkd-12-yolos",
  "MaskedKD, Table 12: detection",
  { preset: "yolos" },
  {
    all: ["every patch", 45.4, { keep: 1 }],
    "kept-50": ["50 % masked", 45.9, { keep: 0.5 }],
  },
);
