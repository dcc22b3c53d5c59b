/** How often each position and each channel was erased over the run. */
import { memo, useDeferredValue, useState } from "react";
import type { Erasure } from "../../../worker/protocol";
import { GridCanvas } from "../../draw/GridCanvas";
import { paintBorders, paintGrid, paintHeat } from "../../draw/patches";
import { percent, short } from "../../format";
import { useStore } from "../../state/store";
import { Legend } from "../classification/Strip";
import { ChannelBars } from "./ChannelBars";
import { bordersOf, extremes, type Focus, levelsOf, type Maps, nearest, type Plane, planeOf, regionsAt, sidesOf } from "./featureMaps";

export function ErasureMaps() {
  const erasure = useDeferredValue(useStore((state) => state.erasure));
  const wanted = useDeferredValue(useStore((state) => state.focus));
  return <Drawn erasure={erasure} wanted={wanted} />;
}

const Drawn = memo(function Drawn({ erasure, wanted }: { erasure?: Erasure; wanted: Focus }) {
  const [reading, setReading] = useState("");
  const shares: Maps = asImages(erasure?.shares ?? {});
  const focus = nearest(wanted, shares, 1);
  const sides = sidesOf(shares, focus.level);
  const maps = Object.keys(shares).flatMap((name) => {
    const [kind, level, side] = name.split(".");
    const here = level === undefined || level === "input" || Number(level) === focus.level;
    const plane = here && kind !== "channelMask" && planeOf(shares[name], 0);
    return plane ? [{ name, kind, side: Number(side ?? 1), plane }] : [];
  });
  const channels = regionsAt(shares[`channelMask.${focus.level}`], 0, sides, focus.side)[focus.cell];
  if (!erasure?.looks || maps.length === 0) return <Empty />;
  return (
    <section className="panel erasure" aria-labelledby="erasure-title">
      <h2 id="erasure-title">
        How often erased{" "}
        <small>
          {levelsOf(shares).length > 0 && `P${focus.level + 3}, `}
          {short(erasure.looks)} looks over the run
        </small>
      </h2>
      <div className="stages">
        {maps.map(({ name, kind, side, plane }) =>
          kind === "error" ? (
            <MeanMap key={name} {...ERROR} side={side} plane={plane} range={extremes(plane.values)} onRead={setReading} />
          ) : (
            <MeanMap
              key={name}
              {...{ ...SHARE, title: sides.length ? `${side} × ${side} regions` : SHARE.title }}
              side={side}
              plane={plane}
              range={[0, 1]}
              onRead={setReading}
            />
          ),
        )}
      </div>
      <p className="reading" aria-live="polite">
        {reading || "Share of looks in which a position was erased, and how far off what was regenerated was, over all watched images."}
      </p>
      {channels && (
        <ChannelBars
          title={`Channels${focus.side > 1 ? `, region ${focus.cell + 1}` : ""}`}
          note="Share of looks in which each channel was erased; level and region as chosen above."
          values={channels}
        />
      )}
    </section>
  );
});

/** Shares are means over images: as views of a single image. */
const asImages = (shares: Maps): Maps =>
  Object.fromEntries(Object.entries(shares).map(([name, { shape, data }]) => [name, { shape: [1, ...shape], data }]));

function Empty() {
  return (
    <section className="panel erasure" aria-labelledby="erasure-title">
      <h2 id="erasure-title">How often erased</h2>
      <p className="hint">How often each position and each channel is erased. The maps fill while a method that erases trains.</p>
    </section>
  );
}

/** What a map's values are, in words. */
const SHARE = { title: "Positions", what: "erased in", format: percent };
const ERROR = { title: "Error of regeneration", what: "mean error", format: short };

interface MeanMapProps {
  title: string;
  what: string;
  format(value: number): string;
  side: number;
  plane: Plane;
  range: [number, number];
  onRead(text: string): void;
}

function MeanMap({ title, what, format, side, plane, range, onRead }: MeanMapProps) {
  const { width, values } = plane;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const paint = (context: CanvasRenderingContext2D) => {
    paintHeat(context, values, range);
    paintGrid(context, width);
    paintBorders(context, bordersOf(side, width));
  };
  return (
    <figure>
      <GridCanvas
        across={width}
        label={`${title}: ${what} ${format(mean)} on average, at each position.`}
        paint={paint}
        describe={(cell) => `${what} ${format(values[cell])}`}
        onRead={(text) => onRead(text && `${title}. ${text}`)}
      />
      <figcaption>
        <b>{title}</b>
        <span className="answer">{format(mean)} on average</span>
        <Legend low={range[0]} high={range[1]} />
      </figcaption>
    </figure>
  );
}
