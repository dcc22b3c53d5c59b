/** TIDE's kinds of mistakes: how many of each there are, and what AP50 would gain without them. */
import { TIDE_ERRORS, type TideError } from "../../../metrics/tide";
import { short } from "../../format";
import { ErrorTable } from "./ErrorTable";
import type { Subject } from "./errorCosts";

const ABOUT: Record<TideError, [label: string, about: string]> = {
  Cls: ["Class", "box right, class wrong"],
  Loc: ["Box", "class right, box overlaps by 10 to 50 %"],
  Both: ["Both", "class wrong, and the box overlaps by 10 to 50 %"],
  Dupe: ["Twice", "an object that is found already"],
  Bkg: ["Background", "overlaps no object by more than 10 %"],
  Miss: ["Missed", "an object that no mistake above, put right, would find"],
};

/** Nothing where none of the networks was measured so. */
export function TideTable({ subjects }: { subjects: readonly Subject[] }) {
  const some = subjects.flatMap(({ id, title, analysis: { tide } }) => (tide ? [{ id, title, tide }] : []));
  if (some.length === 0) return null;
  const most = Math.max(1e-9, ...some.flatMap(({ tide }) => TIDE_ERRORS.map((kind) => tide[kind].gain)));
  return (
    <ErrorTable
      className="tide"
      caption="By TIDE’s kinds: how many points AP50 would gain without such mistakes, and how many there are. Gains do not add up: one mistake hides another."
      rows="mistake"
      subjects={some}
    >
      {TIDE_ERRORS.map((kind) => (
        <tr key={kind} data-tide={kind}>
          <th scope="row">
            <b>{ABOUT[kind][0]}</b> <small>({kind})</small> {ABOUT[kind][1]}
          </th>
          {some.map(({ id, tide }) => (
            <td key={id}>
              <i className="gain" style={{ width: `${(100 * tide[kind].gain) / most}%` }} />+{(100 * tide[kind].gain).toFixed(1)}{" "}
              <small>{short(tide[kind].count)}</small>
            </td>
          ))}
        </tr>
      ))}
    </ErrorTable>
  );
}
