/** A saved run of very little. */
import type { Weights } from "../models/weights";
import { SCHEMA } from "../tasks";
import type { Checkpoint } from "./checkpoint";

const weights: Weights = new Map([["w", { shape: [2, 2], data: Float32Array.of(1, 2, 3, 4) }]]);

export const RUN: Checkpoint = {
  ...{ settings: SCHEMA.defaults(), given: [], step: 3, changes: [{ step: 1, key: "lr", from: 0.001, to: 0.002 }] },
  ...{ dataset: { id: "scenes-1", name: "Scenes" }, teacher: { id: "t", name: "T" }, weights, carried: weights, extras: new Map() },
  optimizer: { step: 3, first: Float32Array.of(-1, 0), second: Float32Array.of(1, 0) },
};
