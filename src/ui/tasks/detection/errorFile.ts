/** What errors cost a network, as files: its bands as a drawing, its curves and their areas as numbers. Loaded when first used. */
import { ERROR_CURVES } from "../../../metrics/errors";
import { captionNow, captionOf } from "../../charts/caption";
import type { Exported } from "../../charts/exportFiles";
import type { State } from "../../state/store";
import { patternOf } from "./bands";
import { BANDS, besideOf, curvesFor, type Kin, type Subject } from "./errorCosts";

/** `of` says in words whose errors those are: of all classes, of a class, of a family. */
export function errorFile({ id, title, note, analysis }: Subject, kin: Kin, of: string, state: State): Exported {
  const { curves, areas } = curvesFor(analysis, kin)!;
  const beside = id === "baseline" && besideOf(state);
  // A run may have gone on since its errors were measured.
  const { caption, about } = beside ? captionOf(beside) : captionNow({ ...state, step: state.errors?.step ?? state.step });
  const rows = Array.from(curves[0], (_, r) => [r / (curves[0].length - 1), ...curves.map((curve) => curve[r])].join(","));
  const named = <T>(values: readonly T[]) => Object.fromEntries(ERROR_CURVES.map((name, i) => [name, values[i]]));
  const tide = kin === undefined && analysis.tide ? { tide: analysis.tide } : {};
  const numbers = { network: id, of, caption, about, areas: named(areas), curves: named(curves.map((curve) => [...curve])), ...tide };
  return {
    ...{ name: `errors-${id}-${of.replace(/[^\p{L}\p{N}]+/gu, "-")}`, title: `What errors cost: ${title}, ${of}`, about },
    looks: BANDS.map(({ name, label, colour }) => ({ label, colour, fill: patternOf(name) })),
    caption: `${title}, ${note}: precision over recall as in COCO's analysis of errors. ${caption}`,
    csv: () => `${[["recall", ...ERROR_CURVES].join(","), ...rows].join("\n")}\n`,
    json: () => `${JSON.stringify(numbers, null, 1)}\n`,
  };
}
