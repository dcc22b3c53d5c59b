/** The panel of settings, derived from the one table. */
import { useState } from "react";
import { RECIPES } from "../../settings/recipes";
import type { Setting } from "../../settings/setting";
import { SCHEMA } from "../../tasks";
import { settings, useStore } from "../state/app";
import { Control, Tag } from "./Control";
import { Memory } from "./Memory";
import "./controls.css";

/** Those of group "data" are on the cards of data and teacher. */
const GROUPS: Record<Exclude<Setting["group"], "data">, string> = {
  method: "Method",
  mask: "Mask",
  loss: "Loss",
  optimizer: "Optimizer",
  student: "Student",
  augmentation: "Augmentation",
  run: "Run",
};

export function SettingsPanel() {
  // On a phone the first group is enough to begin with; the others open at a tap.
  const [wide] = useState(() => innerWidth > 720);
  const preset = useStore(({ wanted }) => wanted.preset);
  const shown = Object.entries(SCHEMA.of(preset));
  return (
    <section className="panel settings" aria-labelledby="settings-title">
      <h2 id="settings-title">Settings</h2>
      <p className="hint">
        <Tag when="live" /> acts on the very next step, <Tag when="next" /> with the next start.
      </p>
      <Recipes preset={preset} />
      <Memory />
      {Object.entries(GROUPS).map(([group, title]) => {
        const keys = shown.filter(([, setting]) => setting.group === group).map(([key]) => key);
        return (
          keys.length > 0 && (
            <details key={group} className="group" open={wide || group === "mask"}>
              <summary>{title}</summary>
              {keys.map((key) => (
                <Control key={key} name={key} />
              ))}
            </details>
          )
        );
      })}
    </section>
  );
}

/** Many settings in one choice. What is chosen enters as if typed, so the list itself shows none as chosen. */
function Recipes({ preset }: { preset: string }) {
  const [chosen, setChosen] = useState<string>();
  const offered = SCHEMA.recipes(preset);
  const follow = (name: string) => {
    setChosen(name);
    settings.follow(name);
  };
  return (
    <div className="recipes">
      <label>
        Recipe{" "}
        <select value="" onChange={({ target }) => follow(target.value)}>
          <option value="" disabled>
            set several at once …
          </option>
          {offered.map((name) => (
            <option key={name} value={name}>
              {RECIPES[name].label}
            </option>
          ))}
        </select>
      </label>
      <p className="hint" role="status">
        {chosen && offered.includes(chosen) && `${RECIPES[chosen].label}: ${RECIPES[chosen].help}`}
      </p>
    </div>
  );
}
