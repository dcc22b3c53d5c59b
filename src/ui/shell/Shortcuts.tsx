/** The keys, and the sheet that lists them. */
import { type RefObject, useEffect } from "react";
import { run, settings } from "../state/app";
import { dismissMessage } from "./Failure";

const SHEET = [
  ["Space", "Start, pause, continue; resume a kept run"],
  [".", "One step"],
  ["Ctrl Z", "Take back the last live change"],
  ["Arrow keys", "Move over the patches of a picture, or over time on the time slider"],
  ["Esc", "Dismiss a message"],
  ["?", "This sheet"],
];

/** Controls for which these keys have another meaning. */
const TYPING = "input:not([type=range]), textarea, select";
const PRESSING = "button, a, summary, [role=radio]";

export function useShortcuts(help: () => void): void {
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const target = event.target as HTMLElement;
      if (target.closest("dialog")) return;
      // What Escape closes besides, such as a menu, comes first.
      if (event.key === "Escape" && !target.closest("[popover]") && dismissMessage()) return event.preventDefault();
      if (target.closest(TYPING)) return;
      if (event.key === " " && target.closest(PRESSING)) return;
      const action = actionOf(event, help);
      if (!action) return;
      event.preventDefault();
      action();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  });
}

function actionOf({ key, ctrlKey, metaKey, altKey }: KeyboardEvent, help: () => void): (() => void) | undefined {
  if (altKey) return undefined;
  if (ctrlKey || metaKey) return key === "z" ? () => settings.undo() : undefined;
  return { " ": () => run.playByKey(), ".": () => run.stepByKey(), "?": help }[key];
}

export function Shortcuts({ sheet }: { sheet: RefObject<HTMLDialogElement | null> }) {
  return (
    <dialog ref={sheet} aria-labelledby="keys-title">
      <h2 id="keys-title">Keyboard</h2>
      <dl>
        {SHEET.map(([key, what]) => (
          <div key={key}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit">Close</button>
      </form>
    </dialog>
  );
}
