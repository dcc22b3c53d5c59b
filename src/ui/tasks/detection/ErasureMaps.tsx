/** How often each position and each channel was erased over the run, and the mean error of what was regenerated. */
import { memo, useDeferredValue, useMemo, useState } from "react";
import { DETECTION_SCENES } from "../../../data/generated.id";
import { type MethodInfo, mapName, type ViewSpec } from "../../../methods/method";
import type { Erasure, FeatureMaps } from "../../../tasks/detection/views";
import { Folded } from "../../draw/Folded";
import { GridCanvas } from "../../draw/GridCanvas";
import { Legend } from "../../draw/Legend";
import { ObjectBars, type ObjectRow } from "../../draw/ObjectBars";
import { paintGrid, paintHeat } from "../../draw/patches";
import { percent, short } from "../../format";
import { useStore } from "../../state/app";
import { paintRegions } from "./borders";
import { ChannelBars } from "./ChannelBars";
import { extremes, type FeatureMap, type Focus, isAt, levelName, levelsOf, nearest, type Plane, planeOf, rowsOf } from "./featureMaps";
import { useFocus } from "./focus";
import { erasureOf, galleryOf, mapMomentsOf, shownMethod } from "./gallery";
import { objectMeans } from "./objects";
import { specsOf } from "./pictures";

export function ErasureMaps() {
  const erasure = useDeferredValue(useStore(erasureOf));
  const [wanted] = useFocus();
  return <Drawn erasure={erasure} wanted={useDeferredValue(wanted)} method={useStore(shownMethod)} />;
}

const Drawn = memo(function Drawn({ erasure, wanted, method }: { erasure?: Erasure; wanted: Focus; method: MethodInfo }) {
  const [reading, setReading] = useState("");
  const anywhere = useStore(({ dataset }) => dataset !== undefined && DETECTION_SCENES.optionsOf(dataset.id) !== undefined);
  const maps = (erasure?.maps ?? []).map(ofOneImage);
  const focus = nearest(wanted, maps, 1);
  const specs = specsOf(method);
  // Maps of every number of regions are shown, beside each other.
  const here = maps.filter((map) => map.view in specs && isAt(map, { ...focus, regions: map.at.regions ?? focus.regions }));
  const planes = here.flatMap((map) => {
    const plane = specs[map.view].kind !== "channelMask" && planeOf(map, 0);
    return plane ? [{ map, plane }] : [];
  });
  const channels = here.find((map) => specs[map.view].kind === "channelMask" && isAt(map, focus));
  if (!erasure?.looks || planes.length === 0) return <Empty />;
  return (
    <section className="panel erasure" aria-labelledby="erasure-title">
      <h2 id="erasure-title">
        How often erased{" "}
        <small>
          {levelsOf(maps).length > 0 && `${levelName(focus.level)}, `}
          at {short(erasure.looks)} steps of the run
        </small>
      </h2>
      <ByObject which={planes.map(({ map }) => map)} specs={specs} />
      <Folded title={anywhere ? "By position" : undefined}>
        <div className="stages">
          {planes.map(({ map: { view, at }, plane }) => (
            <MeanMap key={`${view} ${at.regions}`} spec={specs[view]} regions={at.regions} plane={plane} onRead={setReading} />
          ))}
        </div>
        <p className="reading" aria-live="polite">
          {reading ||
            "How often each position was erased, or the mean error of what was regenerated there, over these steps and the images above."}
        </p>
      </Folded>
      {channels && <Channels title={specs[channels.view].label} map={channels} focus={focus} />}
    </section>
  );
});

/** The same over the pictures that the run keeps, where objects are and elsewhere. */
function ByObject({ which, specs }: { which: readonly FeatureMap[]; specs: Readonly<Record<string, ViewSpec>> }) {
  const gallery = useStore(galleryOf);
  const moments = useDeferredValue(useStore(mapMomentsOf));
  const rows = useMemo(
    () =>
      which.flatMap(({ view, at }): (ObjectRow & { erased: boolean })[] => {
        const same = moments.flatMap(({ value }) => (value as FeatureMaps).maps.filter((map) => mapName(map) === mapName({ view, at })));
        const means = objectMeans(same, gallery);
        if (!means) return [];
        const erased = specs[view].accumulate === "erased";
        const { object, background } = erased ? { object: 1 - means.object, background: 1 - means.background } : means;
        return [{ title: titleOf(specs[view], at.regions), object, background, erased }];
      }),
    [which, moments, gallery, specs],
  );
  const [erased, others] = [rows.filter((row) => row.erased), rows.filter((row) => !row.erased)];
  const most = Math.max(...others.flatMap(({ object, background }) => [object, background]));
  if (!rows.length) return null;
  return (
    <>
      {erased.length > 0 && <ObjectBars rows={erased} format={percent} most={1} />}
      {others.length > 0 && <ObjectBars rows={others} format={short} most={most} />}
      <p className="hint">
        Means over positions in the boxes of objects, and over all others, on the images above at {moments.length} steps.
      </p>
    </>
  );
}

const titleOf = ({ label }: ViewSpec, regions: number | undefined) =>
  regions === undefined ? label : `${label}, ${regions} × ${regions} regions`;

/** Means over images are drawn as maps of a single one. */
const ofOneImage = (map: FeatureMap): FeatureMap => ({ ...map, shape: [1, ...map.shape] });

function Empty() {
  return (
    <section className="panel erasure" aria-labelledby="erasure-title">
      <h2 id="erasure-title">How often erased</h2>
      <p className="hint">How often each position and each channel is erased. The maps fill while you train with a method that erases.</p>
    </section>
  );
}

function Channels({ title, map, focus }: { title: string; map: FeatureMap; focus: Focus }) {
  return (
    <ChannelBars
      title={focus.regions > 1 ? `${title}, region ${focus.region + 1}` : title}
      note="How often each channel was erased, on the level and in the region chosen above."
      values={rowsOf(map, 0)[focus.region]}
    />
  );
}

interface MeanMapProps {
  spec: ViewSpec;
  /** Regions along a side, for methods that erase by regions. */
  regions?: number;
  plane: Plane;
  onRead(text: string): void;
}

function MeanMap({ spec, regions, plane, onRead }: MeanMapProps) {
  const { height, width, values } = plane;
  const erased = spec.accumulate === "erased";
  const [what, format] = erased ? ["erased in", percent] : ["on average", short];
  const range: [number, number] = erased ? [0, 1] : extremes(values);
  const title = titleOf(spec, regions);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const paint = (context: CanvasRenderingContext2D) => {
    paintHeat(context, values, [height, width], range);
    paintGrid(context, [height, width]);
    if (regions !== undefined) paintRegions(context, regions, plane);
  };
  return (
    <figure>
      <GridCanvas
        grid={[height, width]}
        label={`${title}: ${format(mean)} on average over all positions.`}
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
