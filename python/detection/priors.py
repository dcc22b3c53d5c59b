"""The boxes a detector refers its answers to: cell by cell (row by row), within a cell anchor by anchor.

Anchors of mmdetection are centred on a cell's corner, points of FCOS in its middle.
"""
import math

import torch

FIRST_STRIDE = 8


def strides(config):
    """Pixels between two cells of each level."""
    return [FIRST_STRIDE * 2**level for level in range(config["levels"])]


def shapes(config, stride):
    """Width and height of each anchor of a cell; a point has none."""
    if config["kind"] == "fcos":
        return [(0.0, 0.0)]
    if config["kind"] != "retinanet":
        return [(config["anchor"] * stride, config["anchor"] * stride)]
    sizes = [config["anchor"] / 2 * stride * 2 ** (i / 3) for i in range(3)]
    return [(size / ratio**0.5, size * ratio**0.5) for ratio in (0.5, 1.0, 2.0) for size in sizes]


def priors(config):
    """Corners [H W A, 4] in pixels of each level's priors."""
    return [level_priors(config, stride) for stride in strides(config)]


def level_priors(config, stride):
    side, shift = math.ceil(config["image"] / stride), stride / 2 if config["kind"] == "fcos" else 0
    line = torch.arange(side, dtype=torch.float64) * stride + shift
    y, x = torch.meshgrid(line, line, indexing="ij")
    centres = torch.stack([x, y, x, y], dim=-1).reshape(-1, 1, 4)
    halves = torch.tensor([[-w / 2, -h / 2, w / 2, h / 2] for w, h in shapes(config, stride)], dtype=torch.float64)
    return (centres + halves).reshape(-1, 4).float()
