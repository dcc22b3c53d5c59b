/** A classifier adapted to a data set: its outputs in the order of that set's classes, its pixels normalised as that set's are. */
import type { Pictures } from "../../data/dataset";
import { EngineError } from "../../engine/errors";
import type { Weight, Weights } from "../../models/weights";
import { OtherSide } from "../otherSide";
import { suited } from "../suited";
import type { Network } from "../vitNetwork";
import { matched, type Rows } from "./classNames";

/**
 * The network as if it had been trained on images normalised as this data set's are, and to answer with its classes in their
 * order; of a network of more classes the rows of these are taken. Its images may be larger than the data's: it sees them
 * enlarged. Throws an EngineError when it is for other classes or smaller images.
 */
export function fitted(network: Network, dataset: Pictures): Network {
  const rows = rowsFor(network, dataset);
  const { image, columns = image } = network.config;
  const { columns: has = dataset.side } = dataset;
  if (image < dataset.side) throw new OtherSide(network.name, image, dataset.side);
  // Whatever is not square keeps its shape: stretched, a spectrogram would be of another sound.
  if (columns * dataset.side !== has * image || (has !== dataset.side && columns !== has))
    throw new EngineError(
      `${network.name} expects ${columns} columns of pixels; this data has ${has}.`,
      "Read the data at its size, or use another teacher.",
    );
  const result = suited(network, dataset);
  pick(result.weights, rows);
  return { ...result, config: { ...result.config, classes: rows.length }, classes: dataset.classes };
}

/** How `fitted` changes what the network sees and says; nothing for images of its own size and for all of its classes. */
export function adaptations(network: Network, dataset: Pictures): string[] {
  const { name, config } = network;
  const enlarged = `${name} sees these images enlarged from ${dataset.side} to ${config.image} pixels.`;
  const chosen = chosenClasses(network, dataset);
  return [
    ...(config.image === dataset.side ? [] : [enlarged]),
    ...(chosen ? [`Of the ${config.classes} classes of ${name} these teach: ${some(chosen)}.`] : []),
  ];
}

/** The data's classes with the network's names for them; undefined where the network knows just these, by these names. */
function chosenClasses(network: Network, dataset: Pictures): string[] | undefined {
  const rows = rowsFor(network, dataset);
  const { classes = dataset.classes } = network;
  const named = dataset.classes.map((own, i) => (classes[rows[i]] === own ? own : `${own} (there "${classes[rows[i]]}")`));
  const alike = rows.length === network.config.classes && named.every((text, i) => text === dataset.classes[i]);
  return alike ? undefined : named;
}

/** Throws an EngineError unless the network takes images of this size and answers with these classes, all of them. */
export function assertAsItIs(network: Network, dataset: Pictures): void {
  const [change] = adaptations(network, dataset);
  if (change)
    throw new EngineError(`${network.name} is not for just this data. ${change}`, "Name it as the teacher to use it all the same.");
}

/** Which row of the head stands for each class of the data. Throws an EngineError that says why there is none. */
function rowsFor(network: Network, { classes }: Pictures): Rows {
  const found = matched(network, classes);
  if ("rows" in found) return found.rows;
  throw new EngineError(`${network.name} ${found.wrong}.`, found.remedy ?? "Train a teacher on this data, or use one that was.");
}

const SHOWN = 10;
const some = (names: string[]) => names.slice(0, SHOWN).join(", ") + (names.length > SHOWN ? ` and ${names.length - SHOWN} more` : "");

/** What has a row for each class. */
const HEADS = ["head", "head_dist"].flatMap((head) => [`${head}.weight`, `${head}.bias`]);

/** Some rows of the heads, or all in another order. */
function pick(weights: Weights, rows: Rows): void {
  for (const name of HEADS.filter((tensor) => weights.has(tensor))) {
    const { shape, data } = weights.get(name) as Weight;
    if (rows.length === shape[0] && rows.every((from, to) => from === to)) continue;
    const width = data.length / shape[0];
    const picked = new Float32Array(rows.length * width);
    for (const [to, from] of rows.entries()) picked.set(data.subarray(from * width, (from + 1) * width), to * width);
    weights.set(name, { shape: [rows.length, ...shape.slice(1)], data: picked });
  }
}
