/** The recorded runs that come with the page, to choose from. */
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
      {watching === undefined && <option value="">Watch a recording …</option>}
      {all.map(({ name, title }) => (
        <option key={name} value={name}>
          {title}
        </option>
      ))}
    </select>
  );
}
