/** The terms of the loss, as they are added: weighted. */
import { short } from "../../format";

export interface LossTerm {
  term: string;
  /** With its weight, where that is not 1. */
  name: string;
  /** As it is added. */
  value: number;
  /** A CSS colour. */
  colour: string;
}

export function Losses({ terms }: { terms: readonly LossTerm[] }) {
  if (terms.length === 0) return <p className="silent">No step yet.</p>;
  const most = Math.max(...terms.map(({ value }) => value), 1e-9);
  return (
    <ul className="bars" aria-label="Terms of the loss, as they are added">
      {terms.map(({ term, name, value, colour }) => (
        <li key={term}>
          <span>{name}</span>
          <i style={{ width: widthOf(value / most), background: colour }} />
          <output>{short(value)}</output>
        </li>
      ))}
      <li className="said">
        sum <b>{short(terms.reduce((sum, { value }) => sum + value, 0))}</b>, on the last batch
      </li>
    </ul>
  );
}

/** A share of the whole width, in CSS. */
export const widthOf = (share = 0) => `${100 * share}%`;
