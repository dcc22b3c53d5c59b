/** What a finished run means, in words, and the run that would say more. */
import { run, useStore } from "../state/app";
import { runOf } from "../state/runs";
import { finished } from "../state/selectors";
import { besideOf, verdict } from "../state/summary";
import { pageOf } from "../tasks";

export default function Verdict() {
  const state = useStore();
  const now = finished(state) ? runOf(state) : undefined;
  if (!now) return null;
  const offer = pageOf(now.settings.preset).pairs?.offer(now, besideOf(now, state));
  return (
    <section className="card verdict" aria-labelledby="verdict-title">
      <h2 id="verdict-title">What came of it</h2>
      {verdict(state).map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
      {offer && (
        <div className="buttons">
          <button type="button" onClick={() => run.restartWith(offer.settings)}>
            {offer.label}
          </button>
        </div>
      )}
    </section>
  );
}
