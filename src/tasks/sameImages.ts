/** Whether a trained network is for the images at hand. */
import type { Moments } from "../data/dataset";
import { EngineError } from "../engine/errors";
import { otherNames, sameNames } from "./names";
import { OtherSide } from "./otherSide";

/** What matters of a network, or of data. */
interface Images {
  name: string;
  side: number;
  classes: string[];
  moments: Moments;
}

/** Moments estimated twice from the same images agree this well. */
const SAME_MOMENT = 0.02;

/** Throws an EngineError unless the network takes the images of this data and knows its classes, in their order. */
export function assertSameImages({ name, side, classes, moments }: Images, data: Images): void {
  if (side !== data.side) throw new OtherSide(name, side, data.side);
  const wrong = !sameNames(classes, data.classes)
    ? otherNames(classes, data.classes)
    : differs(moments, data.moments) && "was trained on images of other brightness or contrast";
  if (wrong) throw new EngineError(`${name} ${wrong}.`, "Train a teacher on this data, or use one that was.");
}

const differs = (a: Moments, b: Moments) =>
  [...a.mean, ...a.std].some((value, i) => Math.abs(value - [...b.mean, ...b.std][i]) > SAME_MOMENT);
