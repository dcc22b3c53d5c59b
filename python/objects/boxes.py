"""Boxes as corners: left, upper, right, lower."""
import torch


def areas(boxes):
    return (boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1])


def overlap(a, b):
    """IoU of boxes, whatever their leading axes."""
    both = (torch.min(a[..., 2:], b[..., 2:]) - torch.max(a[..., :2], b[..., :2])).clamp(min=0).prod(dim=-1)
    return both / (areas(a) + areas(b) - both)
