/** The panel of settings, derived from the one table. */
import { memo, useState } from "react";
import { type Key, type Preset, settingOf, settingsOf } from "../../settings/experiment";
import type { Setting } from "../../settings/setting";
import { change, conflicts, reset } from "../state/actions";
import { patchCount } from "../state/selectors";
import { begun, useStore } from "../state/store";
import { ChoiceControl, KeepExtras, MethodExtras, NumberControl, presetName } from "./SettingControls";

/** What data and teacher there are, their own cards say. */
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
  const shown = Object.entries(settingsOf(preset)) as [Key, Setting][];
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

const Control = memo(function Control({ name }: { name: Key }) {
  const setting = useStore(({ wanted }) => settingOf(name, wanted.preset));
  const value = useStore(({ wanted }) => wanted[name]);
  const differs = useStore((state) => begun(state) && state.active !== undefined && state.active[name] !== value);
  const problem = useStore(({ problems, wanted }) => problems[name] ?? conflicts(wanted)[name]);
  const patches = useStore(patchCount);
  const changed = value !== setting.default;
  const ids = { id: `set-${name}`, help: `help-${name}`, problem: problem ? `problem-${name}` : undefined };
  const Kind = setting.kind === "number" ? NumberControl : ChoiceControl;
  return (
    <div className="control" data-key={name}>
      <div className="control-head">
        <label htmlFor={ids.id}>{setting.label}</label>
        <Tag when={setting.when} />
        {differs && setting.when === "next" && <span className="due-mark">Restart to apply</span>}
        {changed && (
          <button
            type="button"
            className="reset"
            onClick={() => {
              reset(name);
              // The mark is gone with the change; whoever pressed it by keyboard stays at the control.
              document.getElementById(ids.id)?.focus();
            }}
            aria-label={`Reset ${setting.label} to ${setting.default}`}
            title={`Back to ${setting.default}`}
          >
            ↺
          </button>
        )}
      </div>
      <Kind
        setting={setting as never}
        value={value}
        ids={ids}
        step={name === "keep" ? 1 / patches : undefined}
        nameOf={name === "preset" ? presetName : undefined}
        onChange={(v) => change(name, v)}
      />
      {name === "preset" && <MethodExtras preset={value as Preset} />}
      {name === "keep" && <KeepExtras value={Number(value)} patches={patches} onChange={(v) => change(name, v)} />}
      {problem && (
        <p className="problem" id={ids.problem} role="alert">
          {problem}
        </p>
      )}
      <p className="help" id={ids.help}>
        {setting.help}
      </p>
    </div>
  );
});

function Tag({ when }: { when: Setting["when"] }) {
  return <span className={`tag ${when}`}>{when === "live" ? "live" : "next run"}</span>;
}
