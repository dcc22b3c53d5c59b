/** The gallery: held-out images, their true masks, the masks of teacher and student, and the patches the teacher sees. */
import { useMemo } from "react";
import { useShallow } from "zustand/shallow";
import type { MaskGallery } from "../../../tasks/segmentation/views";
import { GridCanvas } from "../../draw/GridCanvas";
import { bake, paintGrid, paintMask, paintPicture } from "../../draw/patches";
import { useStore } from "../../state/app";
import { maskHint } from "../masks/words";
import { Giving } from "../own/Giving";
import { PictureStrip, PicturesPanel } from "../PicturesPanel";
import { galleryOf, snapshotOf, snapshotsOf } from "./gallery";
import { TASK } from "./patches";
import { countOf, describe, isOwn, labelOf, type Row, rowsOf, withOwn } from "./rows";
import "./segmentation.css";

export default function MaskPictures() {
  const { gallery, snapshot, hasTeacher } = useStore(
    useShallow((state) => ({ gallery: galleryOf(state), snapshot: snapshotOf(state), hasTeacher: state.teacher !== null })),
  );
  const [shown, rows] = useMemo(() => {
    const [images, masks] = withOwn(gallery, snapshot);
    return [images, rowsOf(images, masks, hasTeacher)] as const;
  }, [gallery, snapshot, hasTeacher]);
  const giving = <Giving task={TASK} side={gallery.side} />;
  return (
    <PicturesPanel title="What is named where" step={snapshot?.step} hint={useStore(maskHint)} momentsOf={snapshotsOf} extra={giving}>
      {(onRead) => (
        <>
          {rows.map((row) => (
            <MaskStrip key={row.id} row={row} gallery={shown} onRead={onRead} />
          ))}
          <ClassKey gallery={gallery} />
        </>
      )}
    </PicturesPanel>
  );
}

function MaskStrip({ row, gallery, onRead }: { row: Row; gallery: MaskGallery; onRead(text: string): void }) {
  const pictures = useMemo(() => baked(row, gallery), [row, gallery]);
  const { id, title, note } = row;
  // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name
  const shown = pictures.map((picture, i) => <MaskPicture key={i} {...{ row, gallery, picture, image: i, onRead }} />);
  return <PictureStrip id={id} title={title} note={note} pictures={shown} />;
}

interface MaskPictureProps {
  row: Row;
  gallery: MaskGallery;
  picture: HTMLCanvasElement;
  image: number;
  onRead(text: string): void;
}

function MaskPicture({ row, gallery, picture, image, onRead }: MaskPictureProps) {
  const { grid } = gallery;
  const kept = row.kept?.(image);
  const own = isOwn(gallery, image);
  const paint = (context: CanvasRenderingContext2D) => {
    paintPicture(context, picture);
    if (kept) paintMask(context, kept, grid);
    if (row.id === "kept") paintGrid(context, grid);
  };
  // Nobody says what is on it.
  if (own && row.id === "truth") return <div className="placeholder" />;
  return (
    <figure className={own ? "own" : undefined}>
      <GridCanvas
        grid={grid}
        label={labelOf(row, gallery, image)}
        paint={paint}
        describe={(cell) => describe(row, gallery, image, cell)}
        onRead={(text) => onRead(text && `${row.title}. ${text}`)}
        kept={kept?.size}
      />
      {own && <span>yours</span>}
    </figure>
  );
}

/** Each image of a row: the image itself, or its classes in their colours. */
function baked({ labels }: Row, gallery: MaskGallery): HTMLCanvasElement[] {
  const { side, images, palette } = gallery;
  const area = side * side;
  return Array.from({ length: countOf(gallery) }, (_, i) => {
    const classes = labels?.(i);
    if (classes) return bake([side, side], (pixel, channel) => (palette[classes[pixel]] ?? NO_CLASS)[channel]);
    return bake([side, side], (pixel, channel) => images[(3 * i + channel) * area + pixel]);
  });
}

/** Colour of pixels that do not count. */
const NO_CLASS = [128, 128, 128];

/** What the colours stand for. */
function ClassKey({ gallery: { classes, palette } }: { gallery: MaskGallery }) {
  return (
    <ul className="class-key" aria-label="Colours of the classes">
      {classes.map((name, i) => (
        <li key={name}>
          <span className="swatch" style={{ background: `rgb(${palette[i].join(" ")})` }} aria-hidden="true" /> {name}
        </li>
      ))}
    </ul>
  );
}
