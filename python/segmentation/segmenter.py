"""The Segmenter under the names of its own code: a ViT, then a linear or a mask decoder on its patches.

Strudel et al., "Segmenter: Transformer for Semantic Segmentation", ICCV 2021. Shapes: N patches of width D; K classes.
"""
import torch
import torch.nn.functional as F
from blocks import Block
from torch import nn
from vit import ViT


class Linear(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.head = nn.Linear(config["encoder"]["width"], config["classes"])

    def forward(self, features):
        """Features [B, N, D] -> logits [B, N, K]."""
        return self.head(features)


class MaskTransformer(nn.Module):
    """Class tokens join the patches in a few more blocks; a class's mask is its cosine similarity to every patch."""

    def __init__(self, config):
        super().__init__()
        encoder, decoder, classes = config["encoder"], config["decoder"], config["classes"]
        width, eps = decoder["width"], encoder["eps"]
        blocks = {**encoder, **decoder, "headDim": width // decoder["heads"], "qkvBias": True, "projBias": True}
        self.proj_dec = nn.Linear(encoder["width"], width)
        self.cls_emb = nn.Parameter(torch.zeros(1, classes, width))
        self.blocks = nn.ModuleList(Block(blocks) for _ in range(decoder["depth"]))
        self.decoder_norm = nn.LayerNorm(width, eps=eps)
        self.proj_patch = nn.Parameter(torch.zeros(width, width))
        self.proj_classes = nn.Parameter(torch.zeros(width, width))
        self.mask_norm = nn.LayerNorm(classes, eps=eps)

    def forward(self, features):
        x = torch.cat([self.proj_dec(features), self.cls_emb.expand(len(features), -1, -1)], dim=1)
        for block in self.blocks:
            x, _ = block(x)
        x, count = self.decoder_norm(x), features.shape[1]
        patches = F.normalize(x[:, :count] @ self.proj_patch, dim=-1)
        classes = F.normalize(x[:, count:] @ self.proj_classes, dim=-1)
        # In half precision, too, norms are of single floats.
        return self.mask_norm((patches @ classes.transpose(1, 2)).float())


DECODERS = {"linear": Linear, "mask": MaskTransformer}


class Segmenter(nn.Module):
    """`config` is that of run.json: encoder, classes, decoder."""

    def __init__(self, config):
        super().__init__()
        self.config, self.encoder = config, ViT(config["encoder"])
        self.grid = self.encoder.grid
        self.decoder = DECODERS[config["decoder"]["kind"]](config)

    def forward(self, images, wanted=()):
        """Features of the encoder (see vit.py), and the logits of every pixel [B, K, S, S]."""
        seen = self.encoder(images, wanted=wanted)
        logits = self.decoder(self.encoder.norm(seen.blocks[-1])[:, 1:])
        coarse = logits.transpose(1, 2).reshape(len(images), -1, *self.grid)
        return seen, F.interpolate(coarse, size=images.shape[-2:], mode="bilinear", align_corners=False)


def fresh(config, seed):
    """A new network: as any ViT; the projections before the similarity from a normal of 1 / sqrt(width)."""
    torch.manual_seed(seed)
    model = Segmenter(config)
    for name, parameter in model.named_parameters():
        if name.endswith(("proj_patch", "proj_classes")):
            nn.init.normal_(parameter, std=len(parameter) ** -0.5)
        elif name.endswith("bias"):
            nn.init.zeros_(parameter)
        elif "norm" not in name:
            nn.init.trunc_normal_(parameter, std=0.02, a=-0.04, b=0.04)
    return model
