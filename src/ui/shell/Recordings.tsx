/** The recorded runs that come with the page, to choose from, and what the one that is shown is about. */
import { useEffect, useState } from "react";
import type { RecordingFacts } from "../../worker/recording";
import { playground, useStore } from "../state/app";

export function Recordings() {
  const watching = useStore((state) => state.watching?.name);
  const [all, setAll] = useState<RecordingFacts[]>([]);
  useEffect(() => void playground.recordings().then(setAll), []);
  if (!all.length) return null;
  return (
    <select aria-label="Recorded run" value={watching ?? ""} onChange={({ target }) => void playground.watch(target.value)}>
      {watching === undefined && <option value="">Watch a recorded run …</option>}
      {all.map(({ name, title }) => (
        <option key={name} value={name}>
          {title}
        </option>
      ))}
    </select>
  );
}

/** What there is to see in the recording. */
export function Watching() {
  const watching = useStore((state) => state.watching);
  if (!watching) return null;
  return (
    <p className="watching">
      <b>Recorded.</b> {watching.about} What you change in the settings acts when you train it live.
    </p>
  );
}
