/** The gallery: held-out images in rows, predictions of student and teacher, and which patches the teacher gets to see. */
import { type ReactNode, useMemo } from "react";
import { useShallow } from "zustand/shallow";
import { usePick, useStore } from "../../state/app";
import { bakedOf } from "../masks/LayerCanvas";
import type { Looks } from "../masks/looks";
import { maskHint, seenTitle } from "../masks/words";
import { PicturesPanel } from "../PicturesPanel";
import { layersOf, type Row } from "./layers";
import { Strip } from "./Strip";
import "./classification.css";

const ROWS: [Row, string][] = [
  ["mask", "Mask"],
  ["saliency", "Saliency"],
  ["heads", "Attention per head"],
  ["kept", "How often kept"],
  ["untrained", "Untrained student"],
];

const FIRST: { rows: Row[] } = { rows: ["mask", "saliency"] };

interface Props {
  looks: Looks;
  /** Where rows that were picked are remembered: the task's name. */
  of: string;
  /** Plays what a picture is of, where it is a sound. */
  onPlay?(wave: Int16Array): void;
  /** Beside the rows to show. */
  extra?: ReactNode;
}

export function Pictures({ looks, of, onPlay, extra }: Props) {
  const { galleryOf, snapshotOf, untrainedOf, frequencyOf, snapshotsOf } = looks;
  const shown = useStore(
    useShallow((state) => ({
      ...{ gallery: galleryOf(state), snapshot: snapshotOf(state), untrained: untrainedOf(state), frequency: frequencyOf(state) },
      ...{ teacher: state.teacher, masked: String((state.active ?? state.wanted).masked) },
    })),
  );
  const [{ rows }, pick] = usePick(of, FIRST);
  const { gallery, snapshot, teacher } = shown;
  const pictures = useMemo(() => bakedOf(gallery.images, gallery.side, gallery.channels, gallery.columns), [gallery]);
  const layers = useMemo(() => rows.flatMap((row) => layersOf(row, shown)), [rows, shown]);
  return (
    <PicturesPanel
      title={useStore(seenTitle)}
      step={snapshot?.step}
      hint={useStore(maskHint)}
      momentsOf={snapshotsOf}
      extra={
        <>
          <RowSwitch rows={rows} onPick={(rows) => pick({ rows })} />
          {extra}
        </>
      }
    >
      {(onRead) =>
        layers.map((layer, i) => (
          <Strip
            key={layer.id}
            layer={layer}
            pictures={pictures}
            gallery={gallery}
            captions={i === 0}
            answers={snapshot}
            distilled={teacher !== null}
            onRead={onRead}
            onPlay={onPlay}
          />
        ))
      }
    </PicturesPanel>
  );
}

/** Rows to show; one at least stays. */
function RowSwitch({ rows, onPick }: { rows: Row[]; onPick(rows: Row[]): void }) {
  const toggle = (row: Row) => {
    const chosen = ROWS.map(([r]) => r).filter((r) => (r === row ? !rows.includes(r) : rows.includes(r)));
    if (chosen.length) onPick(chosen);
  };
  return (
    <fieldset className="switch">
      <legend className="hidden">Rows to show</legend>
      {ROWS.map(([row, title]) => (
        <button key={row} type="button" aria-pressed={rows.includes(row)} onClick={() => toggle(row)}>
          {title}
        </button>
      ))}
    </fieldset>
  );
}
