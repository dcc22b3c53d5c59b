/** The gallery: held-out images in rows, predictions of student and teacher, and which patches the teacher gets to see. */
import { useMemo, useRef, useState } from "react";
import { useShallow } from "zustand/shallow";
import type { Gallery } from "../../../tasks/classification/views";
import { PicturesExport } from "../../charts/Export";
import { TimeBar } from "../../charts/TimeBar";
import { useMaskColors } from "../../draw/maskColors";
import { bake } from "../../draw/patches";
import { usePick, useStore } from "../../state/app";
import { shownStep } from "../../state/selectors";
import { frequencyOf, galleryOf, snapshotOf, snapshotsOf, untrainedOf } from "./gallery";
import { layersOf, type Row } from "./layers";
import { Strip } from "./Strip";

const ROWS: [Row, string][] = [
  ["mask", "Mask"],
  ["saliency", "Saliency"],
  ["heads", "Attention per head"],
  ["kept", "How often kept"],
  ["untrained", "Untrained student"],
];

const FIRST: { rows: Row[] } = { rows: ["mask", "saliency"] };

export function Pictures() {
  const panel = useRef<HTMLElement>(null);
  const shown = useStore(
    useShallow((state) => ({
      ...{ gallery: galleryOf(state), snapshot: snapshotOf(state), untrained: untrainedOf(state), frequency: frequencyOf(state) },
      ...{ teacher: state.teacher, masked: String((state.active ?? state.wanted).masked) },
    })),
  );
  const live = useStore((state) => shownStep(state) === undefined);
  const [{ rows }, pick] = usePick("classification", FIRST);
  const [reading, setReading] = useState("");
  const colors = useMaskColors();
  const { gallery, snapshot, teacher } = shown;
  const pictures = useMemo(() => baked(gallery), [gallery]);
  const layers = useMemo(() => rows.flatMap((row) => layersOf(row, shown)), [rows, shown]);
  return (
    <section ref={panel} className="panel pictures" aria-labelledby="pictures-title" data-look={snapshot?.step}>
      <div className="panel-head">
        <h2 id="pictures-title">
          What the teacher sees {snapshot && <small>{live ? `step ${snapshot.step}` : `as of step ${snapshot.step}`}</small>}
        </h2>
        <RowSwitch rows={rows} onPick={(rows) => pick({ rows })} />
      </div>
      {layers.map((layer, i) => (
        <Strip
          key={layer.id}
          layer={layer}
          pictures={pictures}
          gallery={gallery}
          captions={i === 0}
          answers={snapshot}
          distilled={teacher !== null}
          colors={colors}
          onRead={setReading}
        />
      ))}
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

/** Each image in colour, and in grey where colour is to mean something else. */
function baked({ labels, images, side, channels }: Gallery) {
  const area = side * side;
  return labels.map((_, i) => {
    const planes = images.subarray(i * channels * area, (i + 1) * channels * area);
    const value = (pixel: number, channel: number) => planes[(channels === 1 ? 0 : channel) * area + pixel];
    return { colour: bake(side, value), grey: bake(side, value, true) };
  });
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
