/** What the page and the worker that verifies an adapter say to each other. */
import type { Verdict } from "../ops/verify";
import type { AdapterReport } from "../train/verifyAdapter";

/** Starts it, with `kernels` forced where named. */
export interface VerifyCommand {
  kernels?: string;
}

export type VerifyEvent =
  /** So many verdicts will follow, and then the report. */
  | { type: "begun"; adapter: string; count: number }
  | { type: "verdict"; verdict: Verdict }
  | { type: "report"; report: AdapterReport }
  | { type: "failed"; message: string };
