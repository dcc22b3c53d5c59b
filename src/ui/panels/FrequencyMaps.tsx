/** How often each position was kept over the training images, by thirds of the run, beside what chance would give. */
import { useState } from "react";
import type { Stage } from "../../worker/protocol";
import { paintGrid, paintHeat, rangeOf } from "../draw/patches";
import { percent, short } from "../format";
import { borderRatio, evenness } from "../statistics";
import { useStore } from "../store";
import { GridCanvas } from "./GridCanvas";
import { Legend } from "./Pictures";

type Shown = Stage & { rates: number[]; chance: number };

const TITLES = { start: "First 5 %", early: "To half", late: "Second half" };

export function FrequencyMaps() {
  const frequency = useStore((state) => state.frequency);
  const [reading, setReading] = useState("");
  const stages = (frequency?.stages ?? []).filter(({ positions }) => positions.images > 0).map(withRates);
  const range = rangeOf(stages.flatMap(({ rates }) => rates));
  return (
    <section className="panel frequency" aria-labelledby="frequency-title">
      <h2 id="frequency-title">Where the mask looks, over all training images</h2>
      {stages.length === 0 ? (
        <p>How often each position is kept shows here once a run with a mask is under way.</p>
      ) : (
        <>
          <div className="stages">
            {stages.map((stage) => (
              <StageMap key={stage.name} stage={stage} range={range} onRead={setReading} />
            ))}
          </div>
          <div className="under">
            <p className="reading" aria-live="polite">
              {reading || "Share of images in which the position was kept."}
            </p>
            <Legend low={range[0]} high={range[1]} />
          </div>
        </>
      )}
    </section>
  );
}

function withRates(stage: Stage): Shown {
  const { counts, images, kept } = stage.positions;
  return { ...stage, rates: Array.from(counts, (count) => count / images), chance: kept / images / counts.length };
}

function StageMap({ stage, range, onRead }: { stage: Shown; range: [number, number]; onRead(text: string): void }) {
  const { rates, chance, name } = stage;
  const across = Math.sqrt(rates.length);
  const ratio = borderRatio(rates);
  const paint = (context: CanvasRenderingContext2D) => {
    paintHeat(context, rates, range);
    paintGrid(context, across);
  };
  const words = `Random choice would keep each ${percent(chance)}. Evenness ${percent(evenness(rates))}; centre ${short(ratio)} times the border.`;
  return (
    <figure>
      <GridCanvas
        across={across}
        label={`${TITLES[name]}: how often each position was kept. ${words}`}
        paint={paint}
        describe={(cell) => `kept in ${percent(rates[cell])}, chance ${percent(chance)}`}
        onRead={(text) => onRead(text && `${TITLES[name]}. ${text}`)}
      />
      <figcaption>
        <b>{TITLES[name]}</b>
        <span>{short(stage.positions.images)} images</span>
        <span>chance {percent(chance)}</span>
        <span title="Entropy of the positions, 100 % when all are kept alike">evenness {percent(evenness(rates))}</span>
        <span>centre {short(ratio)} × border</span>
      </figcaption>
    </figure>
  );
}
