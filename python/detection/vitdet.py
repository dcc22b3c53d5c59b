"""ViTDet: a plain vision transformer of patches of 16 pixels, most of whose blocks attend within windows, and a pyramid of its last map.

Li et al., "Exploring plain vision transformer backbones for object detection", ECCV 2022; but positions are MAE's fixed sines and cosines,
with relative ones where they are wanted, and what doubles a map has no bias. Maps are [B, C, H, W].
"""
import torch
import torch.nn.functional as F
from torch import nn

from blocks import Block
from modules import per_pixel

PATCH, EPS = 16, 1e-6
LEVELS = 3


def places(width, rows, columns):
    """[1, width, rows, columns]: sin row, cos row, sin column, cos column, a quarter of the channels each; what four does not divide gets nothing."""
    quarter = width // 4
    waves = 10000 ** (-torch.arange(quarter) / quarter)
    row, column = (torch.arange(n)[:, None] * waves for n in (rows, columns))
    down = torch.cat([row.sin(), row.cos()], dim=1).T[:, :, None].expand(-1, -1, columns)
    across = torch.cat([column.sin(), column.cos()], dim=1).T[:, None].expand(-1, rows, -1)
    return F.pad(torch.cat([down, across])[None], (0, 0, 0, 0, 0, width - 4 * quarter))


def relative(attention, q, rows, columns):
    """What is added to the scores of queries q [B, H, rows columns, d] of a grid, for its keys; as `add_decomposed_rel_pos` of detectron2."""
    def apart(table, n):
        return table[torch.arange(n)[:, None] - torch.arange(n) + n - 1]

    grid = q.unflatten(2, (rows, columns))
    down = torch.einsum("bhrcd,rkd->bhrck", grid, apart(attention.rel_pos_h, rows))
    across = torch.einsum("bhrcd,ckd->bhrck", grid, apart(attention.rel_pos_w, columns))
    return (down[..., :, None] + across[..., None, :]).flatten(4).flatten(2, 3)


class PatchEmbed(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.proj = nn.Conv2d(3, width, PATCH, PATCH)


class PlainBackbone(nn.Module):
    """`plain` is that of the configuration: width, depth, heads, window (tokens a side), globals (blocks that attend to all), relative (positions)."""

    def __init__(self, plain, image):
        super().__init__()
        self.plain, width = plain, plain["width"]
        sizes = {"width": width, "heads": plain["heads"], "headDim": width // plain["heads"], "mlp": 4 * width}
        fixed = {"qkvBias": True, "projBias": True, "activation": "gelu", "eps": EPS}
        self.patch_embed = PatchEmbed(width)
        self.blocks = nn.ModuleList(Block({**sizes, **fixed}) for _ in range(plain["depth"]))
        for i, block in enumerate(self.blocks if plain.get("relative") else []):
            side = image // PATCH if self.is_global(i) else plain["window"]
            for name in ("rel_pos_h", "rel_pos_w"):
                setattr(block.attn, name, nn.Parameter(torch.zeros(2 * side - 1, block.attn.head_dim)))

    def forward(self, images, seen):
        """The last map. `seen` sets its erased tokens to zero: before every block and at the end."""
        x = self.patch_embed.proj(images)
        x = x + places(*x.shape[1:]).to(x)
        for i, block in enumerate(self.blocks):
            x = self.attended(block, seen(x), None if self.is_global(i) else self.plain["window"])
        return seen(x)

    def is_global(self, i):
        depth, count = self.plain["depth"], self.plain["globals"]
        return (i + 1) * count // depth > i * count // depth

    def attended(self, block, x, window):
        batch, width, rows, columns = x.shape
        down, across = window or rows, window or columns
        cut = x.reshape(batch, width, rows // down, down, columns // across, across)
        tokens = cut.permute(0, 2, 4, 3, 5, 1).reshape(-1, down * across, width)
        tokens, _ = block(tokens, more=(lambda attention, q: relative(attention, q, down, across)) if self.plain.get("relative") else None)
        return tokens.reshape(batch, rows // down, columns // across, down, across, width).permute(0, 5, 1, 3, 2, 4).reshape(x.shape)


class Level(nn.Module):
    def __init__(self, width, channels, doubles):
        super().__init__()
        self.up = nn.Linear(width, 2 * width, bias=False) if doubles else None
        self.conv1 = nn.Conv2d(width // 2 if doubles else width, channels, 1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.norm1, self.norm2 = nn.LayerNorm(channels, eps=EPS), nn.LayerNorm(channels, eps=EPS)

    def forward(self, x):
        if self.up is not None:
            # A product gives a pixel's four, row by row, all channels of one after the other.
            four = per_pixel(self.up, x).unflatten(1, (2, 2, -1)).permute(0, 3, 4, 1, 5, 2)
            x = four.reshape(len(x), -1, 2 * x.shape[2], 2 * x.shape[3])
        x = per_pixel(self.norm1, self.conv1(x))
        return per_pixel(self.norm2, self.conv2(x))


class SimplePyramid(nn.Module):
    """P3 to P5: the map doubled, as it is and halved; levels beyond are convolutions of stride 2."""

    def __init__(self, config, beyond):
        super().__init__()
        self.kind, width, channels = config["kind"], config["plain"]["width"], config["channels"]
        self.simfp = nn.ModuleList(Level(width, channels, l == 0) for l in range(LEVELS))
        self.fpn_convs = nn.ModuleDict({str(l): beyond(channels) for l in range(LEVELS, config["levels"])})

    def forward(self, x):
        maps = [level(one) for level, one in zip(self.simfp, (x, x, F.max_pool2d(x, 2)))]
        for i, conv in enumerate(self.fpn_convs.values()):
            maps.append(conv(F.relu(maps[-1]) if i > 0 and self.kind == "fcos" else maps[-1]))
        return maps
