/** A number for every region, in the place of the region. */
import type { ViewSpec } from "../../../methods/method";
import { short } from "../../format";
import type { Focus } from "./featureMaps";

interface RegionTableProps {
  view: string;
  spec: ViewSpec;
  /** Row by row. */
  values: readonly number[];
  focus: Focus;
}

export function RegionTable({ view, spec: { label, note }, values, focus: { regions, region } }: RegionTableProps) {
  const most = Math.max(...values);
  const rows = Array.from({ length: regions }, (_, row) => row);
  return (
    <figure className="regions" data-regions={view}>
      <figcaption>
        <b>{label}</b>
        <span className="answer">{note}</span>
      </figcaption>
      <table aria-label={`${label}, by region`}>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              {rows.map((column) => {
                const at = row * regions + column;
                return <Cell key={column} value={values[at]} most={most} chosen={regions > 1 && at === region} />;
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

function Cell({ value, most, chosen }: { value: number; most: number; chosen: boolean }) {
  return (
    <td className={chosen ? "chosen" : undefined}>
      {short(value)}
      <i className="bar" style={{ width: `${most > 0 ? (100 * Math.max(0, value)) / most : 0}%` }} aria-hidden="true" />
    </td>
  );
}
