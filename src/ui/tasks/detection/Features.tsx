/** What is erased and regenerated: the method's maps of one image, live; what it makes of each region and channel. */
import { memo, useDeferredValue, useMemo, useState } from "react";
import { GridCanvas } from "../../draw/GridCanvas";
import { useVeil } from "../../draw/maskColors";
import { bakeScene, paintBorders, paintGrid, paintHeat, paintMask, paintPicture } from "../../draw/patches";
import { short } from "../../format";
import { boxGalleryOf } from "../../state/selectors";
import { useStore } from "../../state/store";
import { Legend } from "../classification/Strip";
import { ChannelBars } from "./ChannelBars";
import { bordersOf, type Focus, regionsAt } from "./featureMaps";
import { type Features, FocusSwitch, useFeatures } from "./focus";
import { erasedOf, type Picture, picturesOf, told } from "./pictures";
import { RegionTable } from "./RegionTable";

/** Many maps take a while to draw: whatever is more urgent comes first. */
export function FeaturePictures() {
  return <Drawn features={useDeferredValue(useFeatures())} />;
}

const Drawn = memo(function Drawn({ features }: { features: Features }) {
  const { maps, focus, sides, step } = features;
  const [reading, setReading] = useState("");
  const gallery = useStore(boxGalleryOf);
  const scene = useMemo(() => bakeScene(gallery, focus.image), [gallery, focus.image]);
  const pictures = useMemo(() => picturesOf(maps, focus), [maps, focus]);
  if (pictures.length === 0) return <Empty />;
  return (
    <section className="panel features" aria-labelledby="features-title" data-look={step}>
      <div className="panel-head">
        <h2 id="features-title">
          {pictures.some(({ range }) => !range) ? "What is erased and regenerated" : "What is compared"} <small>step {step}</small>
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
        {reading || "Point at a place of a map, or walk over it with the arrow keys. Lines are borders of regions; faded is erased."}
      </p>
      <Details {...features} />
    </section>
  );
});

/** What will be here. */
function Empty() {
  return (
    <section className="panel features" aria-labelledby="features-title">
      <h2 id="features-title">What is erased and regenerated</h2>
      <p className="hint">
        Where the teacher attends, what of the student's features is erased, and what is regenerated, on every level of the pyramid. The
        maps come with the first look of student and teacher.
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
  const veil = useVeil();
  const { plane, range, title, note, id } = picture;
  const across = plane.width;
  const paint = (context: CanvasRenderingContext2D) => {
    if (range) paintHeat(context, plane.values, range);
    else {
      paintPicture(context, scene);
      paintMask(context, new Set([...plane.values.keys()].filter((i) => plane.values[i])), across, veil);
      paintGrid(context, across);
    }
    if (regions) paintBorders(context, bordersOf(focus.side, across));
  };
  return (
    <figure data-map={id.split(".")[0]}>
      <GridCanvas
        across={across}
        label={`${title}, image ${focus.image + 1}, ${across} by ${plane.height}. ${note}.`}
        paint={paint}
        describe={(cell) => told(picture, cell)}
        onRead={(text) => onRead(text && `${title}. ${text}`)}
        kept={range ? undefined : plane.values.length - erasedOf(plane)}
      />
      <figcaption>
        <b>{title}</b>
        <span className="answer">{note}</span>
        {range && <Legend low={range[0]} high={range[1]} />}
      </figcaption>
    </figure>
  );
}

/** Numbers per region, and channels of the region that is chosen. */
function Details({ maps, focus, sides }: Features) {
  const { image, level, side, cell } = focus;
  const omega = useStore(({ active, wanted }) => Number((active ?? wanted).omegaC));
  const rows = (name: string) => regionsAt(maps[`${name}.${level}`], image, sides, side);
  const numbers = (name: string) => rows(name).map(([value]) => value);
  const attention = rows("channelAttention")[cell];
  const mask = rows("channelMask")[cell];
  const [weights, divergences] = sides.length ? [numbers("difference"), numbers("divergence")] : [[], []];
  return (
    <div className="details">
      {weights.length > 0 && (
        <RegionTable
          title="W, how features differ"
          name="W"
          values={weights}
          side={side}
          cell={cell}
          help="Eq. 11; it weighs the region's KL."
        />
      )}
      {divergences.length > 0 && (
        <RegionTable
          title="KL of logits"
          name="KL"
          values={divergences}
          side={side}
          cell={cell}
          help="Of the region's mean logits, before W."
        />
      )}
      {attention && (
        <ChannelBars
          title="Channel attention"
          values={attention}
          erased={mask && Array.from(mask, (visible) => 1 - visible)}
          threshold={mask && omega}
          note={mask ? `Channels that reach ωᶜ = ${short(omega)} are erased.` : "Weights of the teacher's channels."}
        />
      )}
    </div>
  );
}
