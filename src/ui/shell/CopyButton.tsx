/** Puts a text into the clipboard, and says whether the browser allowed it. */
import { useState } from "react";

interface CopyButtonProps {
  /** What the button says. */
  label: string;
  /** Its name for those who do not see what it stands beside; the label where that is enough. */
  name?: string;
  text(): string;
}

export function CopyButton({ label, name, text }: CopyButtonProps) {
  const [said, say] = useState("");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text());
      say("Copied.");
    } catch {
      say("The browser does not let this page copy. Select the text and copy it.");
    }
  };
  return (
    <>
      <button type="button" onClick={() => void copy()} aria-label={name}>
        {label}
      </button>{" "}
      <span role="status">{said}</span>
    </>
  );
}
