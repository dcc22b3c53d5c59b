/** What lessons say of claims: what was measured over seeds, or that nothing was. */
import type { Agreement } from "../../metrics/paired";
import { reach, signed } from "../format";
import type { Facts } from "./lesson";

/** A claim of a study in a sentence; nothing where the file of claims cannot be had. */
export function told(claims: Facts["claims"], study: string, id: string): string {
  const claim = claims?.claims.find((one) => one.study === study && one.id === id);
  if (!claim) return "";
  if (!claim.interval || claim.difference === null)
    return `${claim.title}: the paper reports ${claim.paper}; here it has not been measured yet.`;
  const { title, seeds, difference, interval, verdict, together } = claim;
  const alone = together === false ? ", though not when all claims of the study are judged together" : "";
  return `${title}: over ${seeds} seeds the difference is ${signed(difference)} points, 95 % interval ${reach(interval)}, ${VERDICTS[verdict]}${alone}.`;
}

const VERDICTS: Record<Agreement, string> = {
  agrees: "which agrees with the paper",
  opposite: "the opposite of what the paper says",
  "cannot tell": "which cannot tell",
};

/** What several claims come to, where one run says nothing of them. */
export const toldOfSeveral = (claims: Facts["claims"], study: string, ...ids: string[]): string =>
  ["One run cannot tell; pairs of runs under the same seeds can.", ...ids.map((id) => told(claims, study, id))].filter(Boolean).join(" ");
