/** A visitor's own picture in words: whose boxes there are, of what and how sure. */
import { percent } from "../../format";
import type { OwnScene } from "./ownScene";

export function OwnList({ scene, classes }: { scene: OwnScene; classes: string[] }) {
  const rows = (["student", "teacher"] as const).flatMap((who) => (scene[who] ?? []).map((one) => ({ who, ...one })));
  return (
    <div className="found-list">
      <p aria-live="polite">
        <b>Your picture.</b> {scene.says}.
      </p>
      {rows.length > 0 && (
        <table className="figures-table">
          <thead>
            <tr>
              <th scope="col">object</th>
              <th scope="col">found by</th>
              <th scope="col">score</th>
            </tr>
          </thead>
          <tbody>
            {rows.map(({ who, category, score }, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: boxes have no other name
              <tr key={i}>
                <th scope="row">{classes[category]}</th>
                <td>{who}</td>
                <td>{percent(score)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="hint">Nobody says what is on it, so no score counts it. It stays in this tab as long as the run.</p>
    </div>
  );
}
