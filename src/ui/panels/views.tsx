/** What each method is shown with. Charts need no entry: they draw whatever a run reports. */
import type { ReactNode } from "react";
import { CostCard } from "./CostCard";
import { FrequencyMaps } from "./FrequencyMaps";
import { Pictures } from "./Pictures";

interface Views {
  /** Over the charts. */
  pictures: ReactNode;
  /** Under them. */
  details: ReactNode;
  paper: ReactNode;
}

const MASKEDKD: Views = {
  pictures: <Pictures />,
  details: (
    <>
      <FrequencyMaps />
      <CostCard />
    </>
  ),
  paper: (
    <>
      Son et al., <cite>The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers</cite>, ECCV 2024.
    </>
  ),
};

const VIEWS: Record<string, Views> = { maskedkd: MASKEDKD };

export const viewsOf = (preset: string): Views => VIEWS[preset] ?? MASKEDKD;
