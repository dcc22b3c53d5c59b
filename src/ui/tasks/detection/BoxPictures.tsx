/** What is found: held-out images with ground truth, the teacher's boxes and the student's; one of them large. */
import { memo, useDeferredValue, useMemo, useState } from "react";
import type { Detection, GroundTruth } from "../../../geometry/boxes";
import type { BoxGallery, BoxSnapshot } from "../../../tasks/detection/views";
import { TimeBar } from "../../charts/TimeBar";
import { cellsOf, type Grid } from "../../draw/grid";
import { EDGE, paintMask, paintPicture } from "../../draw/patches";
import { count, percent } from "../../format";
import { useStore } from "../../state/app";
import type { Moment } from "../../state/history";
import { shownStep } from "../../state/selectors";
import type { State } from "../../state/store";
import { Giving } from "../own/Giving";
import { Boxed, type Shown } from "./Boxed";
import { bakeScene } from "./bakeScene";
import { FoundList, type Scene } from "./FoundList";
import { found, sentence } from "./matches";
import { OwnList } from "./OwnList";
import { ownScene } from "./ownScene";
import { LEAST_SCORE } from "./page";

/** Where the pictures are from. */
export interface BoxSource {
  /** The task whose runs make them. */
  task: string;
  galleryOf(state: State): BoxGallery;
  snapshotOf(state: State): BoxSnapshot | undefined;
  snapshotsOf(state: State): readonly Moment[];
  /** The image that is shown large, and how to choose another. */
  useImage(): [image: number, choose: (image: number) => void];
  /** Patches of each image that the teacher is shown, with how images are cut; undefined where it sees all of them. */
  patchesOf?(gallery: BoxGallery, snapshot: BoxSnapshot | undefined): Patches | undefined;
}

export interface Patches {
  grid: Grid;
  kept: readonly ReadonlySet<number>[];
  own?: ReadonlySet<number>;
}

const WHO = [
  ["truth", "ground truth"],
  ["teacher", "teacher"],
  ["student", "student"],
] as const;

/** Hundreds of boxes take a while to draw: whatever is more urgent comes first. */
export function BoxPictures({ source }: { source: BoxSource }) {
  const gallery = useDeferredValue(useStore(source.galleryOf));
  const snapshot = useDeferredValue(useStore(source.snapshotOf));
  return <Drawn gallery={gallery} snapshot={snapshot} source={source} />;
}

const Drawn = memo(function Drawn({ gallery, snapshot, source }: { gallery: BoxGallery; snapshot?: BoxSnapshot; source: BoxSource }) {
  const live = useStore((state) => shownStep(state) === undefined);
  const [image, choose] = source.useImage();
  const { own } = gallery;
  // An own picture is shown large until another is chosen.
  const [left, setLeft] = useState<number>();
  const [shown, setShown] = useState<Shown>({ truth: true, teacher: true, student: true });
  const [score, setScore] = useState(0.3);
  const [masked, setMasked] = useState(true);
  const patches = useMemo(() => source.patchesOf?.(gallery, snapshot), [source, gallery, snapshot]);
  const hidden = masked ? patches : undefined;
  const pictures = useMemo(() => gallery.truths.map((_, i) => pictureOf(gallery, i, hidden?.grid, hidden?.kept[i])), [gallery, hidden]);
  const scenes = gallery.truths.map((truths, i) => sceneOf(truths, snapshot?.student[i], snapshot?.teacher?.[i], score));
  const ownPicture = useMemo(
    () => own && pictureOf({ images: own.pixels, side: gallery.side }, 0, hidden?.grid, hidden?.own),
    [own, gallery.side, hidden],
  );
  const mine = ownScene(gallery, snapshot, score);
  const ownBoxed = mine && ownPicture && { truths: [], student: mine.student ?? [], teacher: mine.teacher ?? [], picture: ownPicture };
  const ownLarge = own !== undefined && own.number !== left;
  const chosen = Math.min(image, gallery.truths.length - 1);
  const pick = (i: number) => {
    setLeft(own?.number);
    choose(i);
  };
  const common = { side: gallery.side, classes: gallery.classes, shown };
  return (
    <section className="panel found" aria-labelledby="found-title" data-look={snapshot?.step} data-kept={patches?.kept[0].size}>
      <div className="panel-head">
        <h2 id="found-title">
          What is found {snapshot && <small>{live ? `step ${count(snapshot.step)}` : `as of step ${count(snapshot.step)}`}</small>}
        </h2>
        <Switch shown={shown} onChange={setShown} distilled={snapshot === undefined || snapshot.teacher !== undefined} />
        {patches && (
          <label className="check">
            <input type="checkbox" checked={masked} onChange={() => setMasked(!masked)} />
            {`hatch what the teacher is not shown (${cellsOf(patches.grid) - patches.kept[0].size} of ${cellsOf(patches.grid)} patches)`}
          </label>
        )}
        <Threshold score={score} onChange={setScore} />
        <Giving task={source.task} side={gallery.side} />
      </div>
      <ul className="gallery scenes">
        {scenes.map((scene, i) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name
          <li key={i}>
            <button
              type="button"
              aria-pressed={!ownLarge && i === chosen}
              aria-label={`Image ${i + 1}: ${scene.says}`}
              onClick={() => pick(i)}
            >
              <Boxed {...common} {...scene} picture={pictures[i]} named={false} />
            </button>
          </li>
        ))}
        {ownBoxed && (
          <li className="own">
            <button type="button" aria-pressed={ownLarge} aria-label={`Your picture: ${mine?.says}`} onClick={() => setLeft(undefined)}>
              <Boxed {...common} {...ownBoxed} named={false} />
              <span>yours</span>
            </button>
          </li>
        )}
      </ul>
      <div className="scene">
        <figure>
          <Boxed {...common} {...(ownLarge && ownBoxed ? ownBoxed : { ...scenes[chosen], picture: pictures[chosen] })} named />
        </figure>
        {ownLarge && mine ? (
          <OwnList scene={mine} classes={gallery.classes} />
        ) : (
          <FoundList scene={scenes[chosen]} classes={gallery.classes} index={chosen} />
        )}
      </div>
      <TimeBar momentsOf={source.snapshotsOf} />
    </section>
  );
});

/** The address of an image, hatched where the teacher is shown nothing. */
function pictureOf(of: Pick<BoxGallery, "images" | "side">, image: number, grid?: Grid, kept?: ReadonlySet<number>): string {
  const picture = bakeScene(of, image);
  if (!grid || !kept) return picture.toDataURL();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [EDGE, EDGE];
  const context = canvas.getContext("2d");
  if (context) {
    paintPicture(context, picture);
    paintMask(context, kept, grid);
  }
  return canvas.toDataURL();
}

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
