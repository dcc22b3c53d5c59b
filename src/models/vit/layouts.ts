/** How ViT checkpoints name their tensors: tables of renames to timm's names, and the names that give other architectures away. */

import type { Activation } from "../../ops/product";

export type Layout = "timm" | "huggingface" | "lucidrains" | "clip" | "openai";

export interface Rules {
  /** A name that only this layout has. */
  mark: RegExp;
  renames: [from: RegExp, to: string][];
  ignored: RegExp;
}

const WB = "(weight|bias)$";
const NOTHING = /^$/;

export const RULES: Record<Layout, Rules> = {
  // Hugging Face's CLIP. Its projection into the space of texts becomes the head. It comes first: the marks of Hugging Face's ViT match it too.
  clip: {
    mark: /^(?:embeddings\.class_embedding$|encoder\.layers\.|pre_layrnorm\.)/,
    renames: [
      [/^embeddings\.class_embedding$/, "cls_token"],
      [/^embeddings\.position_embedding\.weight$/, "pos_embed"],
      [new RegExp(`^embeddings\\.patch_embedding\\.${WB}`), "patch_embed.proj.$1"],
      [new RegExp(`^pre_layrnorm\\.${WB}`), "norm_pre.$1"],
      [/^encoder\.layers\.(\d+)\.layer_norm([12])\.(weight|bias)$/, "blocks.$1.norm$2.$3"],
      [new RegExp(`^encoder\\.layers\\.(\\d+)\\.self_attn\\.q_proj\\.${WB}`), "blocks.$1.attn.query.$2"],
      [new RegExp(`^encoder\\.layers\\.(\\d+)\\.self_attn\\.k_proj\\.${WB}`), "blocks.$1.attn.key.$2"],
      [new RegExp(`^encoder\\.layers\\.(\\d+)\\.self_attn\\.v_proj\\.${WB}`), "blocks.$1.attn.value.$2"],
      [new RegExp(`^encoder\\.layers\\.(\\d+)\\.self_attn\\.out_proj\\.${WB}`), "blocks.$1.attn.proj.$2"],
      [/^encoder\.layers\.(\d+)\.mlp\.(fc[12])\.(weight|bias)$/, "blocks.$1.mlp.$2.$3"],
      [new RegExp(`^post_layernorm\\.${WB}`), "norm.$1"],
      [/^visual_projection\.weight$/, "head.weight"],
    ],
    // The text tower, whose layers have the same names behind "text_model.", is dropped before names are read.
    ignored: /^(embeddings\.position_ids|logit_scale|text_projection\.weight)$/,
  },
  // CLIP's own code, and open_clip's. The text tower has the same names without "visual.", and is dropped before.
  openai: {
    mark: /^(?:transformer\.resblocks\.|ln_pre\.)/,
    renames: [
      [/^class_embedding$/, "cls_token"],
      [/^positional_embedding$/, "pos_embed"],
      [/^conv1\.weight$/, "patch_embed.proj.weight"],
      [new RegExp(`^ln_pre\\.${WB}`), "norm_pre.$1"],
      [/^transformer\.resblocks\.(\d+)\.ln_([12])\.(weight|bias)$/, "blocks.$1.norm$2.$3"],
      [/^transformer\.resblocks\.(\d+)\.attn\.in_proj_(weight|bias)$/, "blocks.$1.attn.qkv.$2"],
      [new RegExp(`^transformer\\.resblocks\\.(\\d+)\\.attn\\.out_proj\\.${WB}`), "blocks.$1.attn.proj.$2"],
      [new RegExp(`^transformer\\.resblocks\\.(\\d+)\\.mlp\\.c_fc\\.${WB}`), "blocks.$1.mlp.fc1.$2"],
      [new RegExp(`^transformer\\.resblocks\\.(\\d+)\\.mlp\\.c_proj\\.${WB}`), "blocks.$1.mlp.fc2.$2"],
      [new RegExp(`^ln_post\\.${WB}`), "norm.$1"],
      [/^proj$/, "head.weight"],
    ],
    ignored: NOTHING,
  },
  timm: {
    mark: /^(blocks\.|blocks_token_only\.|patch_embed\.)/,
    renames: [
      [/^(cls_token|dist_token|pos_embed)$/, "$1"],
      [new RegExp(`^(patch_embed\\.proj|norm_pre|norm|fc_norm|head_norm|head|head_dist)\\.${WB}`), "$1.$2"],
      [new RegExp(`^(blocks\\.\\d+\\.(?:norm1|norm2|attn\\.qkv|attn\\.proj|mlp\\.fc1|mlp\\.fc2))\\.${WB}`), "$1.$2"],
      [/^(blocks\.\d+\.ls[12]\.gamma)$/, "$1"],
      // DeiT-III's own code, and CaiT.
      [/^(blocks(?:_token_only)?\.\d+)\.gamma_([12])$/, "$1.ls$2.gamma"],
      [new RegExp(`^(blocks\\.\\d+\\.attn\\.proj_[lw])\\.${WB}`), "$1.$2"],
      [new RegExp(`^(blocks_token_only\\.\\d+\\.(?:norm1|norm2|attn\\.[qkv]|attn\\.proj|mlp\\.fc1|mlp\\.fc2))\\.${WB}`), "$1.$2"],
      // AST's own code, which keeps the heads of the DeiT that it is built on and does not use them.
      [new RegExp(`^mlp_head\\.0\\.${WB}`), "head_norm.$1"],
      [new RegExp(`^mlp_head\\.1\\.${WB}`), "head.$1"],
    ],
    // Of a masked autoencoder the encoder is read.
    ignored: /^(mask_token$|decoder_)/,
  },
  huggingface: {
    mark: /^(encoder\.layer\.|embeddings\.)/,
    renames: [
      [/^embeddings\.cls_token$/, "cls_token"],
      [/^embeddings\.distillation_token$/, "dist_token"],
      [/^embeddings\.position_embeddings$/, "pos_embed"],
      [new RegExp(`^embeddings\\.patch_embeddings\\.projection\\.${WB}`), "patch_embed.proj.$1"],
      [new RegExp(`^encoder\\.layer\\.(\\d+)\\.layernorm_before\\.${WB}`), "blocks.$1.norm1.$2"],
      [new RegExp(`^encoder\\.layer\\.(\\d+)\\.attention\\.attention\\.(query|key|value)\\.${WB}`), "blocks.$1.attn.$2.$3"],
      [new RegExp(`^encoder\\.layer\\.(\\d+)\\.attention\\.output\\.dense\\.${WB}`), "blocks.$1.attn.proj.$2"],
      [new RegExp(`^encoder\\.layer\\.(\\d+)\\.layernorm_after\\.${WB}`), "blocks.$1.norm2.$2"],
      [new RegExp(`^encoder\\.layer\\.(\\d+)\\.intermediate\\.dense\\.${WB}`), "blocks.$1.mlp.fc1.$2"],
      [new RegExp(`^encoder\\.layer\\.(\\d+)\\.output\\.dense\\.${WB}`), "blocks.$1.mlp.fc2.$2"],
      [new RegExp(`^layernorm\\.${WB}`), "norm.$1"],
      [new RegExp(`^(?:cls_)?classifier\\.${WB}`), "head.$1"],
      // Its AST.
      [new RegExp(`^classifier\\.layernorm\\.${WB}`), "head_norm.$1"],
      [new RegExp(`^classifier\\.dense\\.${WB}`), "head.$1"],
      [new RegExp(`^distillation_classifier\\.${WB}`), "head_dist.$1"],
    ],
    // The pooler is a second head that ViTForImageClassification leaves out; the mask token serves pretraining only.
    ignored: /^(pooler\.dense\.(weight|bias)|embeddings\.(mask_token|position_ids))$/,
  },
  lucidrains: {
    mark: /^(transformer\.layers\.|to_patch_embedding\.)/,
    renames: [
      [/^cls_token$/, "cls_token"],
      [/^pos_embedding$/, "pos_embed"],
      [new RegExp(`^to_patch_embedding\\.1\\.${WB}`), "patch_embed.proj.$1"],
      // Attention-only models have one residual branch per layer and leave out its index.
      [new RegExp(`^transformer\\.layers\\.(\\d+)\\.(?:0\\.)?norm\\.${WB}`), "blocks.$1.norm1.$2"],
      [new RegExp(`^transformer\\.layers\\.(\\d+)\\.(?:0\\.)?fn\\.to_qkv\\.${WB}`), "blocks.$1.attn.qkv.$2"],
      [new RegExp(`^transformer\\.layers\\.(\\d+)\\.(?:0\\.)?fn\\.to_out\\.0\\.${WB}`), "blocks.$1.attn.proj.$2"],
      [new RegExp(`^transformer\\.layers\\.(\\d+)\\.1\\.norm\\.${WB}`), "blocks.$1.norm2.$2"],
      [new RegExp(`^transformer\\.layers\\.(\\d+)\\.1\\.fn\\.net\\.0\\.${WB}`), "blocks.$1.mlp.fc1.$2"],
      [new RegExp(`^transformer\\.layers\\.(\\d+)\\.1\\.fn\\.net\\.3\\.${WB}`), "blocks.$1.mlp.fc2.$2"],
      [new RegExp(`^mlp_head\\.0\\.${WB}`), "norm.$1"],
      [new RegExp(`^mlp_head\\.1\\.${WB}`), "head.$1"],
    ],
    ignored: NOTHING,
  },
};

/** LayerNorm eps of each layout's own code; no file stores it. */
export const LAYOUT_EPS: Record<Layout, number> = { timm: 1e-6, huggingface: 1e-12, lucidrains: 1e-5, clip: 1e-5, openai: 1e-5 };

/** What each layout's own networks compute in their MLP. */
export const LAYOUT_ACTIVATION: Partial<Record<Layout, Activation>> = { clip: "quick_gelu", openai: "quick_gelu" };

/** Variants of the architecture that would load but compute something else, by a name that gives them away. */
export const UNSUPPORTED: [mark: RegExp, what: string][] = [
  [/lambda_?[12]$/, "layer scale under other names"],
  [/\.attn\.[qk]_norm\./, "normalised queries and keys"],
  [/relative_position|rel_pos|\.rope/, "relative positions"],
];
