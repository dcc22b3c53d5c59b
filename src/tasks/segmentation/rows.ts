/** The half of MaskedKD's Table 12 that is about segmentation, as settings. `paper` is the mean IoU on ADE20k that is printed, in %. */
import { type Row, tableRows } from "../../settings/recipes";

export const ROWS: Readonly<Record<string, Row>> = tableRows(
  "maskedkd-12",
  "MaskedKD, Table 12: segmentation",
  { preset: "segmenter" },
  {
    all: ["every patch", 38.7, { keep: 1 }],
    "kept-75": ["25 % masked", 38.8, { keep: 0.75 }],
  },
);
