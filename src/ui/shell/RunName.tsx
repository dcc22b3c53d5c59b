/** The name of a run, which turns into a field when pressed. */
import { useState } from "react";

interface RunNameProps {
  name: string;
  rename(to: string): void;
}

export function RunName({ name: now, rename }: RunNameProps) {
  const [text, setText] = useState<string>();
  if (text === undefined)
    return (
      <button type="button" className="name" onClick={() => setText(now)} title="Rename">
        {now}
      </button>
    );
  const done = (name: string) => {
    if (name.trim()) rename(name.trim());
    setText(undefined);
  };
  return (
    <input
      value={text}
      aria-label={`New name of ${now}`}
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
