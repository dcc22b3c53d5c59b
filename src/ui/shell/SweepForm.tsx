/** Sets a sweep up: one or two settings, their values, and how many seeds. */
import { type FormEvent, useState } from "react";
import { EngineError } from "../../engine/errors";
import { SCHEMA } from "../../tasks";
import { experiments, sources, store, useStore } from "../state/app";
import { axisOf, type Base, sweepable, sweepOf } from "../state/sweep";
import { address } from "../state/url";

const SEEDS = [1, 3, 5];
const NONE = "";

export default function SweepForm() {
  const preset = useStore(({ wanted }) => wanted.preset);
  const [keys, setKeys] = useState<readonly string[]>([NONE, NONE]);
  const [texts, setTexts] = useState<readonly string[]>([NONE, NONE]);
  const [seeds, setSeeds] = useState(3);
  const [problem, setProblem] = useState("");
  const known = sweepable(preset);
  const essential = known.filter((key) => SCHEMA.setting(key, preset).essential);
  const usual = essential.find((key) => SCHEMA.setting(key, preset).group === "mask") ?? essential[0] ?? known[0];
  const chosen = keys.map((key, i) => (known.includes(key) ? key : i ? NONE : usual));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    try {
      const axes = chosen.flatMap((key, i) => (key === NONE ? [] : [axisOf(key, texts[i], preset)]));
      experiments.start(sweepOf(axes, seeds, baseNow()));
      setProblem("");
    } catch (error) {
      if (!(error instanceof EngineError)) throw error;
      setProblem(error.message);
    }
  };
  return (
    <details className="sweep">
      <summary>Sweep over settings</summary>
      <form className="buttons" onSubmit={submit}>
        {chosen.map((key, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the first and the second axis
          <fieldset key={i} className="switch">
            <legend className="hidden">{i ? "Second setting" : "First setting"}</legend>
            <select
              aria-label={i ? "Second setting" : "Setting"}
              value={key}
              onChange={({ target }) => setKeys(keys.with(i, target.value))}
            >
              {i > 0 && <option value={NONE}>no second setting</option>}
              {known.map((one) => (
                <option key={one} value={one}>
                  {SCHEMA.setting(one, preset).label}
                </option>
              ))}
            </select>
            {key !== NONE && (
              <input
                aria-label={i ? "Values of the second setting" : "Values"}
                placeholder={hintOf(key, preset)}
                value={texts[i]}
                onChange={({ target }) => setTexts(texts.with(i, target.value))}
              />
            )}
          </fieldset>
        ))}
        <label className="check">
          Seeds
          <select value={seeds} onChange={({ target }) => setSeeds(Number(target.value))}>
            {SEEDS.map((count) => (
              <option key={count}>{count}</option>
            ))}
          </select>
        </label>
        <button type="submit">Start the sweep</button>
      </form>
      {problem && (
        <p className="heed" role="alert">
          {problem}
        </p>
      )}
    </details>
  );
}

/** What values look like: those of a choice, or the ends of a range. */
function hintOf(key: string, preset: string): string {
  const setting = SCHEMA.setting(key, preset);
  return setting.kind === "choice" ? setting.options.join(", ") : `${setting.min}, ${setting.default}, ${setting.max}`;
}

function baseNow(): Base {
  const { data } = address.read();
  const loaded = sources.getState().loaded?.data;
  const own = data === undefined && loaded?.generated === false ? loaded : undefined;
  return { settings: store.getState().wanted, data, own };
}
