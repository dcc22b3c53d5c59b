/** The heads of RetinaNet, FCOS, ATSS and GFL: two branches of 3 x 3 convolutions with the same weights on every level. */
import type { Tensor } from "../../engine/graph";
import { scale } from "../../ops/maps";
import { type DetectorConfig, OUTPUTS } from "./config";
import type { Layers } from "./layers";

/** What a head says on one pyramid level. */
export interface LevelTensors {
  /** Logits [B, H, W, A K], anchor by anchor. */
  cls: Tensor;
  /**
   * [B, H, W, A box], raw: RetinaNet, ATSS: deltas of the anchor; FCOS: logarithms of distances in pixels; GFL: logits of
   * each side's bins.
   */
  box: Tensor;
  /** FCOS, ATSS: logit [B, H, W, 1]. */
  centerness?: Tensor;
}

export function head(layers: Layers, config: DetectorConfig, feature: Tensor, level: number): LevelTensors {
  const { cls, box, centerness } = OUTPUTS[config.kind];
  const [classes, regression] = ["cls_convs", "reg_convs"].map((name) => branch(layers, config, feature, name));
  const raw = layers.conv(regression, box);
  const own = config.kind === "retinanet" ? raw : scale(raw, layers.get(`bbox_head.scales.${level}.scale`));
  return {
    cls: layers.conv(classes, cls),
    box: own,
    ...(centerness && { centerness: layers.conv(config.kind === "fcos" ? classes : regression, centerness) }),
  };
}

function branch(layers: Layers, { kind, stacked }: DetectorConfig, feature: Tensor, name: string): Tensor {
  let x = feature;
  for (let i = 0; i < stacked; i++) {
    const prefix = `bbox_head.${name}.${i}`;
    if (kind === "retinanet") x = layers.conv(x, `${prefix}.conv`, { activation: "relu" });
    else x = layers.headNorm(layers.conv(x, `${prefix}.conv`), `${prefix}.gn`);
  }
  return x;
}
