"""MKD: patches of the student's input are erased, and from its features of the rest a decoder regenerates the teacher's.

Lao et al., "Masked Autoencoders Are Stronger Knowledge Distillers", ICCV 2023. A token of t pixels of the input stands for p x p
pixels of level l of the pyramid, p = t / (8 * 2^l).
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from blocks import Block
from detector import cells_at, stage_channels
from modules import GlobalContext, Method, align, error, for_levels, pairs, per_pixel, standard
from priors import FIRST_STRIDE


def sized(x, height, width):
    return x if tuple(x.shape[-2:]) == (height, width) else F.interpolate(x, size=(height, width), mode="nearest")


def positions(side, channels, like):
    """Sines and cosines of row and column, a quarter of the channels each: [C, side, side]. Vaswani et al. 2017."""
    quarter = max(channels // 4, 1)
    kind = torch.arange(channels) // quarter
    frequency = 10000.0 ** -((torch.arange(channels) % quarter) / quarter)
    line = torch.arange(side, dtype=torch.float32)
    row, column = line[None, :, None].expand(1, side, side), line[None, None, :].expand(1, side, side)
    angle = torch.where((kind < 2)[:, None, None], row, column) * frequency[:, None, None]
    value = torch.where((kind % 2 == 0)[:, None, None], angle.sin(), angle.cos())
    return (value * (kind < 4)[:, None, None]).to(like)


def weigh(cells):
    """Weights [B, 1, H, W] that average 1 in each image; zero where no cell counts."""
    mean = cells.mean(dim=(2, 3), keepdim=True)
    return torch.where(mean > 0, cells / mean, torch.zeros_like(cells))


class MKD(Method):
    name, terms = "mkd", {"feature": "lambda", "global": "gamma", "encoder": "mseWeight"}
    STREAM = 0x400

    def __init__(self, settings, student, teacher):
        super().__init__(settings, student, teacher)
        channels = teacher["channels"]
        self.token_pixels, heads = int(self.of("tokenPixels")), int(self.of("decoderHeads"))
        width = channels if self.of("decoderWidth") == "teacher" else int(self.of("decoderWidth"))
        self.sam, self.srm = nn.ModuleDict(), nn.ModuleDict()
        self.token = nn.ParameterDict()
        for level in range(teacher["levels"]):
            p = self.pixels(level)
            if p >= 1 or width != channels:
                whole = max(1, int(p))
                self.sam[str(level)] = nn.Linear(channels, width) if whole == 1 else nn.Conv2d(channels, width, whole, whole)
            self.token[str(level)] = nn.Parameter(torch.empty(width).uniform_(-1, 1) / math.sqrt(width))
            self.srm[str(level)] = nn.Linear(width, channels * max(1, int(p)) ** 2)
        block = {
            "width": width, "heads": heads, "headDim": max(1, width // heads), "mlp": 4 * width, "activation": "gelu", "eps": 1e-6,
            "qkvBias": True, "projBias": True,
        }  # fmt: skip
        self.decoder = nn.ModuleList(Block(block) for _ in range(int(self.of("decoderDepth"))))
        self.student, self.teacher = (for_levels(teacher, lambda level: GlobalContext(channels)) for _ in range(2))
        if self.of("encoder") == "on":
            ours, theirs = stage_channels(student)[1:], stage_channels(teacher)[1:]
            self.encoder = nn.ModuleDict({str(s): nn.Linear(a, b) for s, (a, b) in enumerate(zip(ours, theirs)) if a != b})

    def pixels(self, level):
        """p: less than 1 where the map is coarser than the tokens."""
        return self.token_pixels / (FIRST_STRIDE * 2**level)

    def mask(self, draws):
        if self.of("variant") == "vanilla":
            return None
        side = self.config["image"] // int(self.of("patchPixels"))
        drawn = draws.per_image(self.STREAM, side**2)
        count = math.floor(float(torch.tensor(self.of("ratio"), dtype=torch.float32) * side**2 + 0.5))
        erased = torch.sort(-drawn, dim=1, stable=True).indices[:, :count]
        return torch.ones_like(drawn).scatter_(1, erased, 0.0).reshape(-1, side, side)

    def forward(self, student, teacher, draws, mask, targets):
        if self.of("variant") == "cutout":
            return {}
        values = {}
        for pair in pairs(self.align, student, teacher):
            for name, value in self.compared(pair, mask).items():
                values[name] = values.get(name, 0.0) + value
        if self.of("encoder") == "on":
            values["encoder"] = sum(self.imitated(s, *both, mask) for s, both in enumerate(zip(student.stages, teacher.stages)))
        return values

    def compared(self, pair, mask):
        """L_feat = 1 / 2N |norm(F^T) - norm(F^S)|^2 of one level, and in MKD itself L_global, the same of R(norm(F))."""
        variant, size = self.of("variant"), pair.teacher.numel()
        masked = variant == "mkd" and mask is not None
        own, target = self.regenerated(pair, mask) if masked else pair.student, pair.teacher
        plain = variant == "cutout+fitnet"
        if not plain:
            own, target = standard(own, unbiased=False), standard(target, unbiased=False)
        difference = (own - target).square()
        if mask is not None and self.of("area") == "erased":
            difference = difference * weigh(1 - cells_at(mask, target))
        values = {"feature": (1 if plain else 0.5) * difference.sum() / size}
        if masked:
            ours, theirs = (context[str(pair.level)] for context in (self.student, self.teacher))
            values["global"] = error(ours(own), theirs(target), 1 / size)
        return values

    def regenerated(self, pair, cells):
        """The teacher's features of one level by the decoder, from the student's of what is visible: [B, C, H, W]."""
        level, x = pair.level, pair.student
        batch, channels, height, width = x.shape
        side, p = self.config["image"] // self.token_pixels, max(1, int(self.pixels(level)))
        x = sized(x, side * p, side * p)
        if str(level) in self.sam:
            layer = self.sam[str(level)]
            x = per_pixel(layer, x) if isinstance(layer, nn.Linear) else layer(x)
        visible = cells_at(cells, x)
        x = x * visible + positions(side, x.shape[1], x) + (1 - visible) * self.token[str(level)][:, None, None]
        tokens = x.flatten(2).transpose(1, 2)
        for block in self.decoder:
            tokens, _ = block(tokens)
        spread = self.srm[str(level)](tokens).reshape(batch, side, side, p, p, channels)
        return sized(spread.permute(0, 5, 1, 3, 2, 4).reshape(batch, channels, side * p, side * p), height, width)

    def imitated(self, stage, own, target, mask):
        """L_MSE of one of C3 to C5, a mean over visible pixels and channels."""
        difference = (align(self.encoder, stage, own.float()) - target.float()).square()
        if mask is not None:
            difference = difference * weigh(cells_at(mask, target))
        return difference.mean()
