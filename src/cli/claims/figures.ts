/** Pictures of finished runs. */
import type { Drawing, DrawnLine, Figure, FigureLine, Study } from "../../tasks/claims";
import { type Cases, judged } from "./report";

/** A study's figure with what was measured; lines without a run are left out. */
export function drawingOf({ name }: Study, { id, title, paper, unit, y, lines }: Figure, cases: Cases): Drawing {
  const [first] = lines;
  const drawn = lines.map((line) => ("cases" in line ? acrossCases(line, unit, cases) : alongSteps(line, unit, cases)));
  return {
    ...{ study: name, id, title, paper, y, x: "against" in first ? first.against.label : "step" },
    lines: drawn.filter(({ points }) => points.length > 0),
  };
}

/** The sum at each test of the runs. */
function alongSteps({ label, summands }: Extract<FigureLine, { summands: unknown }>, unit: Figure["unit"], cases: Cases): DrawnLine {
  const [row] = [...(cases.get(summands[0].of)?.values() ?? [])];
  const told = (row?.curve ?? []).map(({ step }) => {
    const at = step / Number(row.steps);
    return {
      x: step,
      ...judged(
        summands.map((summand) => ({ ...summand, at })),
        unit,
        cases,
      ),
    };
  });
  return lineOf(label, told);
}

/** A point for each case that was run. */
function acrossCases(line: Extract<FigureLine, { cases: unknown }>, unit: Figure["unit"], cases: Cases): DrawnLine {
  const { label, score, against } = line;
  const told = line.cases.map((of) => {
    const [row] = [...(cases.get(of)?.values() ?? [])];
    return { x: Number(row?.[against.score] ?? 0) / against.unit, ...judged([{ of, score }], unit, cases) };
  });
  return lineOf(label, told);
}

type Told = { x: number } & ReturnType<typeof judged>;

function lineOf(label: string, told: readonly Told[]): DrawnLine {
  const known = told.filter(({ difference }) => difference !== null);
  return {
    ...{ label, seeds: Math.max(0, ...known.map(({ seeds }) => seeds)) },
    points: known.map(({ x, difference, interval }) => [x, Number(difference), interval?.[0] ?? null, interval?.[1] ?? null]),
  };
}
