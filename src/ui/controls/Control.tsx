/** One setting: its label, its control, what is wrong with it, and what it does. */
import { memo } from "react";
import type { Setting } from "../../settings/setting";
import { SCHEMA } from "../../tasks";
import { settings, useStore } from "../state/app";
import { conflicts } from "../state/runActions";
import { begun } from "../state/selectors";
import { pageOf } from "../tasks";
import { partsOf } from "../tasks/parts";
import { MethodExtras, methodName } from "./MethodExtras";
import { ChoiceControl, NumberControl } from "./SettingControls";

const METHOD = "preset";

export const Control = memo(function Control({ name }: { name: string }) {
  const preset = useStore(({ wanted }) => wanted.preset);
  const setting = SCHEMA.of(preset)[name];
  const value = useStore(({ wanted }) => wanted[name]);
  const problem = useStore(({ problems, wanted }) => problems[name] ?? conflicts(wanted)[name]);
  const step = useStore((state) => pageOf(state.wanted.preset).sliderStep?.(name, state));
  // Another preset may just have been chosen, under which this setting plays no part.
  if (!setting) return null;
  const ids = { id: `set-${name}`, help: `help-${name}`, problem: problem ? `problem-${name}` : undefined };
  const Kind = setting.kind === "number" ? NumberControl : ChoiceControl;
  const Extras = name === METHOD ? MethodExtras : partsOf(preset).extras?.[name];
  const onChange = (entry: string | number) => settings.change(name, entry);
  return (
    <div className="control" data-key={name}>
      <Head name={name} setting={setting} value={value} id={ids.id} />
      <Kind
        setting={setting as never}
        value={value}
        ids={ids}
        step={step}
        nameOf={name === METHOD ? methodName : undefined}
        onChange={onChange}
      />
      {Extras && <Extras value={value} onChange={onChange} />}
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

interface HeadProps {
  name: string;
  setting: Setting;
  value: string | number;
  /** Id of the control. */
  id: string;
}

/** The label, when a change acts, and the way back to the default. */
function Head({ name, setting: { label, when, default: usual }, value, id }: HeadProps) {
  const differs = useStore((state) => begun(state) && state.active !== undefined && name in state.active && state.active[name] !== value);
  const reset = () => {
    settings.reset(name);
    // The button is gone with the change; people who pressed it by keyboard stay at the control.
    document.getElementById(id)?.focus();
  };
  return (
    <div className="control-head">
      <label htmlFor={id}>{label}</label>
      <Tag when={when} />
      {differs && when === "next" && <span className="due-mark">Restart to apply</span>}
      {value !== usual && (
        <button type="button" className="reset" onClick={reset} aria-label={`Reset ${label} to ${usual}`} title={`Back to ${usual}`}>
          ↺
        </button>
      )}
    </div>
  );
}

export function Tag({ when }: { when: Setting["when"] }) {
  return <span className={`tag ${when}`}>{when === "live" ? "live" : "next run"}</span>;
}
