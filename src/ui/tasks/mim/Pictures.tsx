/** Held-out images, the patches of them that are seen, and what is told of the others. */
import { useMemo } from "react";
import { useShallow } from "zustand/shallow";
import type { CropGallery } from "../../../tasks/dino/views";
import { useStore } from "../../state/app";
import { bakedOf, LayerCanvas, LayerLegend } from "../masks/LayerCanvas";
import { PictureStrip, PicturesPanel } from "../PicturesPanel";
import { galleryOf, snapshotOf, snapshotsOf } from "./gallery";
import { type Row, rowsOf } from "./rows";

const HINT = "Hidden patches are hatched. What a decoder tells of them stands below.";

export default function Pictures() {
  const { gallery, snapshot } = useStore(useShallow((state) => ({ gallery: galleryOf(state), snapshot: snapshotOf(state) })));
  const rows = useMemo(() => rowsOf(gallery, snapshot), [gallery, snapshot]);
  return (
    <PicturesPanel title="What is seen and what is told" step={snapshot?.step} hint={HINT} momentsOf={snapshotsOf}>
      {(onRead) => rows.map((row) => <RowStrip key={row.id} row={row} gallery={gallery} onRead={onRead} />)}
    </PicturesPanel>
  );
}

function RowStrip({ row, gallery, onRead }: { row: Row; gallery: CropGallery; onRead(text: string): void }) {
  const pictures = useMemo(() => bakedOf(row.planes, gallery.side, gallery.channels), [row.planes, gallery.side, gallery.channels]);
  const shown = pictures.map((picture, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name
    <figure key={i}>
      <LayerCanvas layer={row} picture={picture} index={i} subject={gallery.classes[gallery.labels[i]]} onRead={onRead} />
    </figure>
  ));
  return <PictureStrip id={row.id} title={row.title} note={row.note} legend={<LayerLegend layer={row} />} pictures={shown} />;
}
