/** What the parts of the stage are made of: pictures and bars. */
import { GridCanvas } from "../../draw/GridCanvas";
import { paintGrid, paintMask, paintMultiples, paintPicture } from "../../draw/patches";
import { percent } from "../../format";
import type { Baked } from "../masks/LayerCanvas";
import { widthOf } from "../stage/Losses";
import { type Answer, type Stage as Facts, type Part, patchFacts } from "./stageFacts";

export const TITLES: Record<Part, string> = {
  look: "Look",
  choose: "Choose",
  answer: "Teacher answers",
  compare: "Compare",
  learn: "Learn",
};

interface CanvasProps {
  stage: Facts;
  picture: Baked;
  layer: "look" | "choose";
  onRead(text: string): void;
}

export function PatchCanvas({ stage, picture, layer, onRead }: CanvasProps) {
  const { grid, looking, kept, truth } = stage;
  const paint = (context: CanvasRenderingContext2D) => {
    const attention = layer === "look" ? looking : undefined;
    paintPicture(context, attention ? picture.grey : picture.colour);
    if (attention) {
      context.globalAlpha = 0.66;
      paintMultiples(context, attention.times, grid);
      context.globalAlpha = 1;
    } else if (layer === "choose" && kept) paintMask(context, kept, grid);
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

export function Bars({ answers, said, who, truth }: { answers?: Answer[]; said?: string; who: "student" | "teacher"; truth: string }) {
  if (said === undefined) return <p className="silent">{who === "teacher" ? "No teacher, or it has not answered yet." : "…"}</p>;
  if (!answers) return <p className="said">{said}</p>;
  return (
    <ul className="bars" aria-label={`What the ${who} finds likely`}>
      {answers.map(({ name, truth: right, ...of }) => (
        <li key={name} className={right ? "truth" : undefined}>
          <span>
            {name} {right && <span title="the truth">✓</span>}
          </span>
          <i style={{ width: widthOf(of[who]), background: `var(--${who})` }} />
          <output>{percent(of[who] ?? 0)}</output>
        </li>
      ))}
      <li className="said">
        says <b>{said}</b> {said === truth ? "✓" : "✗"}
      </li>
    </ul>
  );
}
