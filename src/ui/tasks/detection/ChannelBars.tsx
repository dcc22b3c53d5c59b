/** A bar for every channel; erased ones are hollow, and a line marks the threshold. */
import { percent, short } from "../../format";

interface ChannelBarsProps {
  title: string;
  note: string;
  values: ArrayLike<number>;
  /** How often each channel is erased; 0 or 1 at a single step. */
  erased?: ArrayLike<number>;
  threshold?: number;
}

const HEIGHT = 70;

export function ChannelBars({ title, note, values, erased, threshold }: ChannelBarsProps) {
  const all = Array.from(values);
  const most = Math.max(threshold ?? 0, ...all) || 1;
  const y = (value: number) => HEIGHT - (HEIGHT - 2) * (value / most);
  const gone = all.flatMap((_, i) => (erased && erased[i] > 0.5 ? [i + 1] : []));
  const label = `${title}: ${all.length} channels from ${short(Math.min(...all))} to ${short(Math.max(...all))}`;
  return (
    <figure className="channels" data-erased={erased && gone.length}>
      <figcaption>
        <b>{title}</b>
        <span className="answer">{note}</span>
      </figcaption>
      <svg viewBox={`0 0 ${all.length} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={label}>
        {all.map((value, i) => (
          <rect
            // biome-ignore lint/suspicious/noArrayIndexKey: channels have no other name
            key={i}
            className={erased && erased[i] > 0.5 ? "erased" : undefined}
            x={i + 0.1}
            y={y(value)}
            width={0.8}
            height={HEIGHT - y(value)}
          >
            <title>{`channel ${i + 1}: ${short(value)}${erased && erased[i] > 0.5 ? ", erased" : ""}`}</title>
          </rect>
        ))}
        {threshold !== undefined && <line x1="0" x2={all.length} y1={y(threshold)} y2={y(threshold)} />}
      </svg>
      {erased && (
        <p className="hint">
          {gone.length} of {all.length} channels erased ({percent(gone.length / all.length)}), drawn hollow.
        </p>
      )}
    </figure>
  );
}
