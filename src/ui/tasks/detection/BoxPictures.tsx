/** What is found: held-out images with ground truth, the teacher's boxes and the student's; one of them large. */
import { memo, useDeferredValue, useMemo, useState } from "react";
import type { Detection, GroundTruth } from "../../../geometry/boxes";
import type { BoxGallery, BoxSnapshot } from "../../../tasks/detection/views";
import { TimeBar } from "../../charts/TimeBar";
import { percent } from "../../format";
import { useStore } from "../../state/app";
import { shownStep } from "../../state/selectors";
import { Boxed, type Shown } from "./Boxed";
import { bakeScene } from "./bakeScene";
import { FoundList, type Scene } from "./FoundList";
import { useFocus } from "./focus";
import { galleryOf, snapshotOf, snapshotsOf } from "./gallery";
import { found, sentence } from "./matches";
import { LEAST_SCORE } from "./page";

const WHO = [
  ["truth", "ground truth"],
  ["teacher", "teacher"],
  ["student", "student"],
] as const;

/** Hundreds of boxes take a while to draw: whatever is more urgent comes first. */
export function BoxPictures() {
  return <Drawn gallery={useDeferredValue(useStore(galleryOf))} snapshot={useDeferredValue(useStore(snapshotOf))} />;
}

const Drawn = memo(function Drawn({ gallery, snapshot }: { gallery: BoxGallery; snapshot?: BoxSnapshot }) {
  const live = useStore((state) => shownStep(state) === undefined);
  const [focus, choose] = useFocus();
  const chosen = Math.min(focus.image, gallery.truths.length - 1);
  const [shown, setShown] = useState<Shown>({ truth: true, teacher: true, student: true });
  const [score, setScore] = useState(0.3);
  const pictures = useMemo(() => gallery.truths.map((_, i) => bakeScene(gallery, i).toDataURL()), [gallery]);
  const scenes = gallery.truths.map((truths, i) => sceneOf(truths, snapshot?.student[i], snapshot?.teacher?.[i], score));
  const common = { side: gallery.side, classes: gallery.classes, shown };
  return (
    <section className="panel found" aria-labelledby="found-title" data-look={snapshot?.step}>
      <div className="panel-head">
        <h2 id="found-title">
          What is found {snapshot && <small>{live ? `step ${snapshot.step}` : `as of step ${snapshot.step}`}</small>}
        </h2>
        <Switch shown={shown} onChange={setShown} distilled={snapshot === undefined || snapshot.teacher !== undefined} />
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
              onClick={() => choose({ image: i })}
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
      <TimeBar momentsOf={snapshotsOf} />
    </section>
  );
});

function sceneOf(truths: readonly GroundTruth[], student: Detection[] | undefined, teacher: Detection[] | undefined, score: number): Scene {
  const likely = (all: Detection[] | undefined) => (all ?? []).filter((one) => one.score >= score);
  const by = { student: student && found(truths, student, score), teacher: teacher && found(truths, teacher, score) };
  return { truths, by, student: likely(student), teacher: likely(teacher), says: sentence(found(truths, [], 1).objects, by) };
}

function Switch({ shown, distilled, onChange }: { shown: Shown; distilled: boolean; onChange(shown: Shown): void }) {
  return (
    <fieldset className="switch">
      <legend className="hidden">Boxes to show</legend>
      {WHO.filter(([who]) => distilled || who !== "teacher").map(([who, title]) => (
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
      score of at least
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
