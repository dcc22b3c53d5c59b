/** What is averaged over images whose objects lie anywhere: told as objects against background, because positions mean nothing there. */
export interface ObjectRow {
  title: string;
  object: number;
  background: number;
  /** What both would be by chance. */
  chance?: number;
}

interface ObjectBarsProps {
  rows: readonly ObjectRow[];
  format(value: number): string;
  /** The value of a whole bar. */
  most: number;
}

export function ObjectBars({ rows, format, most }: ObjectBarsProps) {
  const width = (value: number) => `${(100 * value) / most}%`;
  return (
    <div className="object-rows">
      {rows.map(({ title, chance, ...of }) => (
        <figure key={title}>
          <figcaption>
            <b>{title}</b>
          </figcaption>
          <dl className="object-bars">
            {(["object", "background"] as const).map((where) => (
              <div key={where} className={where}>
                <dt>{where}</dt>
                <dd>{format(of[where])}</dd>
                <dd className="track" aria-hidden="true">
                  <i style={{ width: width(of[where]) }} />
                  {chance !== undefined && <i className="chance" style={{ left: width(chance) }} />}
                </dd>
              </div>
            ))}
          </dl>
        </figure>
      ))}
    </div>
  );
}
