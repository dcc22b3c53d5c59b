/** The time cursor: any step of which there are pictures, or live. Pictures and charts follow it. */
import { short } from "../format";
import { store, useStore } from "../state/app";
import { shownStep } from "../state/selectors";
import type { State } from "../state/store";

interface TimeBarProps {
  /** The moments of which there are pictures, oldest first. */
  momentsOf(state: State): readonly { step: number }[];
}

export function TimeBar({ momentsOf }: TimeBarProps) {
  const moments = useStore(momentsOf);
  const count = moments.length;
  const shown = useStore(shownStep);
  const found = shown === undefined ? -1 : moments.findLastIndex(({ step }) => step <= shown);
  const at = Math.max(0, shown === undefined ? count - 1 : found);
  return (
    <div className="time">
      <label htmlFor="time">Time</label>
      <input
        id="time"
        type="range"
        disabled={count < 2}
        min={0}
        max={Math.max(1, count - 1)}
        value={at}
        aria-valuetext={shown === undefined ? "live" : `step ${short(moments[at]?.step ?? 0)}`}
        onChange={({ target }) => store.setState({ pinned: moments[Number(target.value)]?.step, hover: undefined })}
      />
      <span className="figures">step {short(moments[at]?.step ?? 0)}</span>
      <button type="button" aria-pressed={shown === undefined} onClick={() => store.setState({ pinned: undefined, hover: undefined })}>
        Live
      </button>
    </div>
  );
}
