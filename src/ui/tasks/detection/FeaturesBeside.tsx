/** One held-out image as several kept runs and their teacher see it, on one level and one scale (Fig. 3 of SAMKD). */
import { useMemo, useRef, useState } from "react";
import { useShallow } from "zustand/shallow";
import { PicturesExport } from "../../charts/Export";
import { GridCanvas } from "../../draw/GridCanvas";
import { gridName } from "../../draw/grid";
import { Legend } from "../../draw/Legend";
import { EDGE, paintHeat, paintPicture } from "../../draw/patches";
import { short } from "../../format";
import { useStore } from "../../state/app";
import { bakeScene } from "./bakeScene";
import { levelName, nearest } from "./featureMaps";
import { besideEachOther, mapsOfRuns, noteOf, rangeOf, runsWithFeatures, type Shown } from "./featuresBeside";
import { FocusSwitch, useFocus } from "./focus";
import { galleryOf } from "./gallery";

export function FeaturesBeside() {
  const panel = useRef<HTMLElement>(null);
  const [reading, setReading] = useState("");
  const [wanted] = useFocus();
  const gallery = useStore(galleryOf);
  const images = gallery.truths.length;
  const runs = useStore(useShallow((state) => runsWithFeatures(state, images)));
  const maps = useMemo(() => mapsOfRuns(runs), [runs]);
  const focus = nearest(wanted, maps, images);
  const scene = useMemo(() => bakeScene(gallery, focus.image), [gallery, focus.image]);
  if (runs.length < 2) return null;
  const all = besideEachOther(runs, focus);
  const teacher = all.find(({ title }) => title === "Teacher");
  const range = rangeOf(all);
  const what = `Image ${focus.image + 1}, ${levelName(focus.level)}`;
  const said = all.map((one) => [one.title, noteOf(one, teacher)].filter(Boolean).join(": "));
  const of = {
    name: `features-${all.map(({ id }) => id.replace(" ", "-")).join("-")}`,
    caption: `Mean |F| over channels, one scale from ${short(range[0])} to ${short(range[1])}. ${said.join(". ")}.`,
  };
  return (
    <section ref={panel} className="panel features-beside" aria-labelledby="features-beside-title">
      <div className="panel-head">
        <h2 id="features-beside-title">Features of several runs</h2>
        <FocusSwitch maps={maps} focus={focus} sides={[]} />
      </div>
      <div className="stages" data-strip={`${what}: image, ${all.map(({ title }) => title).join(", ")}`}>
        <figure>
          <canvas
            ref={(canvas) => {
              const context = canvas?.getContext("2d");
              if (context) paintPicture(context, scene);
            }}
            className="grid-canvas"
            width={EDGE}
            height={EDGE}
            role="img"
            aria-label={`Image ${focus.image + 1}`}
          />
          <figcaption>
            <b>Image {focus.image + 1}</b>
          </figcaption>
        </figure>
        {all.map((one) => (
          <figure key={one.id} data-features={one.id}>
            <Heat of={one} range={range} what={what} onRead={setReading} />
            <figcaption>
              <b>{one.title}</b> {noteOf(one, teacher)}
            </figcaption>
          </figure>
        ))}
      </div>
      <div className="under">
        <p className="reading" aria-live="polite">
          {reading || "Mean |F| over channels after each run's last step."}
        </p>
        <Legend low={range[0]} high={range[1]} />
        <PicturesExport panel={panel} of={of} />
      </div>
    </section>
  );
}

interface HeatProps {
  of: Shown;
  range: [number, number];
  what: string;
  onRead(text: string): void;
}

function Heat({ of: { title, plane }, range, what, onRead }: HeatProps) {
  const grid = [plane.height, plane.width] as const;
  return (
    <GridCanvas
      grid={grid}
      label={`${title}. ${what}, ${gridName(grid)}.`}
      paint={(context) => paintHeat(context, plane.values, grid, range)}
      describe={(cell) => `mean |F| ${short(plane.values[cell])}`}
      onRead={(text) => onRead(text && `${title}. ${text}`)}
    />
  );
}
