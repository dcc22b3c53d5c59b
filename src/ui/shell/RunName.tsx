/** The name of a run, which turns into a field when pressed. */
import { useState } from "react";
import { savedRuns } from "../state/app";
import type { Run } from "../state/runs";

export function RunName({ run }: { run: Run }) {
  const [text, setText] = useState<string>();
  if (text === undefined)
    return (
      <button type="button" className="name" onClick={() => setText(run.name)} title="Rename">
        {run.name}
      </button>
    );
  const done = (name: string) => {
    if (name.trim()) savedRuns.rename(run.id, name.trim());
    setText(undefined);
  };
  return (
    <input
      value={text}
      aria-label={`New name of ${run.name}`}
      // biome-ignore lint/a11y/noAutofocus: it takes the place of the button that was just pressed
      autoFocus
      maxLength={40}
      onChange={({ target }) => setText(target.value)}
      onBlur={() => done(text)}
      onKeyDown={({ key }) => {
        if (key === "Enter") done(text);
        if (key === "Escape") setText(undefined);
      }}
    />
  );
}
