/** What a finished run means, in words, and the run that would say more. */
import { run, useStore } from "../state/app";
import { finished } from "../state/selectors";
import { offerOf, verdict } from "../state/summary";

export default function Verdict() {
  const state = useStore();
  const sentences = finished(state) ? verdict(state) : [];
  if (!sentences.length) return null;
  const offer = offerOf(state);
  return (
    <section className="card verdict" aria-labelledby="verdict-title">
      <h2 id="verdict-title">What came of it</h2>
      {sentences.map((sentence) => (
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
