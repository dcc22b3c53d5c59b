/** The stage of a detector: one step of its method on one held-out image and one level of the pyramid. */

import { type ReactNode, useMemo, useState } from "react";
import { EvenLegend, Legend } from "../../draw/Legend";
import { count } from "../../format";
import { useStore } from "../../state/app";
import { Losses } from "../stage/Losses";
import { StagePanel } from "../stage/StagePanel";
import { useStep } from "../stage/useStep";
import { bakeScene } from "./bakeScene";
import { FocusSwitch, useFeatures, useFocus } from "./focus";
import { galleryOf, shownMethod } from "./gallery";
import { found, sentence } from "./matches";
import { AttentionMap, HeatMap, InputMap, type MapProps, MaskMap, RegionBars, RegionMap } from "./StageMaps";
import { regionsAt, type Step, stepOf } from "./stageFacts";
import { equationOf, nameOf, type Part, partsOf, sentenceOf, TITLES } from "./stageWords";

export default function Stage() {
  const method = useStore(shownMethod);
  const gallery = useStore(galleryOf);
  const features = useFeatures();
  const { maps, focus, step: moment } = features;
  const [, choose] = useFocus();
  const [reading, setReading] = useState("");
  const { settings, terms: added } = useStep();
  const pictures = useMemo(() => gallery.truths.map((_, i) => bakeScene(gallery, i)), [gallery]);
  const step = useMemo(() => {
    const temperature = Number(settings[`${method.name}.temperature`] ?? 1);
    return stepOf(maps, focus, { classes: gallery.classes, temperature, compete: settings[`${method.name}.divergence`] !== "bernoulli" });
  }, [maps, focus, gallery, settings, method]);
  const terms = Object.keys(method.terms);
  const taught = added.some(({ term }) => terms.includes(term));
  const told = { added, terms, settings, region: focus.region };
  const names = partsOf(step, taught);
  const say = (part: Part) => sentenceOf(part, step, told);
  const pickRegion = (cell: number) => step && choose({ region: regionsAt(step.scale.regions, step.grid)[cell] });
  const common = { picture: pictures[focus.image], onRead: setReading, onCell: pickRegion };
  const bodyOf = (part: Part) => {
    if (part === "learn") return <Losses terms={added} />;
    return step ? BODIES[part]({ ...common, step, title: "", region: focus.region }) : <Scene picture={common.picture} />;
  };
  return (
    <StagePanel
      title={
        <>
          One step of {method.label}, on a held-out image {moment !== undefined && <small>as of step {count(moment)}</small>}
        </>
      }
      controls={step && <FocusSwitch {...features} onStage />}
      parts={names.map((name) => ({
        name,
        ...{ title: TITLES[name], equation: equationOf(name, method.name, settings), sentence: say(name), body: bodyOf(name) },
      }))}
      summary={summaryOf(names).map(say).join(" ")}
      reading={reading}
      pictures={pictures.map((picture, i) => ({ picture, name: sentence(found(gallery.truths[i], [], 1).objects, {}) }))}
      chosen={focus.image}
      onPick={(image) => choose({ image })}
      legend={step && <Legends step={step} />}
    />
  );
}

/** What is done to the features says more than where somebody looks. */
function summaryOf(names: readonly Part[]): Part[] {
  const done = names.filter((name) => ["hide", "erase", "regenerate", "compare"].includes(name));
  return done.length ? done.slice(0, 2) : [names[0]];
}

type BodyProps = MapProps & { step: Step; region: number };

const BODIES: Record<Exclude<Part, "learn">, (props: BodyProps) => ReactNode> = {
  hide: (props) => <InputMap {...props} title="The student's image" />,
  see: (props) => {
    const { masked } = props.step.features;
    return (
      masked && <HeatMap {...props} plane={masked} range={props.step.range} visible={props.step.scale.visible} title="Student's features" />
    );
  },
  look: (props) => (
    <div className="quad">
      <Scene picture={props.picture} />
      {props.step.features.student && (
        <HeatMap {...props} plane={props.step.features.student} range={props.step.range} title="Student's features" />
      )}
    </div>
  ),
  attend: (props) => (
    <div className="quad">
      <Scene picture={props.picture} />
      {props.step.scales.map(
        (scale) => scale.attention && <AttentionMap key={scale.regions} {...props} scale={scale} title={`in ${nameOf(scale.regions)}`} />,
      )}
    </div>
  ),
  erase: (props) => (
    <div className="quad">
      <Own {...props} />
      {props.step.scales.map(
        (scale) => scale.visible && <MaskMap key={scale.regions} {...props} scale={scale} title={`in ${nameOf(scale.regions)}`} />,
      )}
    </div>
  ),
  regenerate: (props) => {
    const { scale, range } = props.step;
    return (
      <div className={scale.likely ? "quad" : undefined}>
        {scale.likely && <Own {...props} left />}
        {scale.rebuilt && <HeatMap {...props} plane={scale.rebuilt} range={range} title="Regenerated" />}
        {scale.likely && <Target {...props} />}
      </div>
    );
  },
  compare: (props) => {
    const { scale } = props.step;
    if (!scale.likely)
      return (
        <div className="quad">
          <Target {...props} />
        </div>
      );
    const values = scale.likely.map((_, r) => (scale.weight?.[r] ?? 1) * (scale.divergence?.[r] ?? 0));
    return (
      <>
        <div className="quad">
          {scale.weight && <RegionMap {...props} scale={scale} values={scale.weight} title="W by region" />}
          <RegionMap {...props} scale={scale} values={values} title="W × KL" />
        </div>
        <RegionBars scale={scale} region={props.region} />
      </>
    );
  },
};

/** The student's features, or what is left of them at the scale in focus. */
function Own({ left, ...props }: BodyProps & { left?: boolean }) {
  const { features, range, scale } = props.step;
  const title = left ? "What is left" : "Student's";
  return (
    features.student && (
      <HeatMap {...props} plane={features.student} range={range} visible={left ? scale.visible : undefined} title={title} />
    )
  );
}

/** The teacher's features, and how far off what was regenerated is. */
function Target(props: BodyProps) {
  const { scale, features, range } = props.step;
  return (
    <>
      {features.teacher && <HeatMap {...props} plane={features.teacher} range={range} title="Teacher's" />}
      {scale.error && <HeatMap {...props} plane={scale.error} title="Error" />}
    </>
  );
}

function Scene({ picture }: { picture: HTMLCanvasElement }) {
  const draw = (canvas: HTMLCanvasElement | null) => canvas?.getContext("2d")?.drawImage(picture, 0, 0);
  return (
    <figure className="stage-map">
      <canvas ref={draw} className="scene-canvas" width={picture.width} height={picture.height} role="img" aria-label="The image" />
      <figcaption>the image</figcaption>
    </figure>
  );
}

function Legends({ step: { range, scale } }: { step: Step }) {
  return (
    <span className="legends">
      {scale.attention && <EvenLegend />}
      <span className="legend" title="Strength of features: mean |F| over channels, one scale for all maps">
        |F| <Legend low={range[0]} high={range[1]} />
      </span>
    </span>
  );
}
