/** The data card: what images there are to learn from, and every way to bring one's own. */
import type { ReactNode } from "react";
import type { DataFacts } from "../../worker/protocol";
import type { KindName } from "../../worker/readerProtocol";
import { count } from "../format";
import { change } from "../state/actions";
import { picked } from "../state/files";
import { abandon, cancelLoading, keepData, kindWanted, loadFiles, loadKept, loadScenes } from "../state/sourceActions";
import { isOwn, useSupply } from "../state/sources";
import { useStore } from "../state/store";
import { Bar, Due, Problem } from "./CardParts";
import { FilePicker } from "./FilePicker";

const SIDES = { classifier: [32, 48], detector: [96, 128, 192] };

export function DataCard() {
  const loaded = useSupply((state) => state.loaded?.data);
  const run = useSupply((state) => state.run?.dataset);
  const refusal = useSupply((state) => state.refusals.data);
  const kept = useSupply((state) => state.keptData);
  const begun = useStore((state) => state.step > 0);
  const kind = useStore(kindWanted);
  const other = begun && loaded && run && run.id !== loaded.id ? run : undefined;
  return (
    <section className="panel source" id="data" aria-labelledby="data-title">
      <div className="panel-head">
        <h2 id="data-title">Data</h2>
        {loaded && <Sides facts={loaded} usual={SIDES[kind]} fixed={loaded.id === kept?.id} />}
      </div>
      {loaded ? <Facts facts={loaded} /> : <p className="hint">Being made ready …</p>}
      {other && <Due>The run under way keeps learning from {other.name}; Restart takes this data.</Due>}
      <Missing />
      <Reading />
      <Problem refusal={refusal} />
      <div className="buttons">
        <FilePicker label="Image files" multiple onPick={take}>
          Choose files
        </FilePicker>
        <FilePicker label="Image folder" folder onPick={take}>
          Choose a folder
        </FilePicker>
        {loaded && isOwn(loaded) && (
          <button type="button" onClick={() => void loadScenes()}>
            Back to Scenes
          </button>
        )}
        {kind === "classifier" && kept && kept.id !== loaded?.id && (
          <button type="button" onClick={() => void loadKept()}>
            Use {kept.name} from this device
          </button>
        )}
      </div>
      <p className="hint">Or drop files or a folder anywhere on this page. Your images never leave this tab.</p>
      {kind === "classifier" && loaded && isOwn(loaded) && <Keeping kept={loaded.id === kept?.id} />}
      <details>
        <summary>What can be read</summary>
        {FORMATS[kind]}
      </details>
    </section>
  );
}

/** Picking empties the list right after, so it is copied at once. */
const take = (list: FileList) => void loadFiles(picked(list));

function Facts({ facts }: { facts: DataFacts }) {
  const { name, classes, train, test, side, channels, notes } = facts;
  return (
    <>
      <p className="what">
        <b>{name}</b> {count(train)} images to learn from, {count(test)} held out, {side} × {side} {channels === 1 ? "gray" : "colour"}
      </p>
      <p className="hint classes" title={classes.join(", ")}>
        {classes.length} classes: {classes.join(", ")}
      </p>
      {notes.map((note) => (
        <p key={note} className="hint">
          {note}
        </p>
      ))}
    </>
  );
}

function Sides({ facts, usual, fixed }: { facts: DataFacts; usual: number[]; fixed: boolean }) {
  const sides = usual.includes(facts.side) ? usual : [...usual, facts.side];
  const reading = useSupply((state) => state.reading !== undefined);
  return (
    <fieldset className="switch" aria-label="Image side in pixels" title="Images of any size are resized to this many pixels">
      {sides.map((side) => (
        <button
          key={side}
          type="button"
          aria-pressed={side === facts.side}
          disabled={reading || (fixed && side !== facts.side)}
          onClick={() => change("side", side)}
        >
          {side} px
        </button>
      ))}
    </fieldset>
  );
}

function Reading() {
  const reading = useSupply((state) => state.reading);
  const loaded = useSupply((state) => state.loaded);
  // The page's own first data takes a moment; nobody asked for it.
  if (!reading || !loaded) return null;
  return (
    <Bar label={reading.what} value={reading.share}>
      <button type="button" onClick={cancelLoading}>
        Cancel
      </button>
    </Bar>
  );
}

/** A saved run that cannot go on before its own images are here. */
function Missing(): ReactNode {
  const missing = useSupply((state) => state.missing);
  const reading = useSupply((state) => state.reading);
  if (missing?.what !== "data" || reading) return null;
  return (
    <div className="heed" role="status">
      <p>
        The saved run learned from <b>{missing.wanted.name}</b>, which is not loaded. Choose the same files again and it goes on.
      </p>
      <button type="button" onClick={abandon}>
        Leave it
      </button>
    </div>
  );
}

function Keeping({ kept }: { kept: boolean }) {
  return (
    <label className="tick">
      <input type="checkbox" checked={kept} onChange={({ target }) => keepData(target.checked)} /> Keep these images on this device, so that
      a reload finds them
    </label>
  );
}

const FORMATS: Record<KindName, ReactNode> = {
  classifier: (
    <ul className="formats">
      <li>A folder, or a zip or tar of one, with a folder of pictures per class: PNG, JPEG, WebP, GIF, BMP, AVIF of any size.</li>
      <li>IDX images with their labels, as MNIST comes, gzipped or not.</li>
      <li>CIFAR-10 and CIFAR-100, binary version.</li>
      <li>Folders or files called train, test, val or the like keep their parts; otherwise 15 % of each class is held out.</li>
    </ul>
  ),
  detector: (
    <ul className="formats">
      <li>A folder, or a zip or tar of one, with pictures of any size and their boxes as COCO JSON, Pascal VOC XML or YOLO text.</li>
      <li>Each picture is fitted into a square, whole.</li>
      <li>Folders or lists called train, test, val or the like keep their parts; otherwise 15 % of the pictures are held out.</li>
    </ul>
  ),
};
