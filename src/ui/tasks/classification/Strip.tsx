/** A row of the gallery: every image under one layer; the first row also says what student and teacher answer. */
import { memo } from "react";
import type { Gallery, Snapshot } from "../../../tasks/classification/views";
import { GridCanvas } from "../../draw/GridCanvas";
import { cellsOf } from "../../draw/grid";
import { Legend } from "../../draw/Legend";
import { type MaskColors, paintGrid, paintHeat, paintMask, paintPicture } from "../../draw/patches";
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
  answers?: Snapshot;
  /** Whether there is, or may be, a teacher. */
  distilled: boolean;
  colors: MaskColors;
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

function Picture({ gallery, layer, picture, index, captions, answers, ...rest }: StripProps & { picture: Baked; index: number }) {
  const { distilled, colors, onRead } = rest;
  const { grid } = layer;
  const patches = cellsOf(grid);
  const truth = gallery.classes[gallery.labels[index]];
  const values = layer.values?.(index);
  const kept = layer.kept?.(index);
  const paint = (context: CanvasRenderingContext2D) => {
    paintPicture(context, values ? picture.grey : picture.colour);
    if (values) paintHeat(context, values, grid, layer.range, 0.72);
    else if (kept) paintMask(context, kept, grid, colors);
    paintGrid(context, grid);
  };
  const describe = (cell: number) =>
    [kept && (kept.has(cell) ? "kept" : "masked"), values && `${layer.unit} ${short(values[cell])}`].filter(Boolean).join(", ") || "shown";
  const k = kept?.size ?? (layer.id === "mask" && answers?.teacher ? patches : undefined);
  const label = `${layer.title}, image ${index + 1}, ${truth}. ${k === undefined ? "" : `${k} of ${patches} patches kept.`}`;
  return (
    <figure>
      <GridCanvas
        grid={grid}
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
          {distilled && <Answer who="teacher" said={answers?.teacher?.[index]} gallery={gallery} index={index} />}
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
