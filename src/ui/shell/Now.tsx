/** What is going on, in words, in one place that does not move: what a recording shows, how a run does so far, and what came of it. */
import type { ReactNode } from "react";
import { unbroken } from "../format";
import { run, useStore } from "../state/app";
import { finished } from "../state/selectors";
import { offerOf, soFar, verdict } from "../state/summary";
import { lessonFor } from "../tasks";

export default function Now() {
  const ended = useStore(finished);
  return (
    <section className={ended ? "card now verdict" : "card now"} aria-labelledby="now-title">
      <h2 id="now-title">{ended ? "Result" : "Now"}</h2>
      {ended ? <Verdict /> : <SoFar />}
      <Watching />
    </section>
  );
}

/** What a finished run means, and the run that would say more. */
function Verdict() {
  const state = useStore();
  const offer = offerOf(state);
  return (
    <>
      {verdict(state).map((sentence) => (
        <p key={sentence}>{unbroken(sentence)}</p>
      ))}
      {offer && (
        <div className="buttons">
          <button type="button" onClick={() => run.restartWith(offer.settings)}>
            {offer.label}
          </button>
        </div>
      )}
    </>
  );
}

function SoFar(): ReactNode {
  const told = useStore(soFar);
  return told && <p>{unbroken(told)}</p>;
}

/** What there is to see in the recording, and the lesson along it. */
function Watching() {
  const watching = useStore((state) => state.watching);
  const lesson = useStore(lessonFor);
  return (
    <>
      {watching && (
        <p className="watching">
          <b>Recorded.</b> {watching.about} What you change in the settings acts when you train it live.
        </p>
      )}
      {lesson && (
        <p>
          <a href={`?lesson=${lesson}`}>A lesson on it</a>, in a few pages.
        </p>
      )}
    </>
  );
}
