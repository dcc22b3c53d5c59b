/** Two runs of one seed side by side: their curves on one axis, the same map of the same held-out picture in both, and how these differ. */
import { type ReactNode, useMemo, useState } from "react";
import { useShallow } from "zustand/shallow";
import { cellsOf } from "../draw/grid";
import { DifferenceLegend, EvenLegend } from "../draw/Legend";
import { short } from "../format";
import { useInTurn } from "../shell/scheduler";
import { store, usePick, useStore } from "../state/app";
import type { Look, SharedMap } from "../state/looks";
import { type Pair, pairOf, type Side, sharedStep } from "../state/pair";
import { presetOf, shownStep } from "../state/selectors";
import { partsOf } from "../tasks/parts";
import { Picker } from "../tasks/stage/Picker";
import { PairChart } from "./PairChart";
import { DifferenceCanvas, MapCanvas, REACH } from "./PairMaps";
import "./pair.css";

export default function PairPanel() {
  const version = useStore((state) => state.version);
  const { history, runs, experiment, baseline, phase, beside } = useStore(
    useShallow(({ history, runs, experiment, baseline, phase, beside }) => ({ history, runs, experiment, baseline, phase, beside })),
  );
  // biome-ignore lint/correctness/useExhaustiveDependencies: what the pair is made of
  const of = useMemo(() => ({}), [history, runs, experiment, baseline, phase, beside]);
  const pair = useInTurn(() => pairOf(store.getState()), of, version);
  return pair ? <Shown pair={pair} together={beside !== undefined} /> : null;
}

const NAMES = ["A", "B"] as const;

function Shown({ pair, together }: { pair: Pair; together: boolean }) {
  const cursor = useStore(shownStep);
  const step = sharedStep(pair.sides, cursor);
  const words = pair.sides.map(({ words }, i) => `${NAMES[i]}: ${words}`);
  return (
    <section className="panel pair" aria-labelledby="pair-title" data-asked={pair.asked || undefined} data-step={step}>
      <div className="panel-head">
        <h2 id="pair-title">
          Two runs{pair.seed !== undefined && ` of seed ${pair.seed}`}, side by side{" "}
          <small>step for step{together && "; what follows is A’s"}</small>
        </h2>
      </div>
      <div className="pair-grid">
        <PairChart pair={pair} words={words} />
        <Maps pair={pair} words={words} step={step} />
      </div>
    </section>
  );
}

interface MapsProps {
  pair: Pair;
  words: readonly string[];
  step?: number;
}

/** The chosen map of the chosen picture, of both runs at a step of which both have it; of one alone while the other has none. */
function Maps({ pair: { sides }, words, step }: MapsProps) {
  const preset = useStore(presetOf);
  const pictures = useStore((state) => partsOf(preset).pictures?.(state)) ?? [];
  const [{ image }, pick] = usePick("stage", { image: 0 });
  const [wanted, want] = useState<string>();
  const [reading, setReading] = useState("");
  const looks = sides.map(({ run }) => run?.looks?.find((look) => look.step === step));
  const names = sharedNames(looks);
  const name = wanted !== undefined && names.includes(wanted) ? wanted : names[0];
  const [a, b] = looks.map((look) => look?.maps.find((map) => map.name === name));
  const index = Math.min(image, pictures.length - 1);
  const chosen = pictures[index];
  const fits = (map: SharedMap | undefined) => map && chosen && map.values.length === pictures.length * cellsOf(map.grid);
  const shown = [a, b].map((map) => (fits(map) ? map : undefined));
  const common = { index, picture: chosen?.picture, subject: chosen?.name, onRead: setReading };
  const { kind = "kept" } = shown.find(Boolean) ?? {};
  return (
    <div className="pair-maps">
      <div className="buttons">
        <label className="check">
          Map
          <select value={name} onChange={({ target }) => want(target.value)}>
            {names.map((one) => (
              <option key={one}>{one}</option>
            ))}
          </select>
        </label>
        <Picker pictures={pictures} chosen={index} onPick={(image) => pick({ image })} legend="Image to compare" />
      </div>
      <div className="pair-pictures">
        {sides.map((side, i) => (
          <Column
            key={NAMES[i]}
            title={words[i]}
            under={saysOf(looks[i]?.says?.[index])}
            picture={shown[i] && <MapCanvas {...common} map={shown[i]} title={words[i]} />}
            otherwise={whyNot(side)}
          />
        ))}
        <Column
          title="A − B"
          under={step === undefined ? "" : `step ${short(step)}`}
          picture={shown[0] && shown[1] && <DifferenceCanvas {...common} a={shown[0]} b={shown[1]} />}
          otherwise="Comes with both."
        />
      </div>
      <div className="under">
        <p className="reading">{reading || HINTS[kind]}</p>
        {kind === "times" && <EvenLegend />}
        <DifferenceLegend reach={REACH[kind]} />
      </div>
    </div>
  );
}

/** A picture under its title, or in its place why there is none. */
function Column({ title, under, picture, otherwise }: { title: string; under?: string; picture: ReactNode; otherwise: string }) {
  return (
    <figure>
      <figcaption title={title}>
        <b>{title}</b>
      </figcaption>
      {picture || <p className="pair-empty">{otherwise}</p>}
      <small>{under || "\u00a0"}</small>
    </figure>
  );
}

/** Names of the maps that all looks have which are there. */
function sharedNames(looks: readonly (Look | undefined)[]): string[] {
  const there = looks.filter((look) => look !== undefined);
  const own = there[0]?.maps.filter(({ features }) => features?.of !== "teacher") ?? [];
  return own.map(({ name }) => name).filter((name) => there.every(({ maps }) => maps.some((map) => map.name === name)));
}

const saysOf = (answer: string | undefined) => answer && `says ${answer}`;

const HINTS: Record<SharedMap["kind"], string> = {
  kept: "Orange: A alone keeps it; blue: B alone.",
  times: "Multiples of an even share; orange: more in A, blue: more in B.",
  shade: "Brightness; orange: brighter in A, blue: brighter in B.",
};

/** Why a run has no map to show. */
function whyNot({ run, missing }: Side): string {
  if (!run) return missing ?? "";
  return run.looks?.length ? "It has no such map at this step." : "No maps of it are kept.";
}
