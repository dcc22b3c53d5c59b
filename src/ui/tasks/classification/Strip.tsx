/** A row of the gallery: every image under one layer; the first row also says what student and teacher answer. */
import { memo } from "react";
import type { Gallery, Snapshot } from "../../../tasks/classification/views";
import { cellsOf } from "../../draw/grid";
import { type Baked, LayerCanvas, LayerLegend } from "../masks/LayerCanvas";
import type { Layer } from "../masks/layer";
import { PictureStrip } from "../PicturesPanel";

interface StripProps {
  layer: Layer;
  pictures: Baked[];
  gallery: Gallery;
  /** Whether to print what the images are, and what was answered. */
  captions: boolean;
  answers?: Snapshot;
  /** Whether there is, or may be, a teacher. */
  distilled: boolean;
  onRead(text: string): void;
  /** Plays what a picture is of, where it is a sound. */
  onPlay?(wave: Int16Array): void;
}

export const Strip = memo(function Strip(props: StripProps) {
  const { layer, pictures } = props;
  return (
    <PictureStrip
      id={layer.id}
      title={layer.title}
      note={layer.note}
      legend={<LayerLegend layer={layer} />}
      // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name, and classes may repeat
      pictures={pictures.map((picture, i) => <Picture key={i} {...props} picture={picture} index={i} />)}
    />
  );
});

function Picture({ gallery, layer, picture, index, captions, answers, ...rest }: StripProps & { picture: Baked; index: number }) {
  const { distilled, onRead, onPlay } = rest;
  const truth = gallery.classes[gallery.labels[index]] ?? "yours";
  const wave = gallery.waves?.[index];
  const play = wave && onPlay ? () => onPlay(wave) : undefined;
  // A teacher that sees everything keeps all.
  const all = layer.id === "mask" && answers?.teacher ? cellsOf(layer.grid) : undefined;
  return (
    <figure>
      <LayerCanvas layer={layer} picture={picture} index={index} subject={truth} kept={all} onRead={onRead} onClick={play} />
      {captions && (
        <figcaption>
          <b>{truth}</b>
          {play && (
            <button type="button" className="play" aria-label={`Play sound ${index + 1}, ${truth}`} onClick={play}>
              ▶
            </button>
          )}
          <Answer who="student" said={answers?.student[index]} gallery={gallery} index={index} />
          {distilled && <Answer who="teacher" said={answers?.teacher?.[index]} gallery={gallery} index={index} />}
        </figcaption>
      )}
    </figure>
  );
}

function Answer({ who, said, gallery, index }: { who: string; said?: number; gallery: Gallery; index: number }) {
  if (said === undefined) return <span className="answer">{who} …</span>;
  if (gallery.labels[index] < 0)
    return (
      <span className="answer">
        <span className="who">{who}</span> {gallery.classes[said]}
      </span>
    );
  const right = said === gallery.labels[index];
  return (
    <span className={`answer ${right ? "right" : "wrong"}`}>
      <span className="who">{who}</span> {gallery.classes[said]}&nbsp;<span aria-hidden="true">{right ? "✓" : "✗"}</span>
      <span className="hidden">{right ? " (right)" : " (wrong)"}</span>
    </span>
  );
}
