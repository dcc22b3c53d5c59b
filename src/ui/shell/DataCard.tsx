/** The data card: what images there are to learn from, and every way to bring one's own. */
import { taskOf } from "../../tasks";
import type { DataFacts } from "../../tasks/definition";
import { count } from "../format";
import { data, settings, useSources, useStore } from "../state/app";
import { picked } from "../state/files";
import { pageOf } from "../tasks";
import type { Things } from "../tasks/page";
import { Bar, Due, Problem } from "./CardParts";
import { FilePicker } from "./FilePicker";
import { FromHub } from "./FromHub";

export function DataCard() {
  const loaded = useSources((state) => state.loaded?.data);
  const run = useSources((state) => state.run?.dataset);
  const refusal = useSources((state) => state.refusals.data);
  const onDevice = useSources((state) => state.keptData);
  const begun = useStore((state) => state.step > 0);
  const preset = useStore(({ wanted }) => wanted.preset);
  const page = pageOf(preset);
  const { things = IMAGES } = page;
  const kept = onDevice?.task === taskOf(preset).name ? onDevice : undefined;
  const other = begun && loaded && run && run.id !== loaded.id ? run : undefined;
  return (
    <section className="panel source" id="data" aria-labelledby="data-title">
      <div className="panel-head">
        <h2 id="data-title">Data</h2>
        {loaded && <Sides facts={loaded} usual={page.sides} things={things} fixed={loaded.id === kept?.id} />}
      </div>
      {loaded ? <Facts facts={loaded} things={things} /> : <p className="hint">Getting ready …</p>}
      {other && <Due>The run under way keeps learning from {other.name}. Press Restart to learn from this data.</Due>}
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
        {loaded && <GeneratedSets loaded={loaded} />}
        <Samples loaded={loaded} />
        {kept && kept.id !== loaded?.id && (
          <button type="button" onClick={() => void data.loadKept()}>
            Use {kept.name} from this device
          </button>
        )}
      </div>
      <p className="hint">Or drop files or a folder anywhere on this page. Your {things.many} never leave this tab.</p>
      {taskOf(preset).hub && <FromHub kind="data" />}
      {loaded && !loaded.generated && <Keeping kept={loaded.id === kept?.id} things={things} />}
      <details>
        <summary>What can be read</summary>
        <ul className="formats">
          {page.formats.map((format) => (
            <li key={format}>{format}</li>
          ))}
        </ul>
      </details>
    </section>
  );
}

const IMAGES: Things = {
  ...{ many: "images", unit: "px", side: "Image side in pixels" },
  size: ({ side, channels }) => `${side} × ${side} ${channels === 1 ? "gray" : "colour"}`,
};

/** The picker empties its list right after, so it is copied at once. */
const take = (list: FileList) => void data.loadFiles(picked(list));

function Facts({ facts, things }: { facts: DataFacts; things: Things }) {
  const { name, classes, train, test, notes } = facts;
  return (
    <>
      <p className="what">
        <b>{name}</b> {count(train)} {things.many} to learn from, {count(test)} held out, {things.size(facts)}
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

interface SidesProps {
  facts: DataFacts;
  usual: readonly number[];
  things: Things;
  fixed: boolean;
}

function Sides({ facts, usual, things: { unit, side: label }, fixed }: SidesProps) {
  const sides = usual.includes(facts.side) ? usual : [...usual, facts.side];
  const reading = useSources((state) => state.reading !== undefined);
  return (
    <fieldset className="switch" aria-label={label} title={label}>
      {sides.map((side) => (
        <button
          key={side}
          type="button"
          aria-pressed={side === facts.side}
          disabled={reading || (fixed && side !== facts.side)}
          onClick={() => settings.change("side", side)}
        >
          {side} {unit}
        </button>
      ))}
    </fieldset>
  );
}

function Reading() {
  const reading = useSources((state) => state.reading);
  const loaded = useSources((state) => state.loaded);
  // The first data of the page itself take a moment, too, but no person chose them.
  if (!reading || !loaded) return null;
  return <Bar label={reading.what} value={reading.share} onCancel={() => data.cancel()} />;
}

/** A saved run that cannot go on before its own images are here. */
function Missing() {
  const missing = useSources((state) => state.missing);
  const reading = useSources((state) => state.reading);
  if (missing?.what !== "data" || reading) return null;
  return (
    <div className="heed" role="status">
      <p>
        The saved run learned from <b>{missing.wanted.name}</b>, which is not loaded. Choose the same files again, and it continues.
      </p>
      <button type="button" onClick={() => data.abandon()}>
        Leave it
      </button>
    </div>
  );
}

/** The generated sets of the task that are not loaded. */
function GeneratedSets({ loaded }: { loaded: DataFacts }) {
  const preset = useStore(({ wanted }) => wanted.preset);
  const [usual, ...others] = Object.entries(taskOf(preset).generated.sets);
  const now = pageOf(preset).generated.optionsOf(loaded.id);
  const shown = loaded.generated ? (now?.set ?? usual[0]) : undefined;
  return (
    <>
      {shown !== usual[0] && (
        <button type="button" onClick={() => void data.loadGenerated()} title={usual[1].about}>
          Back to {usual[0] === "scenes" ? "Scenes" : `generated ${usual[0]}`}
        </button>
      )}
      {others
        .filter(([name]) => name !== shown)
        .map(([name, { about }]) => (
          <button key={name} type="button" onClick={() => void data.loadGenerated(name)} title={about}>
            Generated {name}
          </button>
        ))}
    </>
  );
}

/** Real images that come with the page and are not loaded. */
function Samples({ loaded }: { loaded?: DataFacts }) {
  const preset = useStore(({ wanted }) => wanted.preset);
  return Object.entries(taskOf(preset).samples ?? {})
    .filter(([, { name }]) => name !== loaded?.name)
    .map(([key, { name, about }]) => (
      <button key={key} type="button" onClick={() => void data.loadSample(key)} title={about}>
        {name}
      </button>
    ));
}

function Keeping({ kept, things }: { kept: boolean; things: Things }) {
  return (
    <label className="tick">
      <input type="checkbox" checked={kept} onChange={({ target }) => data.keep(target.checked)} /> Keep these {things.many} on this device,
      so that a reload finds them
    </label>
  );
}
