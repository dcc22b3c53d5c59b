/** What the maps of the stages come to, in numbers. */
import type { ReactNode } from "react";
import type { Stage } from "../../../tasks/frequency";
import { cellsOf, type Grid } from "../../draw/grid";
import { percent, points, short } from "../../format";
import { centreAndBorder, entropy, objectSeen, type Rates, stray } from "./statistics";

export type ShownStage = Stage & Rates;

export const TITLES = { start: "First 5 %", early: "First half", late: "Second half" };

interface StageTableProps {
  stages: ShownStage[];
  grid: Grid;
  /** Where the data know it: the share of each watched image's object in each patch. */
  objects?: Float64Array;
}

/** A column per stage. */
export function StageTable({ stages, grid, objects }: StageTableProps) {
  const n = cellsOf(grid);
  const row = (name: string, title: string, value: (stage: ShownStage) => ReactNode) => (
    <tr key={name}>
      <th scope="row" title={title}>
        {name}
      </th>
      {stages.map((stage) => (
        <td key={stage.name}>{value(stage)}</td>
      ))}
    </tr>
  );
  return (
    <div className="scroll">
      <table className="figures-table">
        <thead>
          <tr>
            <th scope="col">
              <span className="hidden">Figure</span>
            </th>
            {stages.map(({ name }) => (
              <th key={name} scope="col">
                {TITLES[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {row("images", "Training images that were masked; an image counts each time it is used", ({ positions }) =>
            short(positions.images),
          )}
          {row("random, k/N", "How often random choice would keep each position", ({ chance }) => percent(chance))}
          {row("sum of shares = k", "Every image keeps k patches, so the shares add up to k", ({ sum }) => (
            <span data-sum={sum}>{short(sum)}</span>
          ))}
          {row("centre / border", "Mean share over inner positions, and over the outermost ring", ({ rates }) => {
            const { centre, border } = centreAndBorder(rates, grid);
            return `${percent(centre)} / ${percent(border)}`;
          })}
          {row(
            "entropy of f/k",
            `${Math.log(n).toFixed(3)} when all positions are kept alike`,
            ({ rates }) => `${entropy(rates).toFixed(3)} nats`,
          )}
          {row(
            "within chance",
            "A random mask differs from k/N by up to this much by chance (two standard errors)",
            ({ chance, positions }) => `± ${points(stray(chance, positions.images))}`,
          )}
          {objects &&
            row("object seen", "Share of the object that was kept, on the watched held-out images", ({ watched }) =>
              watched.images ? percent(objectSeen(watched, objects)) : "–",
            )}
        </tbody>
      </table>
      <p className="hint">
        The highest entropy is ln {n} = {Math.log(n).toFixed(3)} nats.{" "}
        {objects && "Random choice would show the teacher k/N of the object."}
      </p>
    </div>
  );
}
