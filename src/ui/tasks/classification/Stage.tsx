/** The stage: one step, from the image to the losses, on one held-out image that a visitor picks. */
import { type ReactNode, useEffect, useMemo, useState } from "react";
import { useShallow } from "zustand/shallow";
import { DIVERGING_GRADIENT } from "../../draw/colormap";
import { GridCanvas } from "../../draw/GridCanvas";
import { useMaskColors } from "../../draw/maskColors";
import { type MaskColors, paintDiverging, paintGrid, paintMask, paintPicture } from "../../draw/patches";
import { percent, short } from "../../format";
import { run, usePick, useStore } from "../../state/app";
import { at } from "../../state/history";
import { shownStep } from "../../state/selectors";
import { type Baked, bakedOf } from "../masks/LayerCanvas";
import type { Looks } from "../masks/looks";
import { type Answer, type Stage as Facts, PARTS, type Part, patchFacts, sentencesOf, stageOf } from "./stage";
import "./stage.css";

const TITLES: Record<Part, string> = {
  look: "Look",
  choose: "Choose",
  answer: "Teacher answers",
  compare: "Compare",
  learn: "Learn",
};
const EQUATIONS: Record<Part, string> = {
  look: "a = softmax(q_cls Kᵀ / √d)",
  choose: "keep the k largest a",
  answer: "p_T = f_T(kept patches)",
  compare: "p_S = f_S(all patches)",
  learn: "CE(y, p_S) + λ τ² KL(p_T ‖ p_S)",
};
/** How long each part is lit in slow motion. */
const PART_MS = 2600;
/** Attention from a quarter of an even share to four times it. */
const REACH = 2;

export function Stage({ looks }: { looks: Looks }) {
  const { galleryOf, snapshotOf, untrainedOf, frequencyOf } = looks;
  const shown = useStore(
    useShallow((state) => ({
      ...{ gallery: galleryOf(state), snapshot: snapshotOf(state), untrained: untrainedOf(state), frequency: frequencyOf(state) },
      ...{ teacher: state.teacher, masked: String((state.active ?? state.wanted).masked) },
    })),
  );
  const settings = useStore((state) => state.active ?? state.wanted);
  const losses = useStore((state) => at(state.history.points, shownStep(state))?.losses) ?? {};
  const [reading, setReading] = useState("");
  const [{ image, part }, pick] = usePick<StagePick>("stage", { image: 0 });
  const { slow, show, toggle } = useSlowMotion(part, (part) => pick({ part }));
  const { gallery } = shown;
  const pictures = useMemo(() => bakedOf(gallery.images, gallery.side, gallery.channels, gallery.columns), [gallery]);
  const index = Math.min(image, pictures.length - 1);
  const stage = useMemo(() => stageOf(shown, index), [shown, index]);
  const sentences = sentencesOf(stage, losses, settings);
  const common = { stage, picture: pictures[index], onRead: setReading, colors: useMaskColors() };
  return (
    <section className="panel stage" aria-labelledby="stage-title" data-part={part}>
      <div className="panel-head">
        <h2 id="stage-title">
          One step, on a held-out {stage.truth} {shown.snapshot && <small>as of step {shown.snapshot.step}</small>}
        </h2>
        <button
          type="button"
          aria-pressed={slow}
          onClick={toggle}
          title="Walks through the parts of a step, then makes one (keys 1 to 5 show a part)"
        >
          Slow motion
        </button>
      </div>
      <ol className="parts">
        <PartFigure part="look" lit={part} onPick={show}>
          <PatchCanvas {...common} layer="look" />
        </PartFigure>
        <PartFigure part="choose" lit={part} onPick={show}>
          <PatchCanvas {...common} layer="choose" />
        </PartFigure>
        <PartFigure part="answer" lit={part} onPick={show}>
          <Bars answers={stage.answers} said={stage.said.teacher} who="teacher" truth={stage.truth} />
        </PartFigure>
        <PartFigure part="compare" lit={part} onPick={show}>
          <Bars answers={stage.answers} said={stage.said.student} who="student" truth={stage.truth} />
        </PartFigure>
        <PartFigure part="learn" lit={part} onPick={show}>
          <Losses losses={losses} lambda={Number(settings["maskedkd.lambda"] ?? 1)} taught={stage.taught === true} />
        </PartFigure>
      </ol>
      <div className="under">
        <p className="reading" aria-live="polite">
          {reading ||
            (part ? sentences[part] : shown.snapshot ? `${sentences.choose} ${sentences.answer} ${sentences.compare}` : sentences.look)}
        </p>
      </div>
      <div className="under">
        <Picker
          pictures={pictures}
          names={gallery.labels.map((label) => gallery.classes[label])}
          chosen={index}
          onPick={(image) => pick({ image })}
        />
        <span className="legend" title="Attention as a multiple of an even share">
          ¼ × <i style={{ background: DIVERGING_GRADIENT }} aria-hidden="true" /> 4 × even
        </span>
      </div>
    </section>
  );
}

/** The image on the stage, and the part of the step that is lit. */
interface StagePick {
  image: number;
  part?: Part;
}

/** Lights one part that was picked, or each in turn; after the last one a step is made. */
function useSlowMotion(part: Part | undefined, setPart: (part: Part | undefined) => void) {
  const [slow, setSlow] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: setPart is another function each time, and does the same
  useEffect(() => {
    if (!slow) return;
    const next = setTimeout(() => {
      const after = PARTS[PARTS.indexOf(part ?? "learn") + 1];
      if (!after) run.stepByKey();
      setPart(after ?? "look");
    }, PART_MS);
    return () => clearTimeout(next);
  }, [part, slow]);
  const show = (one: Part | undefined) => {
    setSlow(false);
    setPart(one);
  };
  useEffect(() => {
    const onKey = ({ key, target, altKey, ctrlKey, metaKey }: KeyboardEvent) => {
      if (altKey || ctrlKey || metaKey || (target as HTMLElement).closest("input, select, textarea, dialog")) return;
      if (PARTS[Number(key) - 1]) show(PARTS[Number(key) - 1]);
      if (key === "Escape") show(undefined);
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  });
  const toggle = () => {
    setPart(slow ? undefined : "look");
    setSlow(!slow);
    if (!slow) run.pause();
  };
  return { slow, show, toggle };
}

interface PartProps {
  part: Part;
  /** The part that is lit, if one is. */
  lit?: Part;
  onPick(part: Part | undefined): void;
  children: ReactNode;
}

function PartFigure({ part, lit, onPick, children }: PartProps) {
  const state = lit && (lit === part ? "lit" : PARTS.indexOf(part) > PARTS.indexOf(lit) ? "ahead" : "past");
  return (
    <li className="part" data-name={part} data-state={state}>
      <button type="button" className="part-head" aria-pressed={lit === part} onClick={() => onPick(lit === part ? undefined : part)}>
        <b>
          <span aria-hidden="true">{PARTS.indexOf(part) + 1}</span> {TITLES[part]}
        </b>
        <code>{EQUATIONS[part]}</code>
      </button>
      {children}
    </li>
  );
}

interface CanvasProps {
  stage: Facts;
  picture: Baked;
  colors: MaskColors;
  layer: "look" | "choose";
  onRead(text: string): void;
}

function PatchCanvas({ stage, picture, colors, layer, onRead }: CanvasProps) {
  const { grid, looking, kept, truth } = stage;
  const paint = (context: CanvasRenderingContext2D) => {
    const attention = layer === "look" ? looking : undefined;
    paintPicture(context, attention ? picture.grey : picture.colour);
    if (attention) {
      context.globalAlpha = 0.66;
      paintDiverging(
        context,
        attention.times.map((times) => Math.log2(Math.max(times, 1e-3))),
        grid,
        0,
        REACH,
      );
      context.globalAlpha = 1;
    } else if (layer === "choose" && kept) paintMask(context, kept, grid, colors);
    paintGrid(context, grid);
  };
  const what = layer === "look" ? "what the patches are ranked by" : `what the ${stage.masked} sees`;
  return (
    <GridCanvas
      grid={grid}
      label={`${truth}: ${what}.`}
      paint={paint}
      describe={(patch) => patchFacts(stage, patch)}
      onRead={onRead}
      kept={layer === "choose" ? (kept?.size ?? grid[0] * grid[1]) : undefined}
    />
  );
}

function Bars({ answers, said, who, truth }: { answers?: Answer[]; said?: string; who: "student" | "teacher"; truth: string }) {
  if (said === undefined) return <p className="silent">{who === "teacher" ? "No teacher, or it has not answered yet." : "…"}</p>;
  if (!answers) return <p className="said">{said}</p>;
  return (
    <ul className="bars" aria-label={`What the ${who} finds likely`}>
      {answers.map(({ name, truth: right, ...of }) => (
        <li key={name} className={right ? "truth" : undefined}>
          <span>
            {name} {right && <span title="the truth">✓</span>}
          </span>
          <i style={{ width: percentOf(of[who]), background: `var(--${who})` }} />
          <output>{percent(of[who] ?? 0)}</output>
        </li>
      ))}
      <li className="said">
        says <b>{said}</b> {said === truth ? "✓" : "✗"}
      </li>
    </ul>
  );
}

const percentOf = (share = 0) => `${100 * share}%`;

function Losses({ losses, lambda, taught }: { losses: Readonly<Record<string, number>>; lambda: number; taught: boolean }) {
  const { ce, kd } = losses;
  if (ce === undefined) return <p className="silent">No step yet.</p>;
  const most = Math.max(ce, lambda * (kd ?? 0), 1e-9);
  const rows = [
    { name: "labels", value: ce, colour: "var(--student)" },
    ...(taught && kd !== undefined ? [{ name: `teacher × ${short(lambda)}`, value: lambda * kd, colour: "var(--kd)" }] : []),
  ];
  return (
    <ul className="bars" aria-label="Terms of the loss, as they are added">
      {rows.map(({ name, value, colour }) => (
        <li key={name}>
          <span>{name}</span>
          <i style={{ width: percentOf(value / most), background: colour }} />
          <output>{short(value)}</output>
        </li>
      ))}
      <li className="said">
        sum <b>{short(rows.reduce((sum, { value }) => sum + value, 0))}</b>, on the last batch
      </li>
    </ul>
  );
}

interface PickerProps {
  pictures: Baked[];
  names: string[];
  chosen: number;
  onPick(image: number): void;
}

function Picker({ pictures, names, chosen, onPick }: PickerProps) {
  return (
    <fieldset className="picker">
      <legend className="hidden">Image on the stage</legend>
      {pictures.map(({ colour }, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: images have no other name, and classes may repeat
        <button key={i} type="button" aria-pressed={i === chosen} aria-label={`Image ${i + 1}: ${names[i]}`} onClick={() => onPick(i)}>
          <Thumbnail picture={colour} />
        </button>
      ))}
    </fieldset>
  );
}

function Thumbnail({ picture }: { picture: HTMLCanvasElement }) {
  const draw = (canvas: HTMLCanvasElement | null) => canvas?.getContext("2d")?.drawImage(picture, 0, 0);
  return <canvas ref={draw} width={picture.width} height={picture.height} />;
}
