/** The runs that this browser keeps to continue them later. */
import { useShallow } from "zustand/shallow";
import { bytes, duration, short } from "../format";
import { keeper, useStore } from "../state/app";
import { busy } from "../state/selectors";

export function KeptRuns() {
  const { kept, place, playing } = useStore(useShallow((state) => ({ kept: state.kept, place: state.place, playing: busy(state) })));
  const others = kept.filter(({ id }) => id !== place);
  if (others.length === 0) return null;
  return (
    <details className="kept-runs">
      <summary>Kept to continue: {others.length}</summary>
      <ul>
        {others.map(({ id, what, step, total, at, size }) => (
          <li key={id}>
            <span>
              {what} · step {short(step)} of {short(total)} · {duration((Date.now() - at) / 1000)} ago · {bytes(size)}
            </span>
            <span className="buttons">
              <button type="button" disabled={playing} onClick={() => void keeper.resume(id)} aria-label={`Resume ${what}`}>
                Resume
              </button>
              <button type="button" onClick={() => void keeper.export(id)} aria-label={`Save ${what} to a file`}>
                Save to file
              </button>
              <button type="button" onClick={() => void keeper.delete(id)} aria-label={`Delete ${what}`}>
                Delete
              </button>
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
