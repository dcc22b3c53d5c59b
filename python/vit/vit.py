"""Vision transformers with timm's names: pre-norm blocks, class token first. Needs nothing but torch.

Shapes: images [B, C, rows, columns]; N patches; n = lead + N tokens, or lead + k where only k patches are shown; lead is 1, the class
token, or 2 with a distillation token; width D; H heads.
Dosovitskiy et al., "An Image is Worth 16x16 Words", ICLR 2021; DeiT (Touvron et al. 2021) for the initial weights.
"""
import math

import torch
import torch.nn.functional as F
from blocks import Block
from cait import ClassBlock, TalkingBlock
from merging import merge, mergeable
from torch import nn

# How each family differs from the plain ViT. distilled: a second token with a head of its own, and the answer is the mean of both
# heads'. patchPositions: patches alone have positions. normPre: a norm before the blocks. meanPool: the answer comes from the mean
# of the patches, by `fc_norm`. layerScale: learned factors of each branch. oneHead: the mean of both tokens, normalised once more by
# `head_norm`, answers. talking: patches alone pass through blocks whose heads talk, then the class token attends to them.
FAMILIES = {
    "deit": (), "deit-distilled": ("distilled",), "deit3": ("patchPositions", "layerScale"), "mae": ("meanPool",),
    "cait": ("patchPositions", "talking"),
    "clip": ("normPre",), "ast": ("distilled", "oneHead"),
}  # fmt: skip
# Tensors that only networks of that family have.
MARKS = {"head_norm.weight": "ast", "dist_token": "deit-distilled", "blocks.0.ls1.gamma": "deit3", "blocks_token_only.0.gamma_1": "cait", "fc_norm.weight": "mae", "norm_pre.weight": "clip"}

# Keeps the draws of stochastic depth apart from other uses of the same seed.
DROP_STREAM = 0x220


class Features:
    """
    What a forward pass gives: logits [B, K]; blocks, the tokens [B, n, D] after each; scores, [B, H, n, n] of blocks that were asked
    for. Of a network with a distillation token `cls` and `dist` are what its two heads say; else both are the logits.
    """

    def __init__(self, logits, blocks, scores, lead=1, cls=None, dist=None):
        self.logits, self.blocks, self.scores, self.lead = logits, blocks, scores, lead
        self.cls, self.dist = (logits, logits) if dist is None else (cls, dist)


class PatchEmbed(nn.Module):
    def __init__(self, channels, width, patch, stride):
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, stride)

    def forward(self, images):
        return self.proj(images).flatten(2).transpose(1, 2)


class ViT(nn.Module):
    """
    `config` is that of run.json: image, patch, channels, classes, width, depth, heads, headDim, mlp, activation, qkvBias, projBias, eps;
    family, except for a plain ViT's; and where images are no squares or patches overlap, columns and stride.
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.parts = parts_of(config)
        self.grid = grid_of(config)
        self.patches = self.grid[0] * self.grid[1]
        width = config["width"]
        distilled = "distilled" in self.parts
        self.lead = 2 if distilled else 1
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.dist_token = nn.Parameter(torch.zeros(1, 1, width)) if distilled else None
        # How many tokens before the patches have positions.
        self.placed = 0 if "patchPositions" in self.parts else self.lead
        self.pos_embed = nn.Parameter(torch.zeros(1, self.placed + self.patches, width))
        self.patch_embed = PatchEmbed(config["channels"], width, config["patch"], config.get("stride", config["patch"]))
        self.talking = "talking" in self.parts
        block = (lambda: TalkingBlock(config)) if self.talking else (lambda: Block(config, "layerScale" in self.parts))
        self.blocks = nn.ModuleList(block() for _ in range(config["depth"]))
        if self.talking:
            self.blocks_token_only = nn.ModuleList(ClassBlock(config) for _ in range(config["classDepth"]))
        self.norm_pre = nn.LayerNorm(width, eps=config["eps"]) if "normPre" in self.parts else nn.Identity()
        self.mean_pool = "meanPool" in self.parts
        last = nn.LayerNorm(width, eps=config["eps"])
        self.norm, self.fc_norm = (nn.Identity(), last) if self.mean_pool else (last, nn.Identity())
        head = lambda: nn.Linear(width, config["classes"]) if config["classes"] else nn.Identity()  # noqa: E731
        self.one_head = "oneHead" in self.parts
        self.head, self.head_dist = head(), head() if distilled and not self.one_head else None
        self.head_norm = nn.LayerNorm(width, eps=config["eps"]) if self.one_head and config["classes"] else nn.Identity()

    def forward(self, images, kept=None, wanted=(), draws=None, drop_path=0.0, merged=0):
        """
        Features of the images, or of their `kept` patches, indices [B, k]: every patch is embedded and given its position, then those
        that are not kept are removed. `wanted` numbers the blocks (from 0) whose attention scores are to be returned; of CaiT these are those of
        its last block, whichever. Each block merges `merged` tokens, of a network that is frozen.
        """
        x = self.patch_embed(images) + self.positions(images)
        if kept is not None:
            x = x.gather(1, kept[:, :, None].expand(-1, -1, x.shape[-1]))
        lead = self.cls_token if self.dist_token is None else torch.cat([self.cls_token, self.dist_token], dim=1)
        if self.placed:
            lead = lead + self.pos_embed[:, : self.placed]
        lead = lead.expand(len(x), -1, -1)
        if self.talking:
            return self.talked(lead, x, wanted, lambda i: self.dropper(i, draws, drop_path))
        x = self.norm_pre(torch.cat([lead, x, *self.extra(len(x))], dim=1))
        blocks, scores = [], {}
        merging = Merging(merged, self.lead) if merged else None
        for i, block in enumerate(self.blocks):
            drop = self.dropper(i, draws, drop_path)
            # What the last block merges changes the mean of its patches alone.
            merges = merging and (i < len(self.blocks) - 1 or self.mean_pool)
            x, asked = block(x, drop, merging and merging.sizes, merging if merges else None)
            blocks.append(x)
            if i in wanted:
                scores[i] = asked
        if self.one_head:
            both = (self.norm(x[:, 0]) + self.norm(x[:, 1])) / 2
            return Features(self.head(self.head_norm(both)), blocks, scores, self.lead)
        pooled = self.pooled(x, merging and merging.sizes)
        logits = self.head(self.fc_norm(self.norm(pooled)))
        if self.head_dist is None:
            return Features(logits, blocks, scores)
        dist = self.head_dist(self.norm(x[:, 1]))
        return Features((logits + dist) / 2, blocks, scores, self.lead, logits, dist)

    def talked(self, token, x, wanted, dropper):
        """CaiT's blocks: patches x [B, n, D], then the class token [B, 1, D]."""
        blocks = []
        for i, block in enumerate(self.blocks):
            x = block(x, dropper(i))
            blocks.append(x)
        for block in self.blocks_token_only:
            token, scores = block(token, x)
            blocks.append(token)
        return Features(self.head(self.norm(token[:, 0])), blocks, dict.fromkeys(wanted, scores))

    def pooled(self, x, sizes):
        """What the head sees of the last block's tokens."""
        if not self.mean_pool:
            return x[:, 0]
        if sizes is None:
            return x[:, 1:].mean(dim=1)
        share = sizes[:, 1:, None]
        return (x[:, 1:] * share).sum(dim=1) / share.sum(dim=1)

    def extra(self, batch):
        """Tokens behind the patches, [B, m, D]: a plain ViT has none."""
        return []

    def positions(self, images):
        """Of the patches, [1, N, D]; bicubically interpolated where images have another side, as DINO does for small crops."""
        own, side = self.pos_embed[:, self.placed :], tuple(images.shape[-2:])
        if side == side_of(self.config):
            return own
        grid = grid_of({**self.config, "image": side[0], "columns": side[1]})
        planes = own.reshape(1, *self.grid, -1).permute(0, 3, 1, 2)
        return F.interpolate(planes, size=grid, mode="bicubic", align_corners=False).flatten(2).transpose(1, 2)

    def dropper(self, i, draws, most):
        """Stochastic depth: block i of L leaves each branch out at the rate most i / (L - 1), image by image, as timm does."""
        rate = most * i / (len(self.blocks) - 1) if len(self.blocks) > 1 else 0.0
        if rate == 0.0 or draws is None:
            return lambda branch, which: branch
        drawn = draws.per_row(DROP_STREAM, 2 * len(self.blocks))
        return lambda branch, which: branch * ((drawn[2 * i + which] >= rate) / (1 - rate))[:, None, None]


class Merging:
    """Merges r tokens when it is called, and keeps how many each stands for, [B, n]; None before the first time."""

    def __init__(self, r, lead):
        self.r, self.lead, self.sizes = r, lead, None

    def __call__(self, x, keys):
        sizes = x.new_ones(x.shape[:2]) if self.sizes is None else self.sizes
        x, self.sizes = merge(x, keys, sizes, mergeable(x.shape[1], self.r, self.lead), self.lead)
        return x


def side_of(config):
    """Rows and columns of pixels."""
    return config["image"], config.get("columns", config["image"])


def grid_of(config):
    """Rows and columns of patches; where they overlap, pixels at the edges may be left over."""
    stride = config.get("stride", config["patch"])
    return tuple((pixels - config["patch"]) // stride + 1 for pixels in side_of(config))


def parts_of(config):
    """What the family of a configuration has besides a plain ViT."""
    return FAMILIES[config.get("family", "deit")]


def fresh(config, seed):
    """A new network: matrices, positions and class token from a normal of 0.02 cut at two deviations, biases 0, norms 1."""
    torch.manual_seed(seed)
    model = ViT(config)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
        elif "norm" not in name and "gamma" not in name:
            nn.init.trunc_normal_(parameter, std=0.02, a=-0.04, b=0.04)
    return model


def config_of(state, heads, eps=1e-6, activation="gelu", cut=None):
    """
    The configuration of a state dict with timm's names; the number of heads it cannot say, and neither how images that are no squares
    are `cut`: rows, columns and distance of patches.
    """
    width, channels, patch, _ = state["patch_embed.proj.weight"].shape
    family = next((family for mark, family in MARKS.items() if mark in state), "deit")
    # A square number of patches, and the leading tokens' positions where those have any.
    side, columns, stride = cut or (math.isqrt(state["pos_embed"].shape[1]) * patch, None, None)
    oblong = {"columns": columns, **({"stride": stride} if stride != patch else {})} if cut else {}
    qkv = state["blocks.0.attn.qkv.weight"].shape[0] // 3
    return {
        **({} if family == "deit" else {"family": family}),
        **({"classDepth": 1 + max(int(name.split(".")[1]) for name in state if name.startswith("blocks_token_only."))} if family == "cait" else {}),
        **oblong, "image": side, "patch": patch, "channels": channels, "width": width, "heads": heads, "headDim": qkv // heads,
        "classes": state["head.weight"].shape[0] if "head.weight" in state else 0,
        "depth": 1 + max(int(name.split(".")[1]) for name in state if name.startswith("blocks.")),
        "mlp": state["blocks.0.mlp.fc1.weight"].shape[0] if "blocks.0.mlp.fc1.weight" in state else 0,
        "activation": activation, "eps": eps,
        "qkvBias": "blocks.0.attn.qkv.bias" in state, "projBias": "blocks.0.attn.proj.bias" in state,
    }  # fmt: skip
