/** An image with boxes: ground truth, and what teacher and student find. Colours and dashes are in the style sheet. */
import type { Detection, GroundTruth } from "../../../geometry/boxes";
import { percent } from "../../format";

export interface Shown {
  truth: boolean;
  teacher: boolean;
  student: boolean;
}

interface BoxedProps {
  /** Address of the picture. */
  picture: string;
  side: number;
  classes: string[];
  shown: Shown;
  truths: readonly GroundTruth[];
  student: readonly Detection[];
  teacher: readonly Detection[];
  /** Whether boxes say what they are of. */
  named: boolean;
}

export function Boxed({ picture, side, classes, shown, truths, student, teacher, named }: BoxedProps) {
  const layers = [
    ["truth", truths],
    ["teacher", teacher],
    ["student", student],
  ] as const;
  return (
    <svg className="boxed" viewBox={`0 0 ${side} ${side}`} aria-hidden="true">
      <image href={picture} width={side} height={side} />
      {layers
        .filter(([who]) => shown[who])
        .map(([who, boxes]) => (
          <g key={who} className={who} data-boxes={boxes.length}>
            {boxes.map((one: GroundTruth | Detection, i) => (
              <Box
                // biome-ignore lint/suspicious/noArrayIndexKey: boxes have no other name
                key={i}
                box={one.box}
                side={side}
                label={named ? labelOf(one, classes) : undefined}
                below={who === "student"}
              />
            ))}
          </g>
        ))}
    </svg>
  );
}

const labelOf = (one: GroundTruth | Detection, classes: string[]) =>
  "score" in one ? `${classes[one.category]} ${percent(Math.round(100 * one.score) / 100)}` : classes[one.category];

/** Names stand above or below their box; at the edge of the picture they stand inside it. */
function Box({ box: [x1, y1, x2, y2], side, label, below }: { box: GroundTruth["box"]; side: number; label?: string; below: boolean }) {
  const letter = side / 34;
  const y = below ? Math.min(side - 1, y2 + letter) : Math.max(letter, y1 - 1);
  const right = x1 > 0.7 * side;
  const rect = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
  return (
    <>
      <rect className="halo" {...rect} />
      <rect {...rect} />
      {label && (
        <text x={right ? Math.min(x2, side) : Math.max(0, x1)} y={y} fontSize={letter} textAnchor={right ? "end" : "start"}>
          {label}
        </text>
      )}
    </>
  );
}
