/** What keeping runs may ask of a visitor: a run that another tab has open, a disk that is full. Loaded when there is something to ask. */
import { useShallow } from "zustand/shallow";
import { bytes, short } from "../format";
import { keeper, store, useStore } from "../state/app";
import { expendable, titleOf } from "../state/selectors";

export default function KeptCards() {
  const taken = useStore((state) => state.taken);
  const full = useStore((state) => state.full);
  return (
    <>
      {taken && <Taken {...taken} />}
      {full && <Full />}
    </>
  );
}

function Taken({ id, waits }: { id: string; waits: boolean }) {
  const run = useStore(({ kept }) => kept.find((one) => one.id === id));
  return (
    <section className="card notice" role="alert">
      <p>
        {run ? `“${titleOf(run)}”` : "That run"} is open in another tab, which alone writes to it.
        {waits && " It goes on here as soon as it is closed there."}
      </p>
      <div className="buttons">
        <button type="button" onClick={() => void keeper.resumeCopy(id)}>
          Go on with a copy
        </button>
        {!waits && (
          <button type="button" onClick={() => void keeper.resumeWhenFree(id)}>
            Take it over when it is closed there
          </button>
        )}
        <button type="button" onClick={() => keeper.leaveTaken()}>
          Leave it there
        </button>
      </div>
    </section>
  );
}

/** So many are offered to make room. */
const OFFERED = 3;

function Full() {
  const disk = useStore((state) => state.disk);
  const { kept, elsewhere, place } = useStore(useShallow(({ kept, elsewhere, place }) => ({ kept, elsewhere, place })));
  const candidates = expendable({ kept, elsewhere, place }).slice(0, OFFERED);
  return (
    <section className="card notice" role="alert">
      <p>
        This browser does not keep the run any more: its storage is full or switched off
        {disk && ` (${bytes(disk.used)} of ${bytes(disk.most)} used)`}. <b>Training goes on.</b> Save the run to a file
        {candidates.length > 0 && ", or make room"}.
      </p>
      <div className="buttons">
        <button type="button" onClick={() => void keeper.saveToFile()}>
          Save to file
        </button>
        {candidates.map((run) => (
          <button key={run.id} type="button" onClick={() => void keeper.makeRoom(run.id)}>
            Delete “{titleOf(run)}”, step {short(run.step)} ({bytes(run.size)})
          </button>
        ))}
        <button type="button" onClick={() => store.setState({ full: false })}>
          Dismiss
        </button>
      </div>
    </section>
  );
}
