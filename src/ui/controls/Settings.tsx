/** The panel of settings, derived from the one table. */
import { useState } from "react";
import type { Setting } from "../../settings/setting";
import { SCHEMA } from "../../tasks";
import { useStore } from "../state/app";
import { Control, Tag } from "./Control";
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
      {Object.entries(GROUPS).map(([group, title]) => {
        const keys = shown.filter(([, setting]) => setting.group === group).map(([key]) => key);
        return (
          keys.length > 0 && (
            <details key={group} className="group" open={wide || group === "mask"}>
              <summary>{title}</summary>
              {group === "method" && <RowChooser />}
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
