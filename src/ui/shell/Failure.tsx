/** What went wrong and what to do about it, and what the page could not use of its address. */

import { lazy, Suspense } from "react";
import { count } from "../format";
import { keeper, playground, run, type State, store, useStore } from "../state/app";
import { halfBatch } from "../state/runActions";
import { busy, lastKept } from "../state/selectors";

const KeptCards = lazy(() => import("./KeptCards"));

export function Failure() {
  const failure = useStore((state) => state.failure);
  const adapter = useStore((state) => state.adapter);
  const kept = useStore(lastKept);
  const half = useStore(halfBatch);
  if (!failure) return null;
  const noGpu = failure.fatal && !adapter;
  return (
    <section className="card failure" role="alert">
      <h2>{noGpu ? "No training here yet" : failure.fatal ? "The GPU is gone" : "That did not work"}</h2>
      <p>
        {failure.message} <b>{failure.remedy}</b>
      </p>
      {noGpu && <SwitchOn />}
      {failure.fatal && !noGpu && <p>{kept ? `The run is kept up to step ${count(kept.step)}.` : "Nothing of this run was kept."}</p>}
      <div className="buttons">
        {failure.fatal && (
          <button type="button" onClick={() => playground.connect()}>
            {noGpu ? "Try again" : "Open the GPU again"}
          </button>
        )}
        {canBeDismissed(failure, noGpu) && (
          <button type="button" onClick={() => store.setState({ failure: undefined })}>
            Dismiss
          </button>
        )}
        {failure.memory && !failure.fatal && (
          <button type="button" onClick={() => run.restartAtHalfBatch()}>
            Start again with a batch of {half}
          </button>
        )}
        {failure.spoiled && !failure.memory && !failure.fatal && kept && (
          <>
            <button type="button" onClick={() => void keeper.resume(kept.id, { play: false })}>
              Go back to step {count(kept.step)}
            </button>
            <button type="button" onClick={() => run.backAtHalfRate()}>
              Go on from step {count(kept.step)} at half the rate
            </button>
          </>
        )}
      </div>
    </section>
  );
}

/** A lost GPU has to be opened again before anything else; without one there is a recording to watch. */
const canBeDismissed = ({ fatal }: NonNullable<State["failure"]>, noGpu: boolean) => !fatal || noGpu;

/** Takes the newest message away that can be, as its own button does. Whether there was one. */
export function dismissMessage(): boolean {
  const { failure, notice, urlProblems, adapter } = store.getState();
  if (failure && canBeDismissed(failure, failure.fatal && !adapter)) store.setState({ failure: undefined });
  else if (notice) store.setState({ notice: undefined });
  else if (urlProblems.length) store.setState({ urlProblems: [] });
  else return false;
  return true;
}

/** How WebGPU is switched on in this browser. */
function SwitchOn() {
  const [browser, how] = HOW.find(([, , test]) => test.test(navigator.userAgent)) ?? HOW[HOW.length - 1];
  return (
    <p>
      In {browser}: {how} The pictures below are drawn without it.
    </p>
  );
}

const HOW: [browser: string, how: string, userAgent: RegExp][] = [
  [
    "Firefox",
    "update to version 141 or later (Windows) or 145 or later (macOS); elsewhere open about:config and set dom.webgpu.enabled to true, then restart.",
    /Firefox\//,
  ],
  ["Edge", "update it; on Linux open edge://flags, enable “Unsafe WebGPU Support” and “Vulkan”, then restart.", /Edg\//],
  ["Chrome", "update it; on Linux open chrome://flags, enable “Unsafe WebGPU Support” and “Vulkan”, then restart.", /Chrom(e|ium)\//],
  ["Safari", "update to version 26; in an older one switch on WebGPU under Settings, Feature Flags.", /Safari\//],
  ["this browser", "use a recent Chrome, Edge, Firefox or Safari.", /./],
];

export function Notices() {
  const problems = useStore((state) => state.urlProblems);
  const notice = useStore((state) => state.notice);
  const asks = useStore(({ taken, full }) => full || taken !== undefined);
  return (
    <>
      <Update />
      {asks && (
        <Suspense>
          <KeptCards />
        </Suspense>
      )}
      {notice && (
        <section className="card notice" role="status">
          <p>{notice}</p>
          <button type="button" onClick={() => store.setState({ notice: undefined })}>
            Dismiss
          </button>
        </section>
      )}
      {problems.length > 0 && (
        <section className="card notice" role="alert">
          <p>Part of this address could not be used, so defaults stand in its place:</p>
          <ul>
            {problems.map((problem) => (
              <li key={problem}>{problem}</li>
            ))}
          </ul>
          <button type="button" onClick={() => store.setState({ urlProblems: [] })}>
            Dismiss
          </button>
        </section>
      )}
    </>
  );
}

/** A quiet line: the newer version waits until the visitor wants it. */
function Update() {
  const update = useStore((state) => state.update);
  const playing = useStore(busy);
  if (!update) return null;
  return (
    <p className="card hint update" role="status">
      There is a newer version of this page. {playing ? "Pause or end the run to load it: the run is kept." : ""}
      <button type="button" onClick={update} disabled={playing}>
        Load it
      </button>
    </p>
  );
}
