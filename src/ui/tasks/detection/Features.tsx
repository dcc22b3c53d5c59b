/** What is erased, regenerated and compared: the method's maps of one image, live; and its numbers for regions and channels. */

import { memo, useDeferredValue, useMemo, useState } from "react";
import type { MethodInfo } from "../../../methods/method";
import { GridCanvas } from "../../draw/GridCanvas";
import { cellsOf, gridName } from "../../draw/grid";
import { Legend } from "../../draw/Legend";
import { paintGrid, paintHeat, paintMask, paintPicture } from "../../draw/patches";
import { count } from "../../format";
import { useStore } from "../../state/app";
import { bakeScene } from "./bakeScene";
import { paintRegions } from "./borders";
import { FeatureNumbers } from "./FeatureNumbers";
import type { Focus } from "./featureMaps";
import { type Features, FocusSwitch, useFeatures } from "./focus";
import { galleryOf, shownMethod } from "./gallery";
import { describe, erasedOf, erases, type Picture, picturesOf, specsOf } from "./pictures";

/** Many maps take a while to draw: whatever is more urgent comes first. */
export function FeaturePictures() {
  return <Drawn features={useDeferredValue(useFeatures())} method={useStore(shownMethod)} />;
}

const titleOf = (method: MethodInfo) => (erases(method) ? "What is erased and regenerated" : "What is compared");

const Drawn = memo(function Drawn({ features, method }: { features: Features; method: MethodInfo }) {
  const { maps, focus, sides, step } = features;
  const [reading, setReading] = useState("");
  const gallery = useStore(galleryOf);
  const scene = useMemo(() => bakeScene(gallery, focus.image), [gallery, focus.image]);
  const pictures = useMemo(() => picturesOf(specsOf(method), maps, focus), [method, maps, focus]);
  if (pictures.length === 0) return <Empty title={titleOf(method)} />;
  return (
    <section className="panel features" aria-labelledby="features-title" data-look={step}>
      <div className="panel-head">
        <h2 id="features-title">
          {titleOf(method)} {step !== undefined && <small>step {count(step)}</small>}
        </h2>
        <FocusSwitch {...features} />
      </div>
      <ul className="gallery maps">
        {pictures.map((picture) => (
          <li key={picture.id}>
            <MapFigure picture={picture} focus={focus} regions={sides.length > 0} scene={scene} onRead={setReading} />
          </li>
        ))}
      </ul>
      <p className="reading" aria-live="polite">
        {reading ||
          "Point at a map, or walk over it with the arrow keys, to read single values. Lines are borders of regions; faded positions are erased."}
      </p>
      <FeatureNumbers method={method} maps={maps} focus={focus} />
    </section>
  );
});

/** What will be here. */
function Empty({ title }: { title: string }) {
  return (
    <section className="panel features" aria-labelledby="features-title">
      <h2 id="features-title">{title}</h2>
      <p className="hint">
        The maps show where the teacher attends, which of the student's features are erased, and what is regenerated, on every level of the
        feature pyramid. They appear with the first pictures of student and teacher.
      </p>
    </section>
  );
}

interface MapFigureProps {
  picture: Picture;
  focus: Focus;
  regions: boolean;
  scene: HTMLCanvasElement;
  onRead(text: string): void;
}

function MapFigure({ picture, focus, regions, scene, onRead }: MapFigureProps) {
  const { plane, range, title, note, view } = picture;
  const grid = [plane.height, plane.width] as const;
  const paint = (context: CanvasRenderingContext2D) => {
    if (range) paintHeat(context, plane.values, grid, range);
    else {
      paintPicture(context, scene);
      paintMask(context, new Set([...plane.values.keys()].filter((i) => plane.values[i])), grid);
      paintGrid(context, grid);
    }
    if (regions) paintRegions(context, focus.regions, plane);
  };
  return (
    <figure data-map={view}>
      <GridCanvas
        grid={grid}
        label={`${title}, image ${focus.image + 1}, ${gridName(grid)}. ${note}.`}
        paint={paint}
        describe={(cell) => describe(picture, cell)}
        onRead={(text) => onRead(text && `${title}. ${text}`)}
        kept={range ? undefined : cellsOf(grid) - erasedOf(plane)}
      />
      <figcaption>
        <b>{title}</b>
        <span className="answer">{note}</span>
        {range && <Legend low={range[0]} high={range[1]} />}
      </figcaption>
    </figure>
  );
}
