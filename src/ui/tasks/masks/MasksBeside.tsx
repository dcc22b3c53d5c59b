/** One picture under the masks of several runs (Fig. 4 of MaskedKD): how often each of its patches was kept. */
import { type ReactNode, useMemo, useRef, useState } from "react";
import { useShallow } from "zustand/shallow";
import type { Gallery } from "../../../tasks/classification/views";
import { PicturesExport } from "../../charts/Export";
import { cellsOf } from "../../draw/grid";
import { Legend } from "../../draw/Legend";
import { percent, short } from "../../format";
import { useStore } from "../../state/app";
import type { Run } from "../../state/runs";
import type { State } from "../../state/store";
import { bakedOf, LayerCanvas } from "./LayerCanvas";
import type { Layer } from "./layer";
import type { Looks } from "./looks";
import { diversity } from "./statistics";

/** The newest runs that fit beside each other. */
const MOST = 6;

export function MasksBeside({ looks }: { looks: Looks }) {
  const panel = useRef<HTMLElement>(null);
  const [chosen, choose] = useState(0);
  const [reading, setReading] = useState("");
  const gallery = useStore(looks.galleryOf);
  const runs = useStore(useShallow((state) => runsOn(state, gallery)));
  const pictures = useMemo(() => bakedOf(gallery.images, gallery.side, gallery.channels, gallery.columns), [gallery]);
  if (runs.length < 2) return null;
  const index = Math.min(chosen, gallery.labels.length - 1);
  const subject = subjectOf(gallery, index);
  return (
    <section ref={panel} className="panel masks-beside" aria-labelledby="beside-title">
      <div className="panel-head">
        <h2 id="beside-title">One image under several masks</h2>
        <Choice gallery={gallery} index={index} onChoose={choose} />
      </div>
      <div className="stages" data-strip={`${subject}: ${runs.map(maskOf).join("; ")}`}>
        {runs.map((run) => (
          <figure key={run.id}>
            <LayerCanvas
              layer={layerOf(run, gallery)}
              {...{ picture: pictures[index], index, subject }}
              onRead={(text) => setReading(text && `${run.name}. ${text}`)}
            />
            <figcaption>
              <b>{run.name}</b> {numbersOf(run, gallery, index)}
            </figcaption>
          </figure>
        ))}
      </div>
      <div className="under">
        <p className="reading" aria-live="polite">
          {reading || "Share of the run's snapshots in which a patch was kept."}
        </p>
        <Legend low={0} high={1} />
        <PicturesExport panel={panel} of={namedOf(runs, subject)} />
      </div>
    </section>
  );
}

/** The figure as a file: its pictures are of these runs, not of the one under way. */
const namedOf = (runs: readonly Run[], subject: string) => ({
  name: `masks-of-runs-${runs.map(({ id }) => id).join("-")}`,
  caption: `Share of snapshots in which a patch of ${subject} was kept. ${runs.map((run) => `${run.name}: ${maskOf(run)}`).join("; ")}.`,
});

/** Which picture to look at. */
function Choice({ gallery, index, onChoose }: { gallery: Gallery; index: number; onChoose(index: number): void }) {
  return (
    <select aria-label="Image" value={index} onChange={({ target }) => onChoose(Number(target.value))}>
      {Array.from(gallery.labels, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name, and classes may repeat
        <option key={i} value={i}>
          {i + 1}: {subjectOf(gallery, i)}
        </option>
      ))}
    </select>
  );
}

const subjectOf = ({ classes, labels }: Gallery, index: number): string => classes[labels[index]] ?? "yours";

/** Runs that counted the patches of these very pictures. */
function runsOn({ runs, dataset }: State, { labels, grid }: Gallery): Run[] {
  const counted = cellsOf(grid) * labels.length;
  return runs.filter((run) => run.dataset?.id === dataset?.id && run.kept?.length === counted).slice(-MOST);
}

/** "50 % by student" */
const maskOf = ({ settings: { keep, criterion } }: Run): string => `${percent(Number(keep))} by ${criterion}`;

function ratesOf({ kept = [] }: Run, { grid }: Gallery, index: number): number[] {
  const n = cellsOf(grid);
  return kept.slice(index * n, (index + 1) * n);
}

function layerOf(run: Run, gallery: Gallery): Layer {
  const values = (index: number) => ratesOf(run, gallery, index);
  return { id: `run-${run.id}`, title: run.name, note: "", unit: "kept", grid: gallery.grid, range: [0, 1], values };
}

/** What a picture's map comes to. */
function numbersOf(run: Run, gallery: Gallery, index: number): ReactNode {
  const { grid, objects } = gallery;
  const n = cellsOf(grid);
  const rates = ratesOf(run, gallery, index);
  const seen = objects && rates.reduce((sum, rate, cell) => sum + rate * objects[index * n + cell], 0);
  const varied = `as varied as ${short(diversity(rates))} of ${n} patches`;
  return [maskOf(run), varied, ...(seen === undefined ? [] : [`${percent(seen)} of the object`])].join(", ");
}
