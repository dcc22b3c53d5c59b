/** Charts as tables, for those who would rather read than look. Rows are thinned to a readable number. */
import { useState } from "react";
import { percent, short } from "../format";
import type { Evaluation, Point } from "../history";

const ROWS = 25;

interface PointTableProps {
  points: Point[];
  /** Whose values: terms of the loss, or smoothed shares, which are shown in percent. */
  of: "losses" | "smooth";
  columns: string[];
  titles: string[];
}

export function PointTable({ points, of, columns, titles }: PointTableProps) {
  const present = columns.map((key, i) => ({ key, title: titles[i] })).filter(({ key }) => points.at(-1)?.[of][key] !== undefined);
  const stride = Math.max(1, Math.ceil(points.length / ROWS));
  const rows = points.filter((_, i) => (points.length - 1 - i) % stride === 0);
  const text = (value?: number) => (value === undefined ? "" : of === "smooth" ? percent(value) : short(value));
  if (points.length === 0) return null;
  return (
    <Table summary="Show as table" head={["step", ...present.map(({ title }) => title)]}>
      {() => rows.map((row) => [String(row.step), ...present.map(({ key }) => text(row[of][key]))])}
    </Table>
  );
}

export function EvaluationTable({ evaluations }: { evaluations: Evaluation[] }) {
  return (
    <Table summary="Held-out tests as table" head={["step", "top-1", "images"]}>
      {() => evaluations.map(({ step, scores, count }) => [String(step), percent(scores.top1), String(count)])}
    </Table>
  );
}

/** Cells are worked out only while somebody looks. */
function Table({ summary, head, children }: { summary: string; head: string[]; children(): string[][] }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>{summary}</summary>
      {open && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls has to be reachable by keyboard
        <section className="scroll" tabIndex={0} aria-label={summary}>
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
