/** A classifier adapted to a data set: its outputs in the order of that set's classes, its pixels normalised as that set's are. */
import type { Pictures } from "../../data/dataset";
import { EngineError } from "../../engine/errors";
import type { Weight, Weights } from "../../models/weights";
import { OtherSide } from "../otherSide";
import { suited } from "../suited";
import type { Network } from "../vitNetwork";

/**
 * The network as if it had been trained on images normalised as this data set's are, and to answer with its classes in their
 * order. Throws an EngineError when it is for other images or classes.
 */
export function fitted(network: Network, dataset: Pictures): Network {
  const wrong = misfit(network, dataset);
  if (wrong) throw new EngineError(`${network.name} ${wrong}.`, "Train a teacher on this data, or use one that was.");
  const { columns: has = dataset.side } = dataset;
  const { columns = network.config.image } = network.config;
  if (network.config.image !== dataset.side) throw new OtherSide(network.name, network.config.image, dataset.side);
  if (columns !== has)
    throw new EngineError(
      `${network.name} expects ${columns} columns of pixels; this data has ${has}.`,
      "Read the data at its size, or use another teacher.",
    );
  const result = suited(network, dataset);
  const order = network.classes && dataset.classes.map((c) => network.classes?.indexOf(c) as number);
  if (order) reorder(result.weights, order);
  return { ...result, classes: dataset.classes };
}

/** Whether `fitted` takes it. */
export function fits(network: Network, dataset: Pictures): boolean {
  return misfit(network, dataset) === undefined;
}

function misfit({ config, classes }: Network, dataset: Pictures): string | undefined {
  if (config.classes !== dataset.classes.length) return `knows ${config.classes} classes; this data has ${dataset.classes.length}`;
  if (classes?.some((c) => !dataset.classes.includes(c))) return `knows the classes ${few(classes)}; this data has ${few(dataset.classes)}`;
}

const few = (classes: string[]) => classes.slice(0, 3).join(", ") + (classes.length > 3 ? ", ..." : "");

/** What has a row for each class. */
const HEADS = ["head", "head_dist"].flatMap((head) => [`${head}.weight`, `${head}.bias`]);

/** Rows of the heads in another order. */
function reorder(weights: Weights, order: number[]): void {
  if (order.every((from, to) => from === to)) return;
  for (const name of HEADS.filter((tensor) => weights.has(tensor))) {
    const { shape, data } = weights.get(name) as Weight;
    const row = data.length / shape[0];
    const moved = data.slice();
    for (const [to, from] of order.entries()) moved.set(data.subarray(from * row, (from + 1) * row), to * row);
    weights.set(name, { shape, data: moved });
  }
}
