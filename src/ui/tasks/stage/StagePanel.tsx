/** The stage: the parts of one step side by side, each with its equation; one of them may be lit. What they show is the task's. */
import type { ReactNode } from "react";
import { usePick } from "../../state/app";
import { type Pickable, Picker } from "./Picker";
import { useSlowMotion } from "./slowMotion";
import "./stage.css";

/** A part of the step. */
export interface StagePart {
  name: string;
  title: string;
  /** Where it acts. */
  equation: string;
  /** What happens in it, with the numbers of this step. */
  sentence: string;
  body: ReactNode;
}

interface StagePanelProps {
  title: ReactNode;
  parts: readonly StagePart[];
  /** What is said while no part is lit. */
  summary: string;
  /** What is under the pointer, in words; it is said before anything else. */
  reading: string;
  pictures: readonly Pickable[];
  chosen: number;
  onPick(image: number): void;
  /** Beside the pictures to pick from. */
  legend?: ReactNode;
  /** Beside the title. */
  controls?: ReactNode;
}

export function StagePanel({ title, parts, summary, reading, pictures, chosen, onPick, legend, controls }: StagePanelProps) {
  const [{ part }, pick] = usePick<{ part?: string }>("stage", {});
  const names = parts.map(({ name }) => name);
  const { slow, show, toggle } = useSlowMotion(names, part, (part) => pick({ part }));
  const lit = part === undefined || names.includes(part) ? part : undefined;
  const sentence = parts.find(({ name }) => name === lit)?.sentence;
  return (
    <section className="panel stage" aria-labelledby="stage-title" data-part={lit}>
      <div className="panel-head">
        <h2 id="stage-title">{title}</h2>
        {controls}
        <button
          type="button"
          aria-pressed={slow}
          onClick={toggle}
          title={`Walks through the parts of a step, then makes one (keys 1 to ${parts.length} show a part)`}
        >
          Slow motion
        </button>
      </div>
      <ol className="parts">
        {parts.map((one, i) => (
          <PartFigure key={one.name} {...one} number={i + 1} state={stateOf(i, lit && names.indexOf(lit))} onPick={show} />
        ))}
      </ol>
      <div className="under">
        <p className="reading" aria-live="polite">
          {reading || sentence || summary}
        </p>
      </div>
      <div className="under">
        <Picker pictures={pictures} chosen={chosen} onPick={onPick} />
        {legend}
      </div>
    </section>
  );
}

type PartState = "lit" | "ahead" | "past";

/** Where a part is seen from the lit one. */
function stateOf(at: number, lit: number | "" | undefined): PartState | undefined {
  if (typeof lit !== "number") return undefined;
  return at === lit ? "lit" : at > lit ? "ahead" : "past";
}

interface PartFigureProps extends StagePart {
  number: number;
  state?: PartState;
  onPick(part: string | undefined): void;
}

function PartFigure({ name, title, equation, body, number, state, onPick }: PartFigureProps) {
  const lit = state === "lit";
  return (
    <li className="part" data-name={name} data-state={state}>
      <button type="button" className="part-head" aria-pressed={lit} onClick={() => onPick(lit ? undefined : name)}>
        <b>
          <span aria-hidden="true">{number}</span> {title}
        </b>
        <code>{unbroken(equation)}</code>
      </button>
      <div className="part-body">{body}</div>
    </li>
  );
}

/** Lines break between terms, within brackets only before a fraction's stroke. */
const unbroken = (equation: string): string => equation.replaceAll(/ (?!\/)(?=[^()]*\))/g, "\u00a0");
