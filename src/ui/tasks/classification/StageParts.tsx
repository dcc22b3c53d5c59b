/** What the stage is made of: the parts of a step, their pictures and bars, and the images to pick from. */
import type { ReactNode } from "react";
import { GridCanvas } from "../../draw/GridCanvas";
import { type MaskColors, paintDiverging, paintGrid, paintMask, paintPicture } from "../../draw/patches";
import { percent, short } from "../../format";
import type { Baked } from "../masks/LayerCanvas";
import { type Answer, type Stage as Facts, PARTS, type Part, patchFacts } from "./stageFacts";

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
/** Attention from a quarter of an even share to four times it. */
const REACH = 2;

interface PartProps {
  part: Part;
  /** The part that is lit, if one is. */
  lit?: Part;
  onPick(part: Part | undefined): void;
  children: ReactNode;
}

export function PartFigure({ part, lit, onPick, children }: PartProps) {
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

export function PatchCanvas({ stage, picture, colors, layer, onRead }: CanvasProps) {
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

export function Losses({ losses, lambda, taught }: { losses: Readonly<Record<string, number>>; lambda: number; taught: boolean }) {
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

export function Picker({ pictures, names, chosen, onPick }: PickerProps) {
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
