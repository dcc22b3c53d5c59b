/** How often each position was kept over the training images, by stage of the run, beside what random choice would give. */
import { type ReactNode, useMemo, useState } from "react";
import type { Stage } from "../../../worker/protocol";
import { DIVERGING_GRADIENT } from "../../draw/colormap";
import { GridCanvas } from "../../draw/GridCanvas";
import { paintDiverging, paintGrid } from "../../draw/patches";
import { percent, points, short } from "../../format";
import { useStore } from "../../state/store";
import { centreAndBorder, entropy, objectSeen, type Rates, ratesOf, stray } from "./statistics";

type Shown = Stage & Rates;

const TITLES = { start: "First 5 %", early: "To the half", late: "Second half" };

export function FrequencyMaps() {
  const frequency = useStore((state) => state.frequency);
  const [reading, setReading] = useState("");
  const stages = useMemo(
    () =>
      (frequency?.stages ?? []).filter(({ positions }) => positions.images > 0).map((stage) => ({ ...stage, ...ratesOf(stage.positions) })),
    [frequency],
  );
  const reach = Math.max(...stages.flatMap(({ rates, chance }) => Array.from(rates, (rate) => Math.abs(rate - chance))));
  return (
    <section className="panel frequency" aria-labelledby="frequency-title">
      <h2 id="frequency-title">Where the mask looks, over the training images</h2>
      {stages.length === 0 ? (
        <Empty />
      ) : (
        <>
          <div className="stages">
            {stages.map((stage) => (
              <StageMap key={stage.name} stage={stage} reach={reach} onRead={setReading} />
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
          <StageTable stages={stages} />
        </>
      )}
    </section>
  );
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
        How often each position is kept, against random choice, at the start of the run, early and late. The maps fill while a run with a
        mask goes on.
      </p>
    </>
  );
}

function StageMap({ stage, reach, onRead }: { stage: Shown; reach: number; onRead(text: string): void }) {
  const { rates, chance, name, positions } = stage;
  const across = Math.sqrt(rates.length);
  const paint = (context: CanvasRenderingContext2D) => {
    paintDiverging(context, rates, chance, reach);
    paintGrid(context, across);
  };
  const differs = (cell: number) => (Math.abs(rates[cell] - chance) > stray(chance, positions.images) ? "" : ", as by chance");
  return (
    <figure>
      <GridCanvas
        across={across}
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

/** What the maps come to, a column per stage. */
function StageTable({ stages }: { stages: Shown[] }) {
  const objects = useStore((state) => state.gallery.objects);
  const n = stages[0].rates.length;
  const row = (name: string, title: string, value: (stage: Shown) => ReactNode) => (
    <tr key={name}>
      <th scope="row" title={title}>
        {name}
      </th>
      {stages.map((stage) => (
        <td key={stage.name}>{value(stage)}</td>
      ))}
    </tr>
  );
  return (
    <div className="scroll">
      <table className="figures-table">
        <thead>
          <tr>
            <th scope="col">
              <span className="hidden">Figure</span>
            </th>
            {stages.map(({ name }) => (
              <th key={name} scope="col">
                {TITLES[name]}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {row("images", "Training images that were masked, each as often as it came", ({ positions }) => short(positions.images))}
          {row("random, k/N", "Share in which random choice would keep each position", ({ chance }) => percent(chance))}
          {row("sum of shares = k", "Every image keeps k patches, so the shares add up to k", ({ sum }) => (
            <span data-sum={sum}>{short(sum)}</span>
          ))}
          {row("centre / border", "Mean share over inner positions, and over the outermost ring", ({ rates }) => {
            const { centre, border } = centreAndBorder(rates);
            return `${percent(centre)} / ${percent(border)}`;
          })}
          {row(
            "entropy of f/k",
            `${Math.log(n).toFixed(3)} when all positions are kept alike`,
            ({ rates }) => `${entropy(rates).toFixed(3)} nats`,
          )}
          {row(
            "as by chance",
            "A random mask's positions stray by up to this (two standard errors)",
            ({ chance, positions }) => `± ${points(stray(chance, positions.images))}`,
          )}
          {objects &&
            row("object seen", "Share of the object that was kept, on the watched held-out images", ({ watched }) =>
              watched.images ? percent(objectSeen(watched, objects)) : "–",
            )}
        </tbody>
      </table>
      <p className="hint">
        Most entropy: ln {n} = {Math.log(n).toFixed(3)} nats. {objects && "Random choice would show the teacher k/N of the object."}
      </p>
    </div>
  );
}
