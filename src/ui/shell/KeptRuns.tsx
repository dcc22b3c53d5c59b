/** The runs that this browser keeps to continue them later. Loaded when there are some. */
import { useShallow } from "zustand/shallow";
import { age, bytes, short } from "../format";
import { keeper, useStore } from "../state/app";
import type { KeptFacts } from "../state/keptList";
import { busy, titleOf } from "../state/selectors";
import { RunName } from "./RunName";

export default function KeptRuns() {
  const { kept, place, disk } = useStore(useShallow(({ kept, place, disk }) => ({ kept, place, disk })));
  const others = kept.filter(({ id }) => id !== place);
  if (others.length === 0) return null;
  return (
    <details className="kept-runs">
      <summary>
        Kept to continue: {others.length}
        {disk && ` · ${bytes(disk.used)} of ${bytes(disk.most)} used`}
      </summary>
      <ul>
        {others.map((run) => (
          <Kept key={run.id} run={run} />
        ))}
      </ul>
    </details>
  );
}

function Kept({ run }: { run: KeptFacts }) {
  const { id, what, name, pinned, step, total, at, size } = run;
  const playing = useStore(busy);
  const elsewhere = useStore((state) => state.elsewhere.includes(id));
  const title = titleOf(run);
  return (
    <li>
      <span>
        <RunName name={title} rename={(to) => void keeper.list.rename(id, to)} />
        {name && ` · ${what}`} · step {short(step)} of {short(total)} · {age(at)} · {bytes(size)}
        {elsewhere && <b> · open in another tab</b>}
      </span>
      <span className="buttons">
        <button type="button" disabled={playing} onClick={() => void keeper.resume(id)} aria-label={`Resume ${title}`}>
          Resume
        </button>
        <button
          type="button"
          aria-pressed={pinned === true}
          onClick={() => void keeper.list.pin(id)}
          aria-label={`Pin ${title}`}
          title="Stays, however many others come"
        >
          Pin
        </button>
        <button type="button" onClick={() => void keeper.export(id)} aria-label={`Save ${title} to a file`}>
          Save to file
        </button>
        <button type="button" disabled={elsewhere} onClick={() => void keeper.list.delete(id)} aria-label={`Delete ${title}`}>
          Delete
        </button>
      </span>
    </li>
  );
}
