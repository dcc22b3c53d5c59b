/** Held-out images, crops of them and what the teacher sees of those, and the attention of student and teacher. */
import { useMemo } from "react";
import { useShallow } from "zustand/shallow";
import type { CropGallery } from "../../../tasks/dino/views";
import { useStore } from "../../state/app";
import { bakedOf, LayerCanvas, LayerLegend } from "../masks/LayerCanvas";
import { maskHint } from "../masks/words";
import { PictureStrip, PicturesPanel } from "../PicturesPanel";
import { galleryOf, snapshotOf, snapshotsOf } from "./gallery";
import { type Row, rowsOf } from "./rows";

export default function Pictures() {
  const { gallery, snapshot } = useStore(useShallow((state) => ({ gallery: galleryOf(state), snapshot: snapshotOf(state) })));
  const rows = useMemo(() => rowsOf(gallery, snapshot), [gallery, snapshot]);
  return (
    <PicturesPanel title="What student and teacher see" step={snapshot?.step} hint={useStore(maskHint)} momentsOf={snapshotsOf}>
      {(onRead) => rows.map((row) => <RowStrip key={row.id} row={row} gallery={gallery} onRead={onRead} />)}
    </PicturesPanel>
  );
}

function RowStrip({ row, gallery, onRead }: { row: Row; gallery: CropGallery; onRead(text: string): void }) {
  const { planes, side } = row.images ?? { planes: gallery.images, side: gallery.side };
  const pictures = useMemo(() => bakedOf(planes, side, gallery.channels), [planes, side, gallery.channels]);
  const legend = <LayerLegend layer={row} />;
  const shown = pictures.map((picture, i) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name
    <figure key={i}>
      <LayerCanvas layer={row} picture={picture} index={i} subject={gallery.classes[gallery.labels[i]]} onRead={onRead} />
    </figure>
  ));
  return <PictureStrip id={row.id} title={row.title} note={row.note} legend={legend} pictures={shown} />;
}
