/** "From the Hub": data sets and networks by their names at huggingface.co, asked for only when a button that names it is pressed. */
import { useEffect, useId, useState } from "react";
import { taskOf } from "../../tasks";
import type { HubSet } from "../../tasks/definition";
import type { HubFacts, HubKind } from "../../worker/hubProtocol";
import { emptyKept, keptBytes } from "../../worker/hubStore";
import { browserStore } from "../../worker/storage";
import { bytes, count } from "../format";
import { data, teachers, useSources, useStore } from "../state/app";
import { HubActions, type HubState } from "../state/hub";
import { Bar, Problem } from "./CardParts";
import "./hub.css";

const outside = {
  worker: () => new Worker(new URL("../../worker/hub.ts", import.meta.url), { type: "module" }),
  storage: browserStore,
  keptBytes,
  emptyKept,
};
const HUBS: Record<HubKind, HubActions> = {
  data: new HubActions("data", { ...outside, take: (files, told) => data.loadFetched(files, told) }),
  model: new HubActions("model", { ...outside, take: (files, { word }) => teachers.import("teacher", files, word) }),
};
const HOST = "huggingface.co";

export default function Hub({ kind }: { kind: HubKind }) {
  const hub = HUBS[kind];
  const state = hub.store();
  const offered = useSources((sources) => sources.offered[kind]);
  useEffect(() => void hub.open(), [hub]);
  useEffect(() => {
    if (offered !== undefined) hub.enter(offered);
  }, [hub, offered]);
  return (
    <div className="hub">
      <Entry hub={hub} kind={kind} state={state} />
      {state.facts && <Facts facts={state.facts} kind={kind} />}
      <Progress hub={hub} state={state} />
      <Problem refusal={state.refusal} />
      <Kept hub={hub} kept={state.kept} />
    </div>
  );
}

interface Part {
  hub: HubActions;
  state: HubState;
}

function Entry({ hub, kind, state }: Part & { kind: HubKind }) {
  const { entry, phase, facts } = state;
  const id = useId();
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (phase === "looked") hub.fetch();
        else hub.look();
      }}
    >
      {kind === "data" && <Usual hub={hub} />}
      <label htmlFor={id}>{kind === "data" ? "Data set" : "Model"}</label>
      <input
        id={id}
        type="text"
        value={entry.name}
        placeholder="owner/name"
        autoComplete="off"
        spellCheck={false}
        onChange={({ target }) => hub.edit({ name: target.value })}
      />
      {kind === "data" && <Rows hub={hub} state={state} />}
      <Token hub={hub} state={state} />
      <button type="submit" disabled={entry.name.trim() === "" || phase === "looking" || phase === "fetching"}>
        {facts ? fetchLabel(facts) : `Look it up at ${HOST}`}
      </button>
    </form>
  );
}

/** Says what the button does, and whom it asks. */
function fetchLabel({ rows, bytes: all, missing }: HubFacts): string {
  const what = rows ? `${count(rows.train + rows.test)} rows` : "it";
  if (missing === 0) return `Take ${what}, kept here`;
  const kept = missing < all ? `, of which ${bytes(all - missing)} are kept here` : "";
  return `Fetch ${what} (about ${bytes(all)}${kept}) from ${HOST}`;
}

/** Data sets that many distil on. */
function Usual({ hub }: { hub: HubActions }) {
  const preset = useStore(({ wanted }) => wanted.preset);
  const [sets, setSets] = useState<readonly HubSet[]>([]);
  useEffect(() => {
    let stays = true;
    void taskOf(preset)
      .hub?.()
      .then((found) => stays && setSets(found));
    return () => {
      stays = false;
    };
  }, [preset]);
  return (
    <div className="buttons">
      {sets.map(({ name, about, word }) => (
        <button key={name} type="button" title={about} onClick={() => hub.enter(word)}>
          {name}
        </button>
      ))}
    </div>
  );
}

function Rows({ hub, state: { entry } }: Part) {
  const numbers = [
    ["train", "Rows to learn from"],
    ["test", "held out"],
  ] as const;
  return (
    <div className="rows">
      {numbers.map(([key, label]) => (
        <label key={key}>
          {label}
          <input
            type="number"
            min={1}
            max={20_000}
            value={entry[key]}
            onChange={({ target }) => hub.edit({ [key]: Math.max(1, Math.floor(target.valueAsNumber || 1)) })}
          />
        </label>
      ))}
      <label className="tick" title="Where a data set is sorted by class, its first rows are of few classes">
        <input type="checkbox" checked={entry.spread} onChange={({ target }) => hub.edit({ spread: target.checked })} /> spread over all of
        it, not its first rows
      </label>
    </div>
  );
}

function Token({ hub, state: { token, keepsToken } }: Part) {
  const id = useId();
  return (
    <details>
      <summary>Token, for what is private or has terms</summary>
      <label htmlFor={id}>Token of your account at {HOST}</label>
      <input
        id={id}
        type="password"
        autoComplete="off"
        value={token}
        onChange={({ target }) => void hub.setToken(target.value, keepsToken)}
      />
      <label className="tick">
        <input type="checkbox" checked={keepsToken} onChange={({ target }) => void hub.setToken(token, target.checked)} /> Keep it in this
        browser; else it is forgotten with the tab
      </label>
    </details>
  );
}

function Facts({ facts: { name, licence, rows, notes }, kind }: { facts: HubFacts; kind: HubKind }) {
  return (
    <>
      <p className="what">
        <b>{name}</b> {rows && `${count(rows.train)} rows to learn from, ${count(rows.test)} held out. `}
        Licence: {licence ?? "not stated"}. {kind === "model" && "Its weights and configuration become the teacher."}
      </p>
      {notes.map((note) => (
        <p key={note} className="hint">
          {note}
        </p>
      ))}
    </>
  );
}

function Progress({ hub, state: { phase, share, waiting } }: Part) {
  if (phase !== "looking" && phase !== "fetching") return null;
  const what = phase === "looking" ? "Looking it up" : "Fetching";
  const label = waiting === undefined ? what : `${what}: asking again in ${waiting} s`;
  return <Bar label={label} value={share} onCancel={() => void hub.cancel()} />;
}

function Kept({ hub, kept }: { hub: HubActions; kept: number }) {
  return (
    kept > 0 && (
      <p className="hint">
        {bytes(kept)} from the Hub are kept in this browser.{" "}
        <button type="button" onClick={() => void hub.empty()}>
          Remove them
        </button>
      </p>
    )
  );
}
