"""One-stage detectors: a ResNet or ViTDet, a feature pyramid and the head of RetinaNet, FCOS, ATSS or GFL. Names are torchvision's (backbone)
and mmdetection's (neck, head). Needs nothing but torch.

Shapes: images [B, 3, S, S]; maps [B, C, H, W]; K classes; A anchors per cell. He et al. 2016 (ResNet), Lin et al. 2017 (FPN,
RetinaNet), Tian et al. 2019 (FCOS), Zhang et al. 2020 (ATSS), Li et al. 2020 (GFL).
"""
import torch
import torch.nn.functional as F
from torch import nn

from vitdet import PlainBackbone, SimplePyramid

# The pyramid stands on C3, C4 and C5.
LATERALS = 3
# Names of a head's last layers: classes, boxes, and centerness where there is one.
OUTPUTS = {
    "retinanet": ("retina_cls", "retina_reg", None), "fcos": ("conv_cls", "conv_reg", "conv_centerness"),
    "atss": ("atss_cls", "atss_reg", "atss_centerness"), "gfl": ("gfl_cls", "gfl_reg", None),
}  # fmt: skip


def anchors_per_cell(config):
    return 9 if config["kind"] == "retinanet" else 1


def box_numbers(config):
    """What a head gives for the box of one prior: four numbers, or a distribution for each side."""
    return 4 * (config["regMax"] + 1) if config["kind"] == "gfl" else 4


def stage_channels(config):
    """Of C2 to C5."""
    return [config["width"] * 2**s * (4 if config["block"] == "bottleneck" else 1) for s in range(4)]


def cells_at(cells, x):
    """A mask [B, g, g] at the pixels of a map, [B, 1, H, W]: that of the nearest cell."""
    return F.interpolate(cells[:, None], size=x.shape[-2:], mode="nearest")


def seen(x, mask):
    """The map with its erased cells at zero, so that nothing passes between erased and visible ones."""
    return x if mask is None else x * cells_at(mask.cells, x)


class Mask:
    """What is hidden from a pass: cells [B, g, g], 1 visible, 0 erased; and whether normalisation measures what is visible alone."""

    def __init__(self, cells, visible_statistics):
        self.cells, self.visible_statistics = cells, visible_statistics


class GroupNorm(nn.GroupNorm):
    """Groups of four channels, in wide layers 32 groups."""

    def __init__(self, channels):
        super().__init__(min(32, channels // 4), channels, eps=1e-5)

    def forward(self, x, cells=None):
        """With `cells`, mean and variance are those of the visible pixels; all pixels are normalised by them."""
        if cells is None:
            return super().forward(x)
        grouped = x.reshape(len(x), self.num_groups, -1, *x.shape[2:])
        weight = cells_at(cells, x)[:, :, None]
        count = weight.sum(dim=(2, 3, 4), keepdim=True) * grouped.shape[2]
        mean = (grouped * weight).sum(dim=(2, 3, 4), keepdim=True) / count
        variance = ((grouped - mean).square() * weight).sum(dim=(2, 3, 4), keepdim=True) / count
        y = ((grouped - mean) / (variance + self.eps).sqrt()).reshape(x.shape)
        return y * self.weight[:, None, None] + self.bias[:, None, None]


class BatchNorm(nn.BatchNorm2d):
    """While training by the batch and tracking it, else by what was tracked; where that is `frozen`, always."""

    frozen = False

    def forward(self, x, cells=None):
        """With `cells`, the batch's mean and variance are those of the visible pixels."""
        learning = self.training and not self.frozen
        if cells is None or not learning:
            tracked = (self.running_mean, self.running_var)
            return F.batch_norm(x, *tracked, self.weight, self.bias, learning, self.momentum, self.eps)
        weight = cells_at(cells, x)
        count = weight.sum()
        mean = (x * weight).sum(dim=(0, 2, 3), keepdim=True) / count
        variance = ((x - mean).square() * weight).sum(dim=(0, 2, 3), keepdim=True) / count
        with torch.no_grad():
            self.running_mean.lerp_(mean.flatten(), self.momentum)
            self.running_var.lerp_(variance.flatten() * count / (count - 1), self.momentum)
        return (x - mean) / (variance + self.eps).sqrt() * self.weight[:, None, None] + self.bias[:, None, None]


def norm_of(config, channels):
    return GroupNorm(channels) if config["norm"] == "gn" else BatchNorm(channels)


def conv(inputs, outputs, kernel, stride=1, groups=1, bias=False):
    return nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=bias)


class Block(nn.Module):
    """relu(norm(conv(.. relu(norm(conv(x))))) + shortcut(x)); a bottleneck has its stride in the 3 x 3 convolution."""

    def __init__(self, config, stage, inputs, outputs, stride):
        super().__init__()
        # ResNeXt's bottlenecks fall into groups (Xie et al. 2017).
        groups = config.get("cardinality", 1)
        inner = (groups * config["groupWidth"] if groups > 1 else config["width"]) * 2**stage
        if config["block"] == "basic":
            sizes = [(inputs, outputs, 3, stride), (outputs, outputs, 3, 1)]
        else:
            sizes = [(inputs, inner, 1, 1), (inner, inner, 3, stride, groups), (inner, outputs, 1, 1)]
        self.count = len(sizes)
        for i, size in enumerate(sizes, 1):
            setattr(self, f"conv{i}", conv(*size))
            setattr(self, f"bn{i}", norm_of(config, size[1]))
        shortcut = stride > 1 or inputs != outputs
        self.downsample = nn.ModuleList([conv(inputs, outputs, 1, stride), norm_of(config, outputs)]) if shortcut else None

    def forward(self, x, mask, cells):
        y = x
        for i in range(1, self.count + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(seen(y, mask)), cells)
            y = F.relu(y) if i < self.count else y
        if self.downsample is None:
            return F.relu(y + x)
        return F.relu(y + self.downsample[1](self.downsample[0](seen(x, mask)), cells))


class Backbone(nn.Module):
    def __init__(self, config):
        super().__init__()
        inputs = config["width"]
        self.conv1, self.bn1 = conv(3, inputs, config["stem"], 2), norm_of(config, inputs)
        for stage, (count, outputs) in enumerate(zip(config["blocks"], stage_channels(config))):
            blocks = nn.ModuleList()
            for i in range(count):
                blocks.append(Block(config, stage, inputs, outputs, 2 if i == 0 and stage > 0 else 1))
                inputs = outputs
            setattr(self, f"layer{stage + 1}", blocks)

    def forward(self, images, mask):
        """C3, C4 and C5."""
        cells = mask.cells if mask is not None and mask.visible_statistics else None
        x = F.relu(self.bn1(self.conv1(seen(images, mask)), cells))
        x = F.max_pool2d(seen(x, mask), 3, 2, 1)
        stages = []
        for stage in range(1, 5):
            for block in getattr(self, f"layer{stage}"):
                x = block(x, mask, cells)
            stages.append(seen(x, mask))
        return stages[-LATERALS:]


class ConvModule(nn.Module):
    """A convolution, under mmdetection's names; with a group norm in the branches of most heads."""

    def __init__(self, inputs, outputs, kernel, stride=1, gn=False):
        super().__init__()
        self.conv = conv(inputs, outputs, kernel, stride, bias=not gn)
        self.gn = GroupNorm(outputs) if gn else None

    def forward(self, x, cells=None):
        return self.conv(x) if self.gn is None else self.gn(self.conv(x), cells)


class Neck(nn.Module):
    """Feature pyramid: lateral 1 x 1, nearest top-down addition, 3 x 3 outputs; levels beyond P5 are convolutions of stride 2."""

    def __init__(self, config):
        super().__init__()
        self.kind, levels, channels = config["kind"], config["levels"], config["channels"]
        stages = stage_channels(config)[-LATERALS:]
        inputs = [stages[-1] if self.kind == "retinanet" and l == LATERALS else channels for l in range(levels)]
        self.lateral_convs = nn.ModuleList(ConvModule(one, channels, 1) for one in stages)
        self.fpn_convs = nn.ModuleList(ConvModule(inputs[l], channels, 3, 1 if l < LATERALS else 2) for l in range(levels))

    def forward(self, stages):
        merged = [lateral(stage) for lateral, stage in zip(self.lateral_convs, stages)]
        for l in range(LATERALS - 2, -1, -1):
            merged[l] = merged[l] + F.interpolate(merged[l + 1], size=merged[l].shape[-2:], mode="nearest")
        outputs = [conv(x) for conv, x in zip(self.fpn_convs, merged)]
        for l in range(LATERALS, len(self.fpn_convs)):
            below = stages[-1] if l == LATERALS and self.kind == "retinanet" else outputs[-1]
            outputs.append(self.fpn_convs[l](F.relu(below) if l > LATERALS and self.kind == "fcos" else below))
        return outputs


class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(1.0))


class Head(nn.Module):
    """Two branches of 3 x 3 convolutions with the same weights on every level."""

    def __init__(self, config):
        super().__init__()
        self.kind, channels = config["kind"], config["channels"]
        self.plain = self.kind == "retinanet"
        branch = lambda: nn.ModuleList(ConvModule(channels, channels, 3, gn=not self.plain) for _ in range(config["stacked"]))  # noqa: E731
        self.cls_convs, self.reg_convs = branch(), branch()
        self.names = OUTPUTS[self.kind]
        each = anchors_per_cell(config)
        setattr(self, self.names[0], conv(channels, each * config["classes"], 3, bias=True))
        setattr(self, self.names[1], conv(channels, each * box_numbers(config), 3, bias=True))
        if self.names[2]:
            setattr(self, self.names[2], conv(channels, 1, 3, bias=True))
        self.scales = nn.ModuleList(Scale() for _ in range(0 if self.plain else config["levels"]))

    def forward(self, x, level, mask):
        """Raw answers on one level: classes, boxes, centerness or None."""
        # Where a map is coarser than the mask, perhaps no pixel of it is visible: all count.
        finer = mask is not None and mask.visible_statistics and x.shape[-1] >= mask.cells.shape[-1]
        classes, boxes = (self.branch(x, convs, mask.cells if finer else None) for convs in (self.cls_convs, self.reg_convs))
        cls, reg, centerness = self.names
        box = getattr(self, reg)(boxes)
        if not self.plain:
            box = box * self.scales[level].scale
        other = getattr(self, centerness)(classes if self.kind == "fcos" else boxes) if centerness else None
        return getattr(self, cls)(classes), box, other

    def branch(self, x, convs, cells):
        for one in convs:
            x = F.relu(one(x, cells))
        return x


class Answers:
    """What a pass gives: stages C3 to C5, the pyramid that distillation compares, and the head's answers level by level."""

    def __init__(self, stages, pyramid, levels):
        self.stages, self.pyramid, self.levels = stages, pyramid, levels


class Detector(nn.Module):
    """
    `config` is that of run.json: kind, image, classes, block, blocks, width, stem, channels, stacked, levels, norm, anchor, regMax; of a
    ResNeXt also cardinality and groupWidth; on ViTDet `plain`, see vitdet.py.
    """

    def __init__(self, config):
        super().__init__()
        self.config = config
        if config.get("plain"):
            self.backbone = PlainBackbone(config["plain"], config["image"])
            self.neck = SimplePyramid(config, lambda channels: ConvModule(channels, channels, 3, 2))
        else:
            self.backbone, self.neck = Backbone(config), Neck(config)
        self.bbox_head = Head(config)

    def forward(self, images, mask=None):
        if self.config.get("plain"):
            stages, pyramid = [], self.neck(self.backbone(images, lambda x: seen(x, mask)))
        else:
            stages = self.backbone(images, mask)
            pyramid = self.neck(stages)
        return Answers(stages, pyramid, [self.bbox_head(x, level, mask) for level, x in enumerate(pyramid)])
