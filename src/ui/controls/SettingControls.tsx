/** The two kinds of control: a number as a slider and a field, a choice as a list. */
import { useEffect, useState } from "react";
import type { ChoiceSetting, NumberSetting } from "../../settings/setting";
import { short } from "../format";

interface Props<S> {
  setting: S;
  value: string | number;
  ids: { id: string; help: string; problem?: string };
  /** Smallest move of the slider. */
  step?: number;
  /** What an option is called. */
  nameOf?(option: string): string;
  /** Options that this GPU cannot carry out. */
  missing?: readonly string[];
  onChange(value: string | number): void;
}

/** Positions of a slider; each is an equal step, or on a logarithmic one an equal ratio. */
const POSITIONS = 200;
/** Wider ranges are typed: no slider can pick one number in a million. */
const SLIDES_TO = 1024;

export function NumberControl({ setting, value, ids, step, onChange }: Props<NumberSetting>) {
  const slides = setting.log || setting.max - setting.min <= SLIDES_TO;
  return (
    <div className="number">
      {slides && <Slider setting={setting} value={Number(value)} step={step} onChange={onChange} describedBy={ids.help} />}
      <Entry setting={setting} value={Number(value)} ids={ids} onChange={onChange} />
    </div>
  );
}

function Slider(props: { setting: NumberSetting; value: number; step?: number; describedBy: string; onChange(value: number): void }) {
  const { setting, value, onChange } = props;
  const { min, max, log, integer, label } = setting;
  const step = props.step ?? (integer ? 1 : (max - min) / POSITIONS);
  const scale = log ? { min: 0, max: POSITIONS, step: 1 } : { min: props.step ?? min, max, step };
  const position = log ? (POSITIONS * Math.log(value / min)) / Math.log(max / min) : value;
  const valueAt = (at: number) => (log ? min * (max / min) ** (at / POSITIONS) : Math.min(max, Math.max(min, at)));
  return (
    <input
      type="range"
      {...scale}
      value={position}
      aria-label={`${label}, slider`}
      aria-valuetext={short(value)}
      aria-describedby={props.describedBy}
      onChange={({ target }) => onChange(rounded(valueAt(Number(target.value))))}
    />
  );
}

/** Four digits, without what binary fractions add: 0.3 instead of 0.30000000000000004. */
const rounded = (value: number) => Number(value.toPrecision(4));

/** A field that keeps what is typed until Enter is pressed or the field is left. */
function Entry({ setting, value, ids, onChange }: { setting: NumberSetting; value: number } & Pick<Props<never>, "ids" | "onChange">) {
  const [text, setText] = useState(String(value));
  useEffect(() => setText(String(value)), [value]);
  const commit = () => text !== String(value) && onChange(text);
  return (
    <input
      id={ids.id}
      inputMode={setting.integer ? "numeric" : "decimal"}
      value={text}
      autoComplete="off"
      aria-invalid={ids.problem !== undefined}
      aria-describedby={[ids.problem, ids.help].filter(Boolean).join(" ")}
      onChange={({ target }) => setText(target.value)}
      onBlur={commit}
      onKeyDown={({ key }) => key === "Enter" && commit()}
    />
  );
}

export function ChoiceControl({ setting, value, ids, nameOf = String, missing = [], onChange }: Props<ChoiceSetting>) {
  return (
    <select id={ids.id} value={value} aria-describedby={ids.help} onChange={({ target }) => onChange(target.value)}>
      {setting.options.map((option) => (
        <option key={option} value={option} disabled={missing.includes(option)}>
          {nameOf(option)}
        </option>
      ))}
    </select>
  );
}
