/** The papers' tables as studies: each row is set against the first of its table, as people read tables. */
import type { Row } from "../settings/recipes";
import { type Claim, over, type Study } from "./claims";
import type { TaskDefinition } from "./definition";

const SEEDS = 3;
/** Rows with the same printed figure: this much less is still as good. */
const SAME = { name: "rows with the same figure in the paper", value: 1 };

/**
 * A study of each table that the task has rows of. Length, data and instrument are those of the task's own study, where it has one; the
 * instrument is proven with the network that the table is of.
 */
export function tableStudies(task: Pick<TaskDefinition, "rows" | "metric" | "rateNames">, own?: Study): Study[] {
  const rows = Object.entries(task.rows ?? {});
  const score = task.rateNames?.student ?? task.metric;
  return [...new Set(rows.map(([, { of }]) => of))].map((table) => {
    const here = rows.filter(([, { of }]) => of === table);
    const [first, ...others] = here;
    const common = commonOf(here.map(([, row]) => row));
    return {
      ...{ name: table, about: first[1].table, base: own?.base ?? "evaluate=100", seeds: SEEDS, tuned: own?.tuned ?? [101] },
      ...(own?.instrument && { instrument: withCommon(own.instrument, common) }),
      claims: others.map((row) => against(first, row, score)),
    };
  });
}

/** What all rows of a table set alike, but for the method and its own settings, as words of the command line. */
function commonOf(rows: readonly Row[]): string[] {
  const shared = Object.entries(rows[0].values).filter(([key, value]) => rows.every(({ values }) => values[key] === value));
  return shared.flatMap(([key, value]) => (key === "preset" || key.includes(".") ? [] : [`${key}=${value}`]));
}

function withCommon(instrument: NonNullable<Study["instrument"]>, words: readonly string[]): Study["instrument"] {
  const both = (of: string) => [of, ...words].join(" ");
  return { ...instrument, of: both(instrument.of), over: both(instrument.over) };
}

function against([firstName, first]: [string, Row], [name, row]: [string, Row], score: string): Claim {
  const [above, below] = [row.paper, first.paper];
  return {
    ...{ id: name, title: `${row.label}, against ${first.label}`, paper: `${above} against ${below}` },
    ...{ summands: over(`row=${name}`, `row=${firstName}`, score), unit: "points" as const },
    claimed: above === below ? SAME : above > below ? 1 : -1,
  };
}
