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
  const layers = (
    [
      ["truth", truths],
      ["teacher", teacher],
      ["student", student],
    ] as const
  ).filter(([who]) => shown[who]);
  const boxes = layers.flatMap(([who, boxes]) =>
    boxes.map((one: GroundTruth | Detection) => ({ box: one.box, label: labelOf(one, classes), below: who === "student" })),
  );
  const labels = named ? labelled(boxes, side) : [];
  let at = 0;
  return (
    <svg className="boxed" viewBox={`0 0 ${side} ${side}`} aria-hidden="true">
      <image href={picture} width={side} height={side} />
      {layers.map(([who, boxes]) => (
        <g key={who} className={who} data-boxes={boxes.length}>
          {boxes.map((one: GroundTruth | Detection, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: boxes have no other name
            <Box key={i} box={one.box} side={side} label={labels[at++]} />
          ))}
        </g>
      ))}
    </svg>
  );
}

const labelOf = (one: GroundTruth | Detection, classes: string[]) =>
  "score" in one ? `${classes[one.category]} ${percent(Math.round(100 * one.score) / 100)}` : classes[one.category];

/** A name in a picture: where it ends or begins, and the height of its letters. */
export interface Label {
  text: string;
  x: number;
  y: number;
  anchor: "start" | "end";
}

interface Named {
  box: GroundTruth["box"];
  label: string;
  below: boolean;
}

/** The height of letters, and how wide one is on average, as a share of that. */
const letterOf = (side: number) => side / 34;
const WIDE = 0.6;

/**
 * Names of boxes, above or below them, at the edge of the picture inside. The first come first: one that would cover another is left
 * out, and the list beside the picture has it.
 */
export function labelled(boxes: readonly Named[], side: number): (Label | undefined)[] {
  const letter = letterOf(side);
  const taken: (readonly [left: number, right: number, y: number])[] = [];
  return boxes.map(({ box: [x1, y1, x2, y2], label, below }) => {
    const y = below ? Math.min(side - 1, y2 + letter) : Math.max(letter, y1 - 1);
    const right = x1 > 0.7 * side;
    const x = right ? Math.min(x2, side) : Math.max(0, x1);
    const width = WIDE * letter * label.length;
    const [from, to] = right ? [x - width, x] : [x, x + width];
    if (taken.some(([left, end, height]) => from < end && to > left && Math.abs(height - y) < letter)) return undefined;
    taken.push([from, to, y]);
    return { text: label, x, y, anchor: right ? "end" : "start" };
  });
}

function Box({ box: [x1, y1, x2, y2], side, label }: { box: GroundTruth["box"]; side: number; label?: Label }) {
  const rect = { x: x1, y: y1, width: x2 - x1, height: y2 - y1 };
  return (
    <>
      <rect className="halo" {...rect} />
      <rect {...rect} />
      {label && (
        <text x={label.x} y={label.y} fontSize={letterOf(side)} textAnchor={label.anchor}>
          {label.text}
        </text>
      )}
    </>
  );
}
