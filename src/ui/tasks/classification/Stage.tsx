/** The stage: one step, from the image to the losses, on one held-out image that a visitor picks. */

import { type ReactNode, useMemo, useState } from "react";
import { useShallow } from "zustand/shallow";
import { EvenLegend } from "../../draw/Legend";
import { count } from "../../format";
import { usePick, useStore } from "../../state/app";
import { bakedOf } from "../masks/LayerCanvas";
import { Losses } from "../stage/Losses";
import { StagePanel } from "../stage/StagePanel";
import { useStep } from "../stage/useStep";
import { LOOKS } from "./gallery";
import { Bars, PatchCanvas, TITLES } from "./StageParts";
import { equationsOf, PARTS, type Part, sentencesOf, stageOf } from "./stageFacts";

const { galleryOf, snapshotOf, untrainedOf, frequencyOf } = LOOKS;

export default function Stage() {
  const shown = useStore(
    useShallow((state) => ({
      ...{ gallery: galleryOf(state), snapshot: snapshotOf(state), untrained: untrainedOf(state), frequency: frequencyOf(state) },
      ...{ teacher: state.teacher, masked: String((state.active ?? state.wanted).masked) },
    })),
  );
  const { settings, losses, terms } = useStep();
  const [reading, setReading] = useState("");
  const [{ image }, pick] = usePick("stage", { image: 0 });
  const { gallery } = shown;
  const pictures = useMemo(() => bakedOf(gallery.images, gallery.side, gallery.channels, gallery.columns), [gallery]);
  const index = Math.min(image, pictures.length - 1);
  const stage = useMemo(() => stageOf(shown, index), [shown, index]);
  const sentences = sentencesOf(stage, losses, settings);
  const equations = equationsOf(stage, settings);
  const common = { stage, picture: pictures[index], onRead: setReading };
  const bodies: Record<Part, ReactNode> = {
    look: <PatchCanvas {...common} layer="look" />,
    choose: <PatchCanvas {...common} layer="choose" />,
    answer: <Bars answers={stage.answers} said={stage.said.teacher} who="teacher" truth={stage.truth} />,
    compare: <Bars answers={stage.answers} said={stage.said.student} who="student" truth={stage.truth} />,
    learn: <Losses terms={terms} />,
  };
  return (
    <StagePanel
      title={
        <>
          One step, on a held-out {stage.truth} {shown.snapshot && <small>as of step {count(shown.snapshot.step)}</small>}
        </>
      }
      parts={PARTS.map((name) => ({
        name,
        ...{ title: TITLES[name], equation: equations[name], sentence: sentences[name], body: bodies[name] },
      }))}
      summary={shown.snapshot ? `${sentences.choose} ${sentences.answer} ${sentences.compare}` : sentences.look}
      reading={reading}
      pictures={pictures.map(({ colour }, i) => ({ picture: colour, name: gallery.classes[gallery.labels[i]] }))}
      chosen={index}
      onPick={(image) => pick({ image })}
      legend={<EvenLegend />}
    />
  );
}
