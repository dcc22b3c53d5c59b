/** The frame of a task's pictures: rows of them, what is pointed at in words, the way to a file, and the time cursor. */

import { lazy, type ReactNode, Suspense, useRef, useState } from "react";
import { TimeBar } from "../charts/TimeBar";
import { count } from "../format";
import { useStore } from "../state/app";
import { shownStep } from "../state/selectors";
import type { State } from "../state/store";

const PicturesExport = lazy(() => import("../charts/Export").then((loaded) => ({ default: loaded.PicturesExport })));

interface PanelProps {
  title: string;
  /** Step of what is shown; absent before there is anything. */
  step?: number;
  /** What to say while nothing is pointed at. */
  hint: string;
  momentsOf(state: State): readonly { step: number }[];
  /** Beside the title. */
  extra?: ReactNode;
  /** The rows; they tell what is pointed at. */
  children(onRead: (text: string) => void): ReactNode;
}

export function PicturesPanel({ title, step, hint, momentsOf, extra, children }: PanelProps) {
  const panel = useRef<HTMLElement>(null);
  const live = useStore((state) => shownStep(state) === undefined);
  const [reading, setReading] = useState("");
  return (
    <section ref={panel} className="panel pictures" aria-labelledby="pictures-title" data-look={step}>
      <div className="panel-head">
        <h2 id="pictures-title">
          {title} {step !== undefined && <small>{live ? `step ${count(step)}` : `as of step ${count(step)}`}</small>}
        </h2>
        {extra}
      </div>
      {children(setReading)}
      <div className="under">
        <p className="reading" aria-live="polite">
          {reading || hint}
        </p>
        <Suspense>
          <PicturesExport panel={panel} />
        </Suspense>
      </div>
      <TimeBar momentsOf={momentsOf} />
    </section>
  );
}

interface StripProps {
  id: string;
  title: string;
  note: string;
  legend?: ReactNode;
  /** One for each image. */
  pictures: readonly ReactNode[];
}

/** A row of pictures under its title. */
export function PictureStrip({ id, title, note, legend, pictures }: StripProps) {
  return (
    <div className="strip" data-strip={title} data-layer={id}>
      <div className="strip-head">
        <b>{title}</b>
        <span>{note}</span>
        {legend}
      </div>
      <ul className="gallery">
        {pictures.map((picture, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name, and classes may repeat
          <li key={i}>{picture}</li>
        ))}
      </ul>
    </div>
  );
}
