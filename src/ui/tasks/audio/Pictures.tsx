/** Held-out sounds as spectrograms, what is masked of them, and how they sound. */
import { Pictures } from "../classification/Pictures";
import { LOOKS } from "./gallery";
import { play } from "./play";

export default function SoundPictures() {
  return <Pictures looks={LOOKS} of="audio" onPlay={play} />;
}
