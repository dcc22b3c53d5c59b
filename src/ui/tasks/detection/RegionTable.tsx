/** A number for every region, in the place of the region. */
import { short } from "../../format";

interface RegionTableProps {
  title: string;
  name: string;
  help: string;
  /** Row by row. */
  values: readonly number[];
  side: number;
  /** The region that is chosen. */
  cell: number;
}

export function RegionTable({ title, name, help, values, side, cell }: RegionTableProps) {
  const most = Math.max(...values);
  const rows = Array.from({ length: side }, (_, row) => row);
  return (
    <figure className="regions" data-regions={name}>
      <figcaption>
        <b>{title}</b>
        <span className="answer">{help}</span>
      </figcaption>
      <table aria-label={`${title}, by region`}>
        <tbody>
          {rows.map((row) => (
            <tr key={row}>
              {rows.map((column) => (
                <Cell key={column} value={values[row * side + column]} most={most} chosen={side > 1 && row * side + column === cell} />
              ))}
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
