/** What is found: held-out images with the objects that are there, the teacher's boxes and the student's; one of them large. */
import { memo, useDeferredValue, useMemo, useState } from "react";
import type { Detection, GroundTruth } from "../../../geometry/boxes";
import type { BoxGallery } from "../../../worker/protocol";
import { TimeBar } from "../../charts/TimeBar";
import { bakeScene } from "../../draw/patches";
import { percent } from "../../format";
import { LEAST_SCORE } from "../../state/history";
import { boxGalleryOf, shownBoxes } from "../../state/selectors";
import { setState, shownStep, useStore } from "../../state/store";
import { Boxed, type Shown } from "./Boxed";
import { type Found, found, sentence } from "./matches";

const WHO = [
  ["truth", "what is there"],
  ["teacher", "teacher"],
  ["student", "student"],
] as const;

/** Hundreds of boxes take a while to draw: whatever is more urgent comes first. */
export function BoxPictures() {
  return <Drawn gallery={useDeferredValue(useStore(boxGalleryOf))} look={useDeferredValue(useStore(shownBoxes))} />;
}

const Drawn = memo(function Drawn({ gallery, look }: { gallery: BoxGallery; look: ReturnType<typeof shownBoxes> }) {
  const live = useStore((state) => shownStep(state) === undefined);
  const chosen = useStore(({ focus }) => Math.min(focus.image, gallery.truths.length - 1));
  const [shown, setShown] = useState<Shown>({ truth: true, teacher: true, student: true });
  const [score, setScore] = useState(0.3);
  const pictures = useMemo(() => gallery.truths.map((_, i) => bakeScene(gallery, i).toDataURL()), [gallery]);
  const scenes = gallery.truths.map((truths, i) => sceneOf(truths, look?.student[i], look?.teacher?.[i], score));
  const common = { side: gallery.side, classes: gallery.classes, shown };
  return (
    <section className="panel found" aria-labelledby="found-title" data-look={look?.step}>
      <div className="panel-head">
        <h2 id="found-title">What is found {look && <small>{live ? `step ${look.step}` : `as of step ${look.step}`}</small>}</h2>
        <Switch shown={shown} onChange={setShown} taught={look === undefined || look.teacher !== undefined} />
        <Threshold score={score} onChange={setScore} />
      </div>
      <ul className="gallery scenes">
        {scenes.map((scene, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name
          <li key={i}>
            <button
              type="button"
              aria-pressed={i === chosen}
              aria-label={`Image ${i + 1}: ${scene.says}`}
              onClick={() => setState(({ focus }) => ({ focus: { ...focus, image: i } }))}
            >
              <Boxed {...common} {...scene} picture={pictures[i]} named={false} />
            </button>
          </li>
        ))}
      </ul>
      <div className="scene">
        <figure>
          <Boxed {...common} {...scenes[chosen]} picture={pictures[chosen]} named />
        </figure>
        <FoundList scene={scenes[chosen]} classes={gallery.classes} index={chosen} />
      </div>
      <TimeBar />
    </section>
  );
});

interface Scene {
  truths: readonly GroundTruth[];
  student: Detection[];
  teacher: Detection[];
  by: Record<"student" | "teacher", Found | undefined>;
  says: string;
}

function sceneOf(truths: readonly GroundTruth[], student: Detection[] | undefined, teacher: Detection[] | undefined, score: number): Scene {
  const likely = (all: Detection[] | undefined) => (all ?? []).filter((one) => one.score >= score);
  const by = { student: student && found(truths, student, score), teacher: teacher && found(truths, teacher, score) };
  return { truths, by, student: likely(student), teacher: likely(teacher), says: sentence(found(truths, [], 1).objects, by) };
}

function Switch({ shown, taught, onChange }: { shown: Shown; taught: boolean; onChange(shown: Shown): void }) {
  return (
    <fieldset className="switch">
      <legend className="hidden">Boxes to show</legend>
      {WHO.filter(([who]) => taught || who !== "teacher").map(([who, title]) => (
        <label key={who} className="check">
          <input type="checkbox" checked={shown[who]} onChange={() => onChange({ ...shown, [who]: !shown[who] })} />
          <svg className="boxed key" width="22" height="10" aria-hidden="true">
            <g className={who}>
              <line x1="0" y1="5" x2="22" y2="5" />
            </g>
          </svg>
          {title}
        </label>
      ))}
    </fieldset>
  );
}

function Threshold({ score, onChange }: { score: number; onChange(score: number): void }) {
  return (
    <label className="check threshold">
      score from
      <input
        type="range"
        min={LEAST_SCORE}
        max={0.95}
        step={0.05}
        value={score}
        aria-valuetext={percent(score)}
        onChange={({ target }) => onChange(Number(target.value))}
      />
      <span className="figures">{percent(score)}</span>
    </label>
  );
}

/** The large picture in words: each object, and what else was reported. */
function FoundList({ scene: { truths, by, says }, classes, index }: { scene: Scene; classes: string[]; index: number }) {
  const columns = (["student", "teacher"] as const).filter((who) => by[who]);
  return (
    <div className="found-list">
      <p aria-live="polite">
        <b>Image {index + 1}.</b> {says}.
      </p>
      <table className="figures-table">
        <thead>
          <tr>
            <th scope="col">object</th>
            {columns.map((who) => (
              <th key={who} scope="col">
                {who}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {truths.map(({ category }, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: objects have no other name
            <tr key={i}>
              <th scope="row">{classes[category]}</th>
              {columns.map((who) => (
                <td key={who}>{matched(by[who]?.matches[i])}</td>
              ))}
            </tr>
          ))}
          {columns.length > 0 && (
            <tr>
              <th scope="row">nothing, or the wrong class</th>
              {columns.map((who) => (
                <td key={who}>{by[who]?.wrong.length}</td>
              ))}
            </tr>
          )}
        </tbody>
      </table>
      {columns.length > 0 && (
        <p className="hint">Score, and IoU: how much of both boxes is shared. Found means right class and IoU of at least 50 %.</p>
      )}
    </div>
  );
}

const matched = (match: Found["matches"][number]) =>
  match ? `${percent(match.detection.score)}, IoU ${percent(match.overlap)}` : "missed";
