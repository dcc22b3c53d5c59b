/** Charts as tables, for those who prefer to read. Rows are thinned to a readable number. */
import { useState } from "react";
import { percent } from "../format";
import { type Evaluation, numbersOf, type Point } from "../state/history";
import { type Curve, type CurveLook, labelOf } from "./curves";

const ROWS = 25;

interface PointTableProps {
  /** Of the chart. */
  title: string;
  points: Point[];
  /** Which set of a point's numbers. */
  of: string;
  curves: Curve[];
  format(value: number): string;
}

export function PointTable({ title, points, of, curves, format }: PointTableProps) {
  const stride = Math.max(1, Math.ceil(points.length / ROWS));
  const rows = points.filter((_, i) => (points.length - 1 - i) % stride === 0);
  const text = (value?: number) => (value === undefined ? "" : format(value));
  if (points.length === 0) return null;
  return (
    <Table summary="Show as table" label={`${title} over steps, as a table`} head={["step", ...curves.map(({ label }) => label)]}>
      {() => rows.map((row) => [String(row.step), ...curves.map(({ name }) => text(numbersOf(row, of)[name]))])}
    </Table>
  );
}

interface EvaluationTableProps {
  title: string;
  evaluations: Evaluation[];
  /** What scores are called, by name. */
  looks: Readonly<Record<string, CurveLook>>;
}

export function EvaluationTable({ title, evaluations, looks }: EvaluationTableProps) {
  // A test may leave out what its images have none of.
  const names = [...new Set(evaluations.flatMap(({ scores }) => Object.keys(scores)))];
  const text = (score?: number) => (score === undefined ? "–" : percent(score));
  return (
    <Table
      summary="Held-out tests as table"
      label={`${title}, held-out tests as a table`}
      head={["step", ...names.map((name) => labelOf(name, looks)), "images"]}
    >
      {() => evaluations.map(({ step, scores, count }) => [String(step), ...names.map((name) => text(scores[name])), String(count)])}
    </Table>
  );
}

interface TableProps {
  summary: string;
  /** A name that no other table of the page has. */
  label: string;
  head: string[];
  children(): string[][];
}

/** Cells are computed only while the table is open. */
function Table({ summary, label, head, children }: TableProps) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{summary}</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
        <section className="scroll" tabIndex={0} aria-label={label}>
          <table>
            <thead>
              <tr>
                {head.map((title) => (
                  <th key={title} scope="col">
                    {title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {children().map(([first, ...cells]) => (
                <tr key={first}>
                  <th scope="row">{first}</th>
                  {cells.map((cell, i) => (
                    <td key={head[i + 1]}>{cell}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </section>
      )}
    </details>
  );
}
