/** What becomes of the data that the page sends: read by the reader, or generated from an id. */
import { unpacked } from "../data/dataset";
import { unpackedSet } from "../data/detection";
import { scenes, scenesOfId } from "../data/scenes";
import { detectionScenes, detectionScenesOfId } from "../data/scenes.detection";
import { EngineError } from "../engine/errors";
import type { AnyData } from "./kinds";
import type { Command } from "./protocol";
import type { KindName } from "./readerProtocol";

interface Delivered {
  kind: KindName;
  dataset: AnyData;
  notes: string[];
}

export function delivered(command: Extract<Command, { type: "data" | "paint" }>): Delivered {
  return command.type === "data" ? read(command.made) : generated(command.id);
}

function read(made: Extract<Command, { type: "data" }>["made"]): Delivered {
  const { kind, notes } = made;
  return { kind, notes, dataset: made.kind === "classifier" ? unpacked(made.dataset) : unpackedSet(made.dataset) };
}

/** Nothing is painted before it is asked for. */
function generated(id: string): Delivered {
  const [pictures, boxes] = [scenesOfId(id), detectionScenesOfId(id)];
  if (pictures) return { kind: "classifier", dataset: scenes(pictures), notes: [] };
  if (boxes) return { kind: "detector", dataset: detectionScenes(boxes), notes: [] };
  throw new EngineError(`There are no Scenes called ${id}.`, "Use the Scenes of this page.");
}
