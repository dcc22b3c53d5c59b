/** Student and teacher before the first step: the same weights; the teacher also has the centre. */
import type { Dataset } from "../../data/dataset";
import { EngineError } from "../../engine/errors";
import { LAST_LAYER, type ProjectionConfig, projectionShapes } from "../../models/projection";
import { initial, initViT, type ViTConfig, vitShapes } from "../../models/vit/config";
import { INIT_STREAM, type Weights } from "../../models/weights";
import { conflictsOf } from "./conflicts";
import type { DinoSettings } from "./settings";

/** What the teacher's logits are centred with, [K], among the teacher's parameters. */
export const CENTRE = "centre";

/** Both networks' ViT and projection head. Throws an EngineError for settings that cannot go together. */
export function configsOf(settings: DinoSettings, { side, channels }: Dataset): { vit: ViTConfig; head: ProjectionConfig } {
  const [conflict] = Object.values(conflictsOf({ ...settings, side }));
  if (conflict) throw new EngineError(conflict, "Change one of these settings.");
  const { width, depth, heads, patch, hidden, bottleneck, outputs } = settings;
  const vit: ViTConfig = {
    ...{ image: side, patch, channels, classes: 0, width, depth, heads, headDim: width / heads, mlp: 4 * width },
    ...{ activation: "gelu", qkvBias: true, projBias: true, eps: 1e-6 },
  };
  return { vit, head: { input: width, hidden, bottleneck, outputs } };
}

/** Fresh weights of a student: drawn as those of any ViT. */
export function initStudent(vit: ViTConfig, head: ProjectionConfig, seed: number): Weights {
  const begun = vitShapes(vit).size;
  const drawn = projectionShapes(head).map(([name, shape], i) => {
    return [name, { shape, data: initial(name, shape, seed, INIT_STREAM + begun + i) }] as const;
  });
  return new Map([...initViT(vit, seed), ...drawn]);
}

/** A teacher of these weights, with a centre of 0. */
export function initTeacher(student: Weights): Weights {
  const outputs = student.get(LAST_LAYER)?.shape[0] ?? 0;
  return new Map([...student, [CENTRE, { shape: [outputs], data: new Float32Array(outputs) }]]);
}

/** The ViT alone, without projection head and centre. */
export function vitOf(weights: Weights, vit: ViTConfig): Weights {
  const names = vitShapes(vit);
  return new Map([...weights].filter(([name]) => names.has(name)));
}

/** Matrices, positions and tokens decay; biases and norms do not, as in DINO. */
export const decays = (_: string, shape: number[]): boolean => shape.length > 1;
