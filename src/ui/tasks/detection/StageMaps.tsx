/** The pictures in the parts of a detector's stage: maps of one level, and what regions find likely. */
import { GridCanvas } from "../../draw/GridCanvas";
import { paintGrid, paintHeat, paintMask, paintMultiples, paintPicture } from "../../draw/patches";
import { percent, short } from "../../format";
import { widthOf } from "../stage/Losses";
import { paintRegions } from "./borders";
import { extremes, type Plane } from "./featureMaps";
import { regionsAt, type Scale, type Step } from "./stageFacts";
import { cellFacts, countOf, levelCell, nameOf } from "./stageWords";

export interface MapProps {
  step: Step;
  picture: HTMLCanvasElement;
  title: string;
  onRead(text: string): void;
  onCell(cell: number): void;
}

interface PaintedProps extends MapProps {
  paint(context: CanvasRenderingContext2D): void;
  /** For tests: how many places are left. */
  kept?: number;
}

/** A map on the level's grid; each cell tells its row, whichever map it is picked on. */
function Painted({ step, title, paint, kept, onRead, onCell }: PaintedProps) {
  return (
    <figure className="stage-map">
      <GridCanvas
        grid={step.grid}
        label={`${title}.`}
        paint={paint}
        describe={(cell) => cellFacts(step, cell)}
        onRead={onRead}
        onPick={onCell}
        kept={kept}
      />
      <figcaption>{title}</figcaption>
    </figure>
  );
}

/** The teacher's attention within the regions of a scale, over the picture. */
export function AttentionMap({ scale, ...props }: MapProps & { scale: Scale }) {
  const paint = (context: CanvasRenderingContext2D) => {
    paintMultiples(context, scale.attention!, props.step.grid);
    borders(context, scale, props.step);
  };
  return <Painted {...props} paint={paint} />;
}

const borders = (context: CanvasRenderingContext2D, { regions }: Scale, { grid: [height, width] }: Step) => {
  if (regions > 1) paintRegions(context, regions, { height, width });
};

const stays = ({ values }: Plane) => new Set([...values.keys()].filter((i) => values[i] !== 0));

/** The picture, its erased places hatched. */
export function MaskMap({ scale, ...props }: MapProps & { scale: Scale }) {
  const visible = scale.visible!;
  const paint = (context: CanvasRenderingContext2D) => {
    paintPicture(context, props.picture);
    paintMask(context, stays(visible), props.step.grid);
    borders(context, scale, props.step);
  };
  return <Painted {...props} paint={paint} kept={countOf(visible, 1)} />;
}

/** How strong features are, on the scale of all of them; with `visible`, hatched where they are hidden. */
export function HeatMap({ plane, range, visible, ...props }: MapProps & { plane: Plane; range?: [number, number]; visible?: Plane }) {
  const paint = (context: CanvasRenderingContext2D) => {
    paintHeat(context, plane.values, props.step.grid, range ?? extremes(plane.values));
    if (visible) paintMask(context, stays(visible), props.step.grid);
  };
  return <Painted {...props} paint={paint} kept={visible && countOf(visible, 1)} />;
}

/** A number for each region, in its place. */
export function RegionMap({ scale, values, ...props }: MapProps & { scale: Scale; values: readonly number[] }) {
  const { grid } = props.step;
  const paint = (context: CanvasRenderingContext2D) => {
    const where = regionsAt(scale.regions, grid);
    paintHeat(
      context,
      where.map((region) => values[region]),
      grid,
      [0, Math.max(...values, 1e-9)],
    );
    borders(context, scale, props.step);
  };
  return <Painted {...props} paint={paint} />;
}

/** The student's image, its hidden patches hatched. */
export function InputMap({ step, picture, title, onRead }: MapProps) {
  const input = step.input!;
  const grid = [input.height, input.width] as const;
  const paint = (context: CanvasRenderingContext2D) => {
    paintPicture(context, picture);
    paintMask(context, stays(input), grid);
    paintGrid(context, grid);
  };
  return (
    <figure className="stage-map">
      <GridCanvas
        grid={grid}
        label={`${title}.`}
        paint={paint}
        describe={(patch) =>
          `${input.values[patch] ? "visible" : "hidden"}; in its middle ${cellFacts(step, levelCell(patch, input, step.grid))}`
        }
        onRead={onRead}
        kept={countOf(input, 1)}
      />
      <figcaption>{title}</figcaption>
    </figure>
  );
}

const LIKELIEST = 3;

/** What teacher and student find likeliest in a region, and what that weighs. */
export function RegionBars({ scale, region }: { scale: Scale; region: number }) {
  const likely = scale.likely?.[region];
  if (!likely) return null;
  const shown = likely.toSorted((a, b) => b.teacher - a.teacher).slice(0, LIKELIEST);
  const [w, kl] = [scale.weight?.[region] ?? 1, scale.divergence?.[region] ?? 0];
  return (
    <ul className="bars pairs" aria-label={`What is found likely in region ${region + 1} of ${nameOf(scale.regions)}`}>
      {shown.map(({ name, teacher, student }) => (
        <li key={name}>
          <span>{name}</span>
          <output>
            {percent(Math.round(100 * teacher) / 100)} · {percent(Math.round(100 * student) / 100)}
          </output>
          <i style={{ width: widthOf(teacher), background: "var(--teacher)" }} />
          <i style={{ width: widthOf(student), background: "var(--student)" }} />
        </li>
      ))}
      <li className="said">
        W {short(w)} × KL {short(kl)} = <b>{short(w * kl)}</b>
      </li>
    </ul>
  );
}
