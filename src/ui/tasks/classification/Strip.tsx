/** A row of the gallery: every image under one layer; the first row also says what student and teacher answer. */
import { memo } from "react";
import type { Gallery, Look } from "../../../worker/protocol";
import { GRADIENT } from "../../draw/colormap";
import { GridCanvas } from "../../draw/GridCanvas";
import { paintGrid, paintHeat, paintMask, paintPicture, type Veil } from "../../draw/patches";
import { short } from "../../format";
import type { Layer } from "./layers";

export interface Baked {
  colour: HTMLCanvasElement;
  grey: HTMLCanvasElement;
}

interface StripProps {
  layer: Layer;
  pictures: Baked[];
  gallery: Gallery;
  /** Whether to print what the images are, and what was answered. */
  captions: boolean;
  answers?: Look;
  /** Whether there is, or may be, a teacher. */
  taught: boolean;
  veil: Veil;
  onRead(text: string): void;
}

export const Strip = memo(function Strip(props: StripProps) {
  const { layer, pictures } = props;
  return (
    <div className="strip" data-strip={layer.title} data-layer={layer.id}>
      <div className="strip-head">
        <b>{layer.title}</b>
        <span>{layer.note}</span>
        {layer.values && <Legend low={layer.range[0]} high={layer.range[1]} />}
      </div>
      <ul className="gallery">
        {pictures.map((picture, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name, and classes may repeat
          <li key={i}>
            <Picture {...props} picture={picture} index={i} />
          </li>
        ))}
      </ul>
    </div>
  );
});

function Picture({
  gallery,
  layer,
  picture,
  index,
  captions,
  answers,
  taught,
  veil,
  onRead,
}: StripProps & { picture: Baked; index: number }) {
  const { across } = layer;
  const truth = gallery.classes[gallery.labels[index]];
  const values = layer.values?.(index);
  const kept = layer.kept?.(index);
  const paint = (context: CanvasRenderingContext2D) => {
    paintPicture(context, values ? picture.grey : picture.colour);
    if (values) paintHeat(context, values, layer.range, 0.72);
    else if (kept) paintMask(context, kept, across, veil);
    paintGrid(context, across);
  };
  const describe = (cell: number) =>
    [kept && (kept.has(cell) ? "kept" : "masked"), values && `${layer.unit} ${short(values[cell])}`].filter(Boolean).join(", ") || "shown";
  const k = kept?.size ?? (layer.id === "mask" && answers?.teacher ? across ** 2 : undefined);
  const label = `${layer.title}, image ${index + 1}, ${truth}. ${k === undefined ? "" : `${k} of ${across ** 2} patches kept.`}`;
  return (
    <figure>
      <GridCanvas
        across={across}
        label={label}
        paint={paint}
        describe={describe}
        onRead={(text) => onRead(text && `${truth}. ${text}`)}
        kept={k}
      />
      {captions && (
        <figcaption>
          <b>{truth}</b>
          <Answer who="student" said={answers?.student[index]} gallery={gallery} index={index} />
          {taught && <Answer who="teacher" said={answers?.teacher?.[index]} gallery={gallery} index={index} />}
        </figcaption>
      )}
    </figure>
  );
}

function Answer({ who, said, gallery, index }: { who: string; said?: number; gallery: Gallery; index: number }) {
  if (said === undefined) return <span className="answer">{who} …</span>;
  const right = said === gallery.labels[index];
  return (
    <span className={`answer ${right ? "right" : "wrong"}`}>
      <span className="who">{who}</span> {gallery.classes[said]}&nbsp;<span aria-hidden="true">{right ? "✓" : "✗"}</span>
      <span className="hidden">{right ? " (right)" : " (wrong)"}</span>
    </span>
  );
}

export function Legend({ low, high }: { low: number; high: number }) {
  return (
    <span className="legend">
      {short(low)} <i style={{ background: GRADIENT }} aria-hidden="true" /> {short(high)}
    </span>
  );
}
