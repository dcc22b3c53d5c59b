/** The large picture in words: each object and who found it, and what else was reported. */
import type { Detection, GroundTruth } from "../../../geometry/boxes";
import { percent } from "../../format";
import type { Found } from "./matches";

/** An image's objects and what is found of them. */
export interface Scene {
  truths: readonly GroundTruth[];
  student: Detection[];
  teacher: Detection[];
  by: Record<"student" | "teacher", Found | undefined>;
  says: string;
}

export function FoundList({ scene: { truths, by, says }, classes, index }: { scene: Scene; classes: string[]; index: number }) {
  const columns = (["student", "teacher"] as const).filter((who) => by[who]);
  return (
    <div className="found-list">
      <p aria-live="polite">
        <b>Image {index + 1}.</b> {says}.
      </p>
      <table className="figures-table">
        <thead>
          <tr>
            <th scope="col">object</th>
            {columns.map((who) => (
              <th key={who} scope="col">
                {who}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {truths.map(({ category }, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: objects have no other name
            <tr key={i}>
              <th scope="row">{classes[category]}</th>
              {columns.map((who) => (
                <td key={who}>{matched(by[who]?.matches[i])}</td>
              ))}
            </tr>
          ))}
          {columns.length > 0 && (
            <tr>
              <th scope="row">false alarms</th>
              {columns.map((who) => (
                <td key={who}>{by[who]?.wrong.length}</td>
              ))}
            </tr>
          )}
        </tbody>
      </table>
      {columns.length > 0 && (
        <p className="hint">
          Score and IoU: the area that both boxes share, over the area they cover together. An object counts as found if the class is right
          and the IoU is at least 50 %.
        </p>
      )}
    </div>
  );
}

const matched = (match: Found["matches"][number]) =>
  match ? `${percent(match.detection.score)}, IoU ${percent(match.overlap)}` : "missed";
