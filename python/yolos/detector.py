"""A YOLOS under the names of its own code: a ViT over class token, patches and detection tokens, then two heads on the last.

Fang et al., "You Only Look at One Sequence", NeurIPS 2021. Shapes: N patches, M detection tokens of width D; K classes.
"""
import torch
from torch import nn
from vit import ViT


class Backbone(ViT):
    """The positions of the detection tokens are the last rows of `pos_embed`."""

    def __init__(self, config, tokens):
        super().__init__(config)
        self.pos_embed = nn.Parameter(torch.zeros(1, 1 + self.patches + tokens, config["width"]))
        self.det_token = nn.Parameter(torch.zeros(1, tokens, config["width"]))

    def positions(self, images):
        return self.pos_embed[:, 1 : 1 + self.patches]

    def extra(self, batch):
        return [(self.det_token + self.pos_embed[:, 1 + self.patches :]).expand(batch, -1, -1)]


class Layers(nn.Module):
    """Three layers with ReLU between them."""

    def __init__(self, width, outputs):
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(width, size) for size in (width, width, outputs))

    def forward(self, x):
        for layer in self.layers[:-1]:
            x = layer(x).relu()
        return self.layers[-1](x)


class Tokens:
    """Of the patches that were seen [B, n, D] and of detection [B, M, D], after the last norm; and scores as in vit.py."""

    def __init__(self, patches, det, scores):
        self.patches, self.det, self.scores = patches, det, scores


class Yolos(nn.Module):
    """`config` is that of run.json: encoder, tokens, classes."""

    def __init__(self, config):
        super().__init__()
        width = config["encoder"]["width"]
        self.config, self.backbone = config, Backbone(config["encoder"], config["tokens"])
        self.class_embed, self.bbox_embed = Layers(width, config["classes"] + 1), Layers(width, 4)

    def tokens(self, images, kept=None, wanted=()):
        """All tokens and no head, which is as much as a masked teacher computes."""
        seen = self.backbone(images, kept=kept, wanted=wanted)
        normed = self.backbone.norm(seen.blocks[-1])
        return Tokens(normed[:, 1 : -self.config["tokens"]], normed[:, -self.config["tokens"] :], seen.scores)

    def answers(self, det):
        """Logits of K classes and of no object [B, M, K + 1], and boxes as shares of the image: centre, width, height [B, M, 4]."""
        return self.class_embed(det).float(), self.bbox_embed(det).float().sigmoid()

    def forward(self, images):
        return self.answers(self.tokens(images).det)


def fresh(config, seed):
    """A new network: as any ViT; detection tokens from N(0, 1), the heads uniform within 1 / sqrt(D), biases 0."""
    torch.manual_seed(seed)
    model = Yolos(config)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
        elif name.endswith("det_token"):
            nn.init.normal_(parameter)
        elif "embed.layers" in name:
            nn.init.uniform_(parameter, -(parameter.shape[1] ** -0.5), parameter.shape[1] ** -0.5)
        elif "norm" not in name:
            nn.init.trunc_normal_(parameter, std=0.02, a=-0.04, b=0.04)
    return model


def detections(config, logits, boxes):
    """Of each image [M, 6]: corners, score and likeliest class of each token, best first."""
    score, label = logits.softmax(dim=-1)[..., :-1].max(dim=-1)
    centre, size = boxes[..., :2] * config["encoder"]["image"], boxes[..., 2:] * config["encoder"]["image"]
    corners = torch.cat([centre - size / 2, centre + size / 2], dim=-1).clamp(0, config["encoder"]["image"])
    found = torch.cat([corners, score[..., None], label[..., None].float()], dim=-1).cpu()
    return [one[one[:, 4].argsort(descending=True)] for one in found]
