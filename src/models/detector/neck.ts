/** Feature pyramid (Lin et al. 2017): lateral 1 x 1, nearest top-down addition, 3 x 3 outputs without norm or activation. */
import type { Tensor } from "../../engine/graph";
import { linear } from "../../ops/linear";
import { relu, upsampleNearest } from "../../ops/maps";
import { type DetectorConfig, LATERALS } from "./config";
import type { Layers } from "./layers";

/** P3, P4, ... [B, H, W, C] of C3 to C5. Distillation compares these. */
export function neck(layers: Layers, config: DetectorConfig, stages: Tensor[]): Tensor[] {
  const merged: Tensor[] = [];
  for (let l = LATERALS - 1; l >= 0; l--) merged[l] = lateral(layers, stages[l], `neck.lateral_convs.${l}.conv`, merged[l + 1]);
  const outputs = merged.map((x, l) => layers.conv(x, `neck.fpn_convs.${l}.conv`));
  return withCoarser(layers, config, outputs, stages[LATERALS - 1]);
}

/** P3 to P5 and the levels beyond them; `last` is what RetinaNet makes P6 of: C5. */
export function withCoarser(layers: Layers, config: DetectorConfig, maps: readonly Tensor[], last: Tensor): Tensor[] {
  const outputs = [...maps];
  for (let l = LATERALS; l < config.levels; l++) outputs.push(coarser(layers, config, l, last, outputs[l - 1]));
  return outputs;
}

/** The lateral connection plus the level above it. */
function lateral(layers: Layers, stage: Tensor, name: string, above?: Tensor): Tensor {
  const weight = layers.get(`${name}.weight`);
  const [, height, width] = stage.shape;
  return linear(stage, weight.reshape([weight.shape[0], stage.cols]), {
    bias: layers.get(`${name}.bias`),
    residual: above && upsampleNearest(above, [height, width]),
  });
}

/** A level beyond P5, of stride 2: RetinaNet makes P6 of C5, the others of P5; FCOS applies ReLU before P7. */
function coarser(layers: Layers, { kind }: DetectorConfig, l: number, last: Tensor, below: Tensor): Tensor {
  const first = l === LATERALS;
  const input = first && kind === "retinanet" ? last : !first && kind === "fcos" ? relu(below) : below;
  return layers.conv(input, `neck.fpn_convs.${l}.conv`, { stride: 2 });
}
