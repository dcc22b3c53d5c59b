/** The gallery: held-out images, their true masks, the masks of teacher and student, and the patches the teacher sees. */
import { useMemo, useRef, useState } from "react";
import { useShallow } from "zustand/shallow";
import type { MaskGallery } from "../../../tasks/segmentation/views";
import { PicturesExport } from "../../charts/Export";
import { TimeBar } from "../../charts/TimeBar";
import { GridCanvas } from "../../draw/GridCanvas";
import { useMaskColors } from "../../draw/maskColors";
import { bake, type MaskColors, paintGrid, paintMask, paintPicture } from "../../draw/patches";
import { useStore } from "../../state/app";
import { shownStep } from "../../state/selectors";
import { galleryOf, snapshotOf, snapshotsOf } from "./gallery";
import { describe, type Row, rowsOf } from "./rows";

export function MaskPictures() {
  const panel = useRef<HTMLElement>(null);
  const { gallery, snapshot, hasTeacher } = useStore(
    useShallow((state) => ({ gallery: galleryOf(state), snapshot: snapshotOf(state), hasTeacher: state.teacher !== null })),
  );
  const live = useStore((state) => shownStep(state) === undefined);
  const [reading, setReading] = useState("");
  const rows = useMemo(() => rowsOf(gallery, snapshot, hasTeacher), [gallery, snapshot, hasTeacher]);
  return (
    <section ref={panel} className="panel pictures" aria-labelledby="pictures-title" data-look={snapshot?.step}>
      <div className="panel-head">
        <h2 id="pictures-title">
          What is named where {snapshot && <small>{live ? `step ${snapshot.step}` : `as of step ${snapshot.step}`}</small>}
        </h2>
      </div>
      {rows.map((row) => (
        <MaskStrip key={row.id} row={row} gallery={gallery} onRead={setReading} />
      ))}
      <ClassKey gallery={gallery} />
      <div className="under">
        <p className="reading" aria-live="polite">
          {reading || "Bright patches are shown to the teacher; faded ones are never computed. Point at a patch, or at a step of a chart."}
        </p>
        <PicturesExport panel={panel} />
      </div>
      <TimeBar momentsOf={snapshotsOf} />
    </section>
  );
}

function MaskStrip({ row, gallery, onRead }: { row: Row; gallery: MaskGallery; onRead(text: string): void }) {
  const colors = useMaskColors();
  const pictures = useMemo(() => baked(row, gallery), [row, gallery]);
  return (
    <div className="strip" data-strip={row.title} data-layer={row.id}>
      <div className="strip-head">
        <b>{row.title}</b>
        <span>{row.note}</span>
      </div>
      <ul className="gallery">
        {pictures.map((picture, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name
          <li key={i}>
            <MaskPicture {...{ row, gallery, picture, image: i, colors, onRead }} />
          </li>
        ))}
      </ul>
    </div>
  );
}

interface MaskPictureProps {
  row: Row;
  gallery: MaskGallery;
  picture: HTMLCanvasElement;
  image: number;
  colors: MaskColors;
  onRead(text: string): void;
}

function MaskPicture({ row, gallery, picture, image, colors, onRead }: MaskPictureProps) {
  const { grid } = gallery;
  const kept = row.kept?.(image);
  const paint = (context: CanvasRenderingContext2D) => {
    paintPicture(context, picture);
    if (kept) paintMask(context, kept, grid, colors);
    if (row.id === "kept") paintGrid(context, grid);
  };
  return (
    <figure>
      <GridCanvas
        grid={grid}
        label={`${row.title}, image ${image + 1}. ${row.note}.`}
        paint={paint}
        describe={(cell) => describe(row, gallery, image, cell)}
        onRead={(text) => onRead(text && `${row.title}. ${text}`)}
        kept={kept?.size}
      />
    </figure>
  );
}

/** Each image of a row: the image itself, or its classes in their colours. */
function baked({ labels }: Row, { side, images, truths, palette }: MaskGallery): HTMLCanvasElement[] {
  const area = side * side;
  return Array.from({ length: truths.length / area }, (_, i) => {
    const classes = labels?.(i);
    if (classes) return bake(side, (pixel, channel) => (palette[classes[pixel]] ?? NO_CLASS)[channel]);
    return bake(side, (pixel, channel) => images[(3 * i + channel) * area + pixel]);
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
