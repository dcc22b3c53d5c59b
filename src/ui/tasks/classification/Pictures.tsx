/** The gallery: held-out images in rows, what student and teacher make of them, and which patches the teacher gets to see. */
import { useMemo, useRef, useState } from "react";
import { useShallow } from "zustand/shallow";
import { PicturesExport } from "../../charts/Export";
import { TimeBar } from "../../charts/TimeBar";
import { useVeil } from "../../draw/maskColors";
import { bakePicture } from "../../draw/patches";
import { shownLook } from "../../state/selectors";
import { setState, shownStep, useStore, type View } from "../../state/store";
import { layersOf } from "./layers";
import { Strip } from "./Strip";

const VIEWS: [View, string][] = [
  ["mask", "Mask"],
  ["saliency", "Saliency"],
  ["heads", "Attention per head"],
  ["kept", "How often kept"],
  ["untrained", "Untrained student"],
];

export function Pictures() {
  const panel = useRef<HTMLElement>(null);
  const { gallery, frequency, untrained, teacher, views } = useStore(
    useShallow(({ gallery, frequency, untrained, teacher, views }) => ({ gallery, frequency, untrained, teacher, views })),
  );
  const look = useStore(shownLook);
  const masked = useStore(({ active, wanted }) => (active ?? wanted).masked);
  const live = useStore((state) => shownStep(state) === undefined);
  const [reading, setReading] = useState("");
  const veil = useVeil();
  const pictures = useMemo(
    () => gallery.labels.map((_, i) => ({ colour: bakePicture(gallery, i), grey: bakePicture(gallery, i, true) })),
    [gallery],
  );
  const layers = useMemo(
    () => views.flatMap((view) => layersOf(view, { look, gallery, frequency, untrained, teacher, masked })),
    [views, look, gallery, frequency, untrained, teacher, masked],
  );
  return (
    <section ref={panel} className="panel pictures" aria-labelledby="pictures-title" data-look={look?.step}>
      <div className="panel-head">
        <h2 id="pictures-title">What the teacher sees {look && <small>{live ? `step ${look.step}` : `as of step ${look.step}`}</small>}</h2>
        <ViewSwitch views={views} />
      </div>
      {layers.map((layer, i) => (
        <Strip
          key={layer.id}
          layer={layer}
          pictures={pictures}
          gallery={gallery}
          captions={i === 0}
          answers={look}
          taught={teacher !== null}
          veil={veil}
          onRead={setReading}
        />
      ))}
      <div className="under">
        <p className="reading" aria-live="polite">
          {reading || "Bright patches are shown to the teacher; faded ones are never computed. Point at a patch, or at a step of a chart."}
        </p>
        <PicturesExport panel={panel} />
      </div>
      <TimeBar />
    </section>
  );
}

/** Rows to show; one at least stays. */
function ViewSwitch({ views }: { views: View[] }) {
  const toggle = (view: View) => {
    const chosen = VIEWS.map(([v]) => v).filter((v) => (v === view ? !views.includes(v) : views.includes(v)));
    if (chosen.length) setState({ views: chosen });
  };
  return (
    <fieldset className="switch">
      <legend className="hidden">Rows to show</legend>
      {VIEWS.map(([view, title]) => (
        <button key={view} type="button" aria-pressed={views.includes(view)} onClick={() => toggle(view)}>
          {title}
        </button>
      ))}
    </fieldset>
  );
}
