/** What lessons say of claims: what was measured over seeds, or that nothing was. */
import type { Facts } from "./lesson";

/** A claim of a study in a sentence; nothing where the file of claims cannot be had. */
export function told(claims: Facts["claims"], study: string, id: string): string {
  const claim = claims?.claims.find((one) => one.study === study && one.id === id);
  if (!claim) return "";
  if (!claim.interval || claim.difference === null)
    return `${claim.title}: the paper reports ${claim.paper}; here it has not been measured yet.`;
  const ends = claim.interval.map((end) => end.toFixed(1)).join(" to ");
  const by = `${claim.difference > 0 ? "+" : ""}${claim.difference.toFixed(1)}`;
  return `${claim.title}: over ${claim.seeds} seeds ${by} points, 95 % interval ${ends}: ${claim.verdict}.`;
}
