/** A table of what errors cost: a row for each kind of them, a column for each network. */
import type { ReactNode } from "react";
import type { Subject } from "./errorCosts";

interface Props {
  /** What is told, in a sentence. */
  caption: ReactNode;
  /** What rows are. */
  rows: string;
  subjects: readonly Pick<Subject, "id" | "title">[];
  className?: string;
  children: ReactNode;
}

export function ErrorTable({ caption, rows, subjects, className = "", children }: Props) {
  return (
    <table className={`figures-table ${className}`}>
      <caption>{caption}</caption>
      <thead>
        <tr>
          <th scope="col">{rows}</th>
          {subjects.map(({ id, title }) => (
            <th key={id} scope="col">
              {title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}
