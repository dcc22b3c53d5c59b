/** A lesson beside the page's own pictures: one page of text at a time. */
import { useEffect, useState } from "react";
import type { ClaimsFile } from "../../tasks/claims";
import { fetchClaims } from "../claims/file";
import { playground, run, store, useStore } from "../state/app";
import { lessonOf } from "../tasks";
import type { Lesson } from "./lesson";
import "./lessons.css";

export function LessonPanel({ name }: { name: string }) {
  const [lesson, setLesson] = useState<Lesson | null>();
  const [claims, setClaims] = useState<ClaimsFile>();
  const [number, setNumber] = useState(0);
  const state = useStore();
  useEffect(() => {
    void lessonOf(name).then((found) => setLesson(found ?? null));
    fetchClaims(document.baseURI).then(setClaims, () => undefined);
  }, [name]);
  useEffect(() => {
    if (lesson) void begin(lesson);
  }, [lesson]);
  const ready = lesson && state.watching?.name === lesson.recording && state.phase === "finished";
  useEffect(() => {
    if (lesson && ready) turnTo(lesson, number);
  }, [lesson, number, ready]);
  if (lesson === null) return <Unknown name={name} />;
  if (!lesson || !ready) return <section className="card lesson">Opening the lesson …</section>;
  const page = lesson.pages[number];
  return (
    <section className="card lesson" aria-labelledby="lesson-title">
      <div className="panel-head">
        <h2 id="lesson-title">{page.title}</h2>
        <span className="figures">
          {lesson.title} · page {number + 1} of {lesson.pages.length}
        </span>
      </div>
      <div aria-live="polite">
        {page.text({ state, claims }).map((paragraph) => (
          <p key={paragraph.slice(0, 40)}>{paragraph}</p>
        ))}
      </div>
      <div className="buttons">
        <button type="button" onClick={() => setNumber(number - 1)} disabled={number === 0}>
          Back
        </button>
        {number < lesson.pages.length - 1 && (
          <button type="button" className="go" onClick={() => setNumber(number + 1)}>
            Next
          </button>
        )}
        {page.offers?.map(({ label, settings }) => (
          <button key={label} type="button" className="go" onClick={() => live(settings)}>
            {label}
          </button>
        ))}
        <button type="button" onClick={close}>
          Close the lesson
        </button>
      </div>
    </section>
  );
}

/** The whole recording is there at once, so that every page can point at any time of it. */
async function begin({ recording }: Lesson): Promise<void> {
  if (store.getState().watching?.name !== recording) await playground.watch(recording);
  run.stop();
}

function turnTo({ pages }: Lesson, number: number): void {
  const { at, part } = pages[number];
  store.setState(({ history, picks }) => ({
    pinned: Math.round(at * history.total),
    hover: undefined,
    picks: { ...picks, stage: { ...(picks.stage as object), part } },
  }));
}

function live(settings: Readonly<Record<string, number | string>>): void {
  close();
  run.restartWith(settings);
}

function close(): void {
  store.setState(({ picks }) => ({ lesson: undefined, pinned: undefined, picks: { ...picks, stage: undefined } }));
}

function Unknown({ name }: { name: string }) {
  return (
    <section className="card notice" role="alert">
      <p>There is no lesson “{name}” here.</p>
      <button type="button" onClick={close}>
        Dismiss
      </button>
    </section>
  );
}
