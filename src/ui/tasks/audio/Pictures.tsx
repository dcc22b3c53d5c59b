/** Held-out sounds as spectrograms, what is masked of them, and how they sound; and a sound of the visitor's own. */
import { useState } from "react";
import { run } from "../../state/app";
import { Pictures } from "../classification/Pictures";
import { LOOKS } from "./gallery";
import { listen } from "./microphone";
import { play } from "./play";

export default function SoundPictures() {
  return <Pictures looks={LOOKS} of="audio" onPlay={play} extra={<Microphone />} />;
}

const SAYS = {
  idle: "Try your own sound",
  listening: "Listening …",
  refused: "No microphone",
};

/** Records a moment of sound, which is then shown in place of the first. */
function Microphone() {
  const [state, setState] = useState<keyof typeof SAYS>("idle");
  const record = async () => {
    setState("listening");
    try {
      run.showGuest(await listen());
      setState("idle");
    } catch {
      setState("refused");
    }
  };
  return (
    <button
      type="button"
      disabled={state === "listening"}
      onClick={() => void record()}
      title="Records a second from the microphone; it never leaves this tab"
    >
      {SAYS[state]}
    </button>
  );
}
