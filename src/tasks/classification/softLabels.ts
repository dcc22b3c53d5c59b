/** MaskedKD with fixed values: for benchmarks and proofs, which have no settings. */
import { Live } from "../../engine/graph";
import { maskedkd } from "../../methods/classification/maskedkd";
import type { ClassificationMethod } from "../../methods/classification/method";
import type { KeepChoice } from "../../methods/vitMasking";
import type { Distillation, Model } from "./step";

/** Soft labels of weight lambda and temperature tau from a teacher that is shown `keep`; both 1 by default. */
export function softLabels(teacher: Model, keep: KeepChoice, { lambda = 1, temperature = 1 } = {}): Distillation {
  const knobs = { lambda: new Live(lambda), temperature: new Live(temperature) };
  return { teacher, keep, methods: [{ method: maskedkd as ClassificationMethod, knobs }] };
}
