/** The panel of settings, derived from the one table: the essential ones in view, all others to be found. */
import { useState } from "react";
import { RECIPES } from "../../settings/recipes";
import type { Setting, Table } from "../../settings/setting";
import { SCHEMA } from "../../tasks";
import { CopyButton } from "../shell/CopyButton";
import { settings, useStore } from "../state/app";
import { link } from "../state/url";
import { Control, Tag } from "./Control";
import { Memory } from "./Memory";
import { RowChooser } from "./RowChooser";
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
  const preset = useStore(({ wanted }) => wanted.preset);
  const shown = Object.entries(SCHEMA.of(preset)).filter(([, { group }]) => group in GROUPS);
  const order = Object.keys(GROUPS);
  const essential = shown
    .filter(([, setting]) => setting.essential)
    .toSorted(([, a], [, b]) => order.indexOf(a.group) - order.indexOf(b.group));
  const others = shown.filter(([, setting]) => !setting.essential);
  return (
    <section className="panel settings" aria-labelledby="settings-title">
      <h2 id="settings-title">Settings</h2>
      <p className="hint">
        <Tag when="live" /> acts on the very next step, <Tag when="next" /> with the next start.
      </p>
      {essential.map(([key]) => (
        <Control key={key} name={key} />
      ))}
      <Others settings={Object.fromEntries(others)} />
      <Recipes preset={preset} />
      <RowChooser />
      <p>
        <CopyButton label="Copy a link to these settings" text={link} />
      </p>
      <Memory />
    </section>
  );
}

/** All that are not essential, by group: open where they are looked for. */
function Others({ settings }: { settings: Table }) {
  const [sought, setSought] = useState("");
  const [changedOnly, setChangedOnly] = useState(false);
  const [open, setOpen] = useState(false);
  const wanted = useStore((state) => state.wanted);
  const found = Object.entries(settings).filter(
    ([key, setting]) => isAbout(key, setting, sought) && !(changedOnly && wanted[key] === setting.default),
  );
  const looking = sought !== "" || changedOnly;
  const groups = Object.entries(GROUPS).map(([group, title]) => ({
    title,
    keys: found.filter(([, setting]) => setting.group === group).map(([key]) => key),
  }));
  return (
    <>
      <div className="find">
        <input
          type="search"
          aria-label="Find a setting"
          placeholder={`Find one of ${Object.keys(settings).length} more`}
          value={sought}
          onChange={({ target }) => setSought(target.value)}
        />
        <label className="check">
          <input type="checkbox" checked={changedOnly} onChange={({ target }) => setChangedOnly(target.checked)} /> changed
        </label>
      </div>
      <details className="others" open={open || looking} onToggle={({ currentTarget }) => !looking && setOpen(currentTarget.open)}>
        <summary>{looking ? `${found.length} of ${Object.keys(settings).length} found` : "All settings"}</summary>
        {groups.map(
          ({ title, keys }) =>
            keys.length > 0 && (
              <section key={title} className="group" aria-label={title}>
                <h3>{title}</h3>
                {keys.map((key) => (
                  <Control key={key} name={key} />
                ))}
              </section>
            ),
        )}
      </details>
    </>
  );
}

/** Whether all words that were typed stand in what a setting is called or does. */
function isAbout(key: string, { label, help }: Setting, sought: string): boolean {
  const text = `${key} ${label} ${help}`.toLowerCase();
  return sought
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
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
