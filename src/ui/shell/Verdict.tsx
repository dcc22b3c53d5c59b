/** What a finished run means, in words, and the run that would say more. */
import { runPair } from "../state/actions";
import { partnerOf, runOf } from "../state/runs";
import { finished, useStore } from "../state/store";
import { verdict, wantsPair } from "../state/summary";

export function Verdict() {
  const state = useStore();
  const now = finished(state) ? runOf(state) : undefined;
  if (!now) return null;
  const alone = wantsPair(now) && partnerOf(now, state)?.as !== "all patches";
  return (
    <section className="card verdict" aria-labelledby="verdict-title">
      <h2 id="verdict-title">What came of it</h2>
      {verdict(state).map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {alone && (
        <div className="buttons">
          <button type="button" onClick={runPair}>
            Run the same with every patch
          </button>
        </div>
      )}
    </section>
  );
}
