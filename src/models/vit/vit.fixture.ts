/** A published configuration for tests; smaller ones spread it and say what differs. */
import type { ViTConfig } from "./config";

/** DeiT-S (Touvron et al. 2021). */
export const DEIT_S: ViTConfig = {
  image: 224,
  patch: 16,
  channels: 3,
  classes: 1000,
  width: 384,
  depth: 12,
  heads: 6,
  headDim: 64,
  mlp: 1536,
  activation: "gelu",
  qkvBias: true,
  projBias: true,
  eps: 1e-6,
};
