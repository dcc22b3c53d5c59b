/** The gallery: eight held-out images, what the student makes of them, and which patches its teacher gets to see. */
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { GRADIENT } from "../draw/colormap";
import { bakePicture, paintGrid, paintHeat, paintMask, paintPicture, type Veil } from "../draw/patches";
import { short } from "../format";
import { patchCount, patchesAcross, shownLook } from "../selectors";
import { type State, setState, shownStep, useStore, type View } from "../store";
import { GridCanvas } from "./GridCanvas";
import { type Layer, layerOf } from "./layers";
import { TimeBar } from "./TimeBar";

const VIEWS: [View, string][] = [
  ["mask", "Mask"],
  ["saliency", "Saliency"],
  ["attention", "Attention per head"],
  ["kept", "How often kept"],
];

export function Pictures() {
  const state = useStore();
  const { gallery } = state;
  const [reading, setReading] = useState("");
  const pictures = useMemo(
    () => gallery.labels.map((_, i) => ({ colour: bakePicture(gallery, i), grey: bakePicture(gallery, i, true) })),
    [gallery],
  );
  const look = shownLook(state);
  const layer = layerOf(state, look);
  return (
    <section className="panel pictures" aria-labelledby="pictures-title" data-look={look?.step}>
      <div className="panel-head">
        <h2 id="pictures-title">
          What the {layer.subject}{" "}
          {look && <small>{shownStep(state) === undefined ? `step ${look.step}` : `as of step ${look.step}`}</small>}
        </h2>
        <ViewSwitch state={state} heads={look?.heads} />
      </div>
      <ul className="gallery">
        {pictures.map((picture, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name, and classes may repeat
          <li key={i}>
            <Picture state={state} picture={picture} index={i} layer={layer} onRead={setReading} />
          </li>
        ))}
      </ul>
      <div className="under">
        <p className="reading" aria-live="polite">
          {reading || layer.note}
        </p>
        {layer.values && <Legend low={layer.range[0]} high={layer.range[1]} />}
      </div>
      <TimeBar />
    </section>
  );
}

interface PictureProps {
  state: State;
  picture: { colour: HTMLCanvasElement; grey: HTMLCanvasElement };
  index: number;
  layer: Layer;
  onRead(text: string): void;
}

function Picture({ state, picture, index, layer, onRead }: PictureProps) {
  const { gallery } = state;
  const across = patchesAcross(state);
  const veil = useVeil();
  const look = shownLook(state);
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
  const k = kept?.size ?? (look?.teacher ? patchCount(state) : undefined);
  const label = `Image ${index + 1}, ${truth}. ${k === undefined ? "" : `${k} of ${patchCount(state)} patches kept.`}`;
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
      <figcaption>
        <b>{truth}</b>
        <Answer who="student" said={look?.student[index]} state={state} index={index} />
        {state.teacher !== null && <Answer who="teacher" said={look?.teacher?.[index]} state={state} index={index} />}
      </figcaption>
    </figure>
  );
}

function Answer({ who, said, state, index }: { who: string; said?: number; state: State; index: number }): ReactNode {
  if (said === undefined) return <span className="answer">{who} …</span>;
  const right = said === state.gallery.labels[index];
  return (
    <span className={`answer ${right ? "right" : "wrong"}`}>
      <span className="who">{who}</span> {state.gallery.classes[said]}&nbsp;<span aria-hidden="true">{right ? "✓" : "✗"}</span>
      <span className="hidden">{right ? " (right)" : " (wrong)"}</span>
    </span>
  );
}

function ViewSwitch({ state: { view, head }, heads = 1 }: { state: State; heads?: number }) {
  return (
    <div className="switch">
      {VIEWS.map(([value, title]) => (
        <button key={value} type="button" aria-pressed={view === value} onClick={() => setState({ view: value })}>
          {title}
        </button>
      ))}
      {view === "attention" && (
        <label>
          head{" "}
          <select value={Math.min(head, heads - 1)} onChange={({ target }) => setState({ head: Number(target.value) })}>
            {Array.from({ length: heads }, (_, i) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: heads have no other name
              <option key={i} value={i}>
                {i + 1}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

export function Legend({ low, high }: { low: number; high: number }) {
  return (
    <p className="legend">
      {short(low)} <span style={{ background: GRADIENT }} aria-hidden="true" /> {short(high)}
    </p>
  );
}

/** The page's own colours for masked patches, in light and in dark. */
function useVeil(): Veil {
  const read = (): Veil => {
    const style = getComputedStyle(document.documentElement);
    return [style.getPropertyValue("--veil"), style.getPropertyValue("--ink")];
  };
  const [veil, setVeil] = useState(read);
  useEffect(() => {
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const onChange = () => setVeil(read());
    scheme.addEventListener("change", onChange);
    return () => scheme.removeEventListener("change", onChange);
  });
  return veil;
}
