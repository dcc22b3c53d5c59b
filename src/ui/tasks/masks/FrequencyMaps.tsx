/** How often each position was kept over the training images, by stage of the run, beside what random choice would give. */
import { useMemo, useState } from "react";
import type { Frequency } from "../../../tasks/frequency";
import { DIVERGING_GRADIENT } from "../../draw/colormap";
import { Folded } from "../../draw/Folded";
import { GridCanvas } from "../../draw/GridCanvas";
import { cellsOf, type Grid } from "../../draw/grid";
import { ObjectBars, type ObjectRow } from "../../draw/ObjectBars";
import { paintDiverging, paintGrid } from "../../draw/patches";
import { percent, points } from "../../format";
import { type ShownStage, StageTable, TITLES } from "./StageTable";
import { backgroundSeen, objectSeen, ratesOf, stray } from "./statistics";

interface FrequencyMapsProps {
  frequency?: Frequency;
  /** Rows and columns of patches that can be masked. */
  grid: Grid;
  /** Where the data know it: the share of each watched image's object in each patch. */
  objects?: Float64Array;
  /** Whether objects lie anywhere, so that an average over images says nothing by position. */
  anywhere?: boolean;
}

export function FrequencyMaps({ frequency, grid, objects, anywhere }: FrequencyMapsProps) {
  const [reading, setReading] = useState("");
  const stages = useMemo(() => shownStages(frequency, grid), [frequency, grid]);
  const byObject = useMemo(() => (objects && anywhere ? objectRows(stages, objects, grid) : []), [stages, objects, anywhere, grid]);
  const reach = Math.max(...stages.flatMap(({ rates, chance }) => Array.from(rates, (rate) => Math.abs(rate - chance))));
  return (
    <section className="panel frequency" aria-labelledby="frequency-title">
      <h2 id="frequency-title">Which patches are kept</h2>
      {stages.length === 0 ? (
        <Empty />
      ) : (
        <>
          {byObject.length > 0 && (
            <>
              <ObjectBars rows={byObject} format={percent} most={1} />
              <p className="hint">
                Share of the object, and of patches with none of it, that was kept on the watched held-out images; the mark is random
                choice. Objects lie anywhere, so positions mean little on average.
              </p>
            </>
          )}
          <Folded title={byObject.length > 0 ? "By position" : undefined}>
            <div className="stages">
              {stages.map((stage) => (
                <StageMap key={stage.name} stage={stage} grid={grid} reach={reach} onRead={setReading} />
              ))}
            </div>
            <div className="under">
              <p className="reading" aria-live="polite">
                {reading || "Share of images in which the position was kept."}
              </p>
              <span className="legend">
                −{points(reach)} <i style={{ background: DIVERGING_GRADIENT }} aria-hidden="true" /> +{points(reach)} against random
              </span>
            </div>
          </Folded>
          <StageTable stages={stages} grid={grid} objects={objects} />
        </>
      )}
    </section>
  );
}

/** Stages in which the watched images were looked at. */
function objectRows(stages: readonly ShownStage[], objects: Float64Array, grid: Grid): ObjectRow[] {
  return stages.flatMap(({ name, watched, chance }) => {
    const background = watched.images ? backgroundSeen(watched, objects, cellsOf(grid)) : undefined;
    return background === undefined ? [] : [{ title: TITLES[name], object: objectSeen(watched, objects), background, chance }];
  });
}

/** The stages in which something was counted, on the grid as it is now. */
function shownStages(frequency: Frequency | undefined, grid: Grid): ShownStage[] {
  return (frequency?.stages ?? [])
    .filter(({ positions: { images, counts } }) => images > 0 && counts.length === cellsOf(grid))
    .map((stage) => ({ ...stage, ...ratesOf(stage.positions) }));
}

/** What will be here. */
function Empty() {
  return (
    <>
      <div className="stages">
        {Object.values(TITLES).map((title) => (
          <figure key={title}>
            <div className="placeholder" />
            <figcaption>
              <b>{title}</b>
            </figcaption>
          </figure>
        ))}
      </div>
      <p className="hint">
        How often each position is kept, compared with random choice, at the start of the run, early and late. The maps fill while you train
        with a mask.
      </p>
    </>
  );
}

interface StageMapProps {
  stage: ShownStage;
  grid: Grid;
  reach: number;
  onRead(text: string): void;
}

function StageMap({ stage, grid, reach, onRead }: StageMapProps) {
  const { rates, chance, name, positions } = stage;
  const paint = (context: CanvasRenderingContext2D) => {
    paintDiverging(context, rates, grid, chance, reach);
    paintGrid(context, grid);
  };
  const differs = (cell: number) => (Math.abs(rates[cell] - chance) > stray(chance, positions.images) ? "" : ", within chance");
  return (
    <figure>
      <GridCanvas
        grid={grid}
        label={`${TITLES[name]}: how often each position was kept, against ${percent(chance)} by random choice.`}
        paint={paint}
        describe={(cell) => `kept in ${percent(rates[cell])}, random ${percent(chance)}${differs(cell)}`}
        onRead={(text) => onRead(text && `${TITLES[name]}. ${text}`)}
      />
      <figcaption>
        <b>{TITLES[name]}</b>
      </figcaption>
    </figure>
  );
}
