/** How well each class is found on held-out images: IoU of student and teacher. */
import { count, percent } from "../../format";
import { useStore } from "../../state/app";
import { classScoresOf, galleryOf } from "./gallery";

export function ClassScores() {
  const scores = useStore(classScoresOf);
  const { classes } = useStore(galleryOf);
  return (
    <section className="panel class-scores" aria-labelledby="classes-title">
      <h2 id="classes-title">IoU by class {scores && <small>step {count(scores.step)}, held-out images</small>}</h2>
      {scores ? (
        <table className="figures-table">
          <thead>
            <tr>
              <th scope="col">class</th>
              <th scope="col">student</th>
              {scores.teacher && <th scope="col">teacher</th>}
            </tr>
          </thead>
          <tbody>
            {classes.map((name, i) => (
              <tr key={name} data-class={name}>
                <th scope="row">{name}</th>
                <Share value={scores.student[i]} />
                {scores.teacher && <Share value={scores.teacher[i]} />}
              </tr>
            ))}
          </tbody>
        </table>
      ) : (
        <p className="hint">
          Of each class, the area that truth and answer have in common, as a share of the area of both. Measured with the first test.
        </p>
      )}
    </section>
  );
}

/** A share as a number and a bar; a dash for a class in neither truth nor prediction. */
function Share({ value }: { value: number }) {
  if (!Number.isFinite(value)) return <td>–</td>;
  return (
    <td>
      {percent(value)}
      <i className="bar" style={{ width: `${100 * value}%` }} aria-hidden="true" />
    </td>
  );
}
