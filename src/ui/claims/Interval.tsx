/** A difference and its 95 % interval on an axis, with 0 and, where there is one, the margin. */
import type { Measured } from "../../tasks/claims";
import { reach, signed } from "../format";

const [WIDTH, HEIGHT, EDGE] = [220, 30, 8];

type Props = Pick<Measured, "difference" | "interval" | "unit" | "verdict" | "margin">;

export function Interval({ difference, interval, unit, verdict, margin }: Props) {
  if (difference === null) return null;
  const ends = [0, difference, ...(interval ?? []), ...(margin ? [-margin.value] : [])];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const x = (value: number) => EDGE + ((value - low) / (high - low || 1)) * (WIDTH - 2 * EDGE);
  return (
    <svg
      className="interval"
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      data-verdict={verdict}
      role="img"
      aria-label={told({ difference, interval, unit })}
    >
      <line className="zero" x1={x(0)} x2={x(0)} y1={2} y2={HEIGHT - 2} />
      {margin && <line className="margin" x1={x(-margin.value)} x2={x(-margin.value)} y1={2} y2={HEIGHT - 2} />}
      {interval && <line className="reach" x1={x(interval[0])} x2={x(interval[1])} y1={HEIGHT / 2} y2={HEIGHT / 2} />}
      <circle cx={x(difference)} cy={HEIGHT / 2} r={5} />
    </svg>
  );
}

/** "+1.2 points, 95 % interval −0.3 to +2.7". */
export function told({ difference, interval, unit }: Pick<Measured, "difference" | "interval" | "unit">): string {
  if (difference === null) return "not run yet";
  const digits = unit === "nats" ? 3 : 1;
  const mean = `${signed(difference, digits)} ${unit}`;
  return interval ? `${mean}, 95 % interval ${reach(interval, digits)}` : `${mean}, no interval`;
}
