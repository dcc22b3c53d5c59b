/** What a finished run means, in words. */
import { verdict } from "../outcome";
import { finished, useStore } from "../store";

export function Verdict() {
  const state = useStore();
  const sentences = finished(state) ? verdict(state) : [];
  if (sentences.length === 0) return null;
  return (
    <section className="card verdict" aria-labelledby="verdict-title">
      <h2 id="verdict-title">What came of it</h2>
      {sentences.map((sentence) => (
        <p key={sentence}>{sentence}</p>
      ))}
    </section>
  );
}
