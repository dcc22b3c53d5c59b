/** The papers' tables as studies: each row is set against the first of its table, as people read tables. */
import type { Row } from "../settings/recipes";
import { type Claim, over, type Study } from "./claims";
import type { TaskDefinition } from "./definition";

const SEEDS = 3;
/** Rows with the same printed figure: this much less is still as good. */
const SAME = { name: "rows with the same figure in the paper", value: 1 };

/** A study of each table that the task has rows of. Length, data and instrument are those of the task's own study, where it has one. */
export function tableStudies(task: Pick<TaskDefinition, "rows" | "metric" | "rateNames">, own?: Study): Study[] {
  const rows = Object.entries(task.rows ?? {});
  const score = task.rateNames?.student ?? task.metric;
  return [...new Set(rows.map(([, { of }]) => of))].map((table) => {
    const [first, ...others] = rows.filter(([, { of }]) => of === table);
    return {
      ...{ name: table, about: first[1].table, base: own?.base ?? "evaluate=100", seeds: SEEDS, tuned: own?.tuned ?? [101] },
      ...(own?.instrument && { instrument: own.instrument }),
      claims: others.map((row) => against(first, row, score)),
    };
  });
}

function against([firstName, first]: [string, Row], [name, row]: [string, Row], score: string): Claim {
  const [above, below] = [row.paper, first.paper];
  return {
    ...{ id: name, title: `${row.label}, against ${first.label}`, paper: `${above} against ${below}` },
    ...{ summands: over(`row=${name}`, `row=${firstName}`, score), unit: "points" as const },
    claimed: above === below ? SAME : above > below ? 1 : -1,
  };
}
