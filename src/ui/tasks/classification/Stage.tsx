/** The stage: one step, from the image to the losses, on one held-out image that a visitor picks. */
import { useMemo, useState } from "react";
import { useShallow } from "zustand/shallow";
import { DIVERGING_GRADIENT } from "../../draw/colormap";
import { useMaskColors } from "../../draw/maskColors";
import { usePick, useStore } from "../../state/app";
import { at } from "../../state/history";
import { shownStep } from "../../state/selectors";
import { bakedOf } from "../masks/LayerCanvas";
import type { Looks } from "../masks/looks";
import { Bars, Losses, PartFigure, PatchCanvas, Picker } from "./StageParts";
import { useSlowMotion } from "./slowMotion";
import { type Part, sentencesOf, stageOf } from "./stageFacts";
import "./stage.css";

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
