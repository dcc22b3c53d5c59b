/** The claims as a table for people. */
import type { ClaimsFile, Measured } from "../../tasks/claims";

/** Markdown: the instruments in sentences, then a row for each claim. */
export function tableOf({ code, adapter, instrument, claims }: ClaimsFile): string {
  const proofs = instrument.map(({ study, about, proven, ...told }) => {
    if (proven && told.difference === null) return `**${study}** (${about}): costs, for which nothing has to be learned.`;
    const verdict = proven ? "It shows what a teacher gives." : "Not proven: nothing is concluded from it.";
    return `**${study}** (${about}): teacher over none ${differenceOf({ ...told, unit: "points" })}. ${verdict}`;
  });
  const head = ["claim", "paper", "measured", "difference", "seeds", "verdict"];
  const rows = claims.map((claim) => [
    `${claim.id}. ${claim.title}`,
    claim.paper,
    claim.measured,
    differenceOf(claim),
    claim.seeds,
    verdictOf(claim),
  ]);
  const lines = [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return [`Code ${code}, ${adapter}.`, "", ...proofs, "", ...lines].join("\n");
}

/** "+1.2 [-0.3, 2.7] points". */
function differenceOf({ difference, interval, unit }: Pick<Measured, "difference" | "interval" | "unit">): string {
  if (difference === null) return "not run";
  const digits = unit === "nats" ? 3 : 1;
  const reach = interval ? ` [${interval.map((end) => end.toFixed(digits)).join(", ")}]` : " (no interval)";
  return `${difference > 0 ? "+" : ""}${difference.toFixed(digits)}${reach} ${unit}`;
}

function verdictOf({ verdict, margin, together }: Measured): string {
  const alone = together === false ? "; alone, not among all claims of the study (Holm)" : "";
  return margin ? `${verdict} (margin ${margin.value}: ${margin.name})${alone}` : `${verdict}${alone}`;
}
