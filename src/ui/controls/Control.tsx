/** One setting: its label, its control, what is wrong with it, and what it does. */
import { memo, useState } from "react";
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

export function Control({ name }: { name: string }) {
  const preset = useStore(({ wanted }) => wanted.preset);
  const setting = SCHEMA.of(preset)[name];
  // Another preset may just have been chosen, under which this setting plays no part.
  return setting ? <Present name={name} preset={preset} setting={setting} /> : null;
}

const Present = memo(function Present({ name, preset, setting }: { name: string; preset: string; setting: Setting }) {
  const value = useStore(({ wanted }) => wanted[name]);
  const problem = useStore(({ problems, wanted }) => problems[name] ?? conflicts(wanted)[name]);
  const half = useStore(({ adapter }) => adapter?.half ?? true);
  const needs = (setting.kind === "choice" && !half && setting.needs) || {};
  const step = useStore((state) => pageOf(state.wanted.preset).sliderStep?.(name, state));
  const ids = { id: `set-${name}`, help: `help-${name}`, problem: problem ? `problem-${name}` : undefined };
  const Kind = setting.kind === "number" ? NumberControl : ChoiceControl;
  const Extras = name === METHOD ? MethodExtras : partsOf(preset).extras?.[name];
  const [helps, setHelps] = useState(false);
  const onChange = (entry: string | number) => settings.change(name, entry);
  return (
    <div className="control" data-key={name}>
      <Head name={name} setting={setting} value={value} ids={ids} helps={helps} onHelp={() => setHelps(!helps)} />
      <Kind
        setting={setting as never}
        value={value}
        ids={ids}
        step={step}
        missing={Object.keys(needs)}
        nameOf={name === METHOD ? methodName : undefined}
        onChange={onChange}
      />
      {Object.entries(needs).map(([option, feature]) => (
        <p className="hint" key={option}>
          {option} needs {feature}, which this GPU does not offer.
        </p>
      ))}
      {Extras && <Extras value={value} onChange={onChange} />}
      {problem && (
        <p className="problem" id={ids.problem} role="alert">
          {problem}
        </p>
      )}
      <p className="help" id={ids.help} hidden={!helps}>
        {setting.help}
      </p>
    </div>
  );
});

interface HeadProps {
  name: string;
  setting: Setting;
  value: string | number;
  /** Ids of the control and of its help. */
  ids: { id: string; help: string };
  /** Whether the help is shown. */
  helps: boolean;
  onHelp(): void;
}

/** The label, when a change acts, what it does, and the way back to the default. */
function Head({ name, setting: { label, when, default: usual }, value, ids: { id, help }, helps, onHelp }: HeadProps) {
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
      <button type="button" className="ask" aria-expanded={helps} aria-controls={help} aria-label={`What ${label} does`} onClick={onHelp}>
        ?
      </button>
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
