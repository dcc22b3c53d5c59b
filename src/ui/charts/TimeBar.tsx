/** The time cursor: any step that was looked at, or live. Pictures and charts follow it. */
import { setState, shownStep, useStore } from "../state/store";

export function TimeBar() {
  const looks = useStore((state) => state.history.moments.length);
  const steps = useStore((state) => state.history.moments);
  const shown = useStore(shownStep);
  const found = shown === undefined ? -1 : steps.findLastIndex(({ step }) => step <= shown);
  const at = Math.max(0, shown === undefined ? looks - 1 : found);
  return (
    <div className="time">
      <label htmlFor="time">Time</label>
      <input
        id="time"
        type="range"
        disabled={looks < 2}
        min={0}
        max={Math.max(1, looks - 1)}
        value={at}
        aria-valuetext={shown === undefined ? "live" : `step ${steps[at]?.step}`}
        onChange={({ target }) => setState({ pinned: steps[Number(target.value)]?.step, hover: undefined })}
      />
      <span className="figures">step {steps[at]?.step ?? 0}</span>
      <button type="button" aria-pressed={shown === undefined} onClick={() => setState({ pinned: undefined, hover: undefined })}>
        Live
      </button>
    </div>
  );
}
