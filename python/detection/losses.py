"""What each detector is trained on, with the normalisers and weights of mmdetection.

Letters: B images, N priors of all levels, K classes. Targets: labels [B, N], K is background, more is ignored; truths [B, N, 4], the
corners of the box a positive prior answers for; weights [B, N], FCOS's and ATSS's centerness.
"""
import torch
import torch.nn.functional as F

from detector import box_numbers
from parallel import mean
from priors import priors, strides

ATSS_STDS = (0.1, 0.1, 0.2, 0.2)
# Most a size may differ from its prior's, as a logarithm: mmdetection's ln(1000 / 16).
MOST_RATIO = 4.135166556742356
LEAST = 1e-6
# Terms of each detector's loss.
TERMS = {
    "retinanet": ("cls", "box"), "fcos": ("cls", "box", "centerness"), "atss": ("cls", "box", "centerness"),
    "gfl": ("cls", "box", "dfl"),
}  # fmt: skip


def by_prior(levels, part, count):
    """One part of the head's answers, prior by prior: [B, N, count]."""
    rows = [level[part].permute(0, 2, 3, 1).reshape(len(level[part]), -1, count) for level in levels]
    return torch.cat(rows, dim=1).float()


def expectation(box, config):
    """GFL: mean bin of each side, [P, 4], of logits [P, 4 bins]."""
    bins = config["regMax"] + 1
    return (box.reshape(-1, 4, bins).softmax(dim=-1) * torch.arange(bins, device=box.device)).sum(dim=-1)


def decoded(config, box, anchors, stride):
    """Corners [P, 4] of the boxes that raw numbers mean at their priors."""
    centre, size = (anchors[:, :2] + anchors[:, 2:]) / 2, anchors[:, 2:] - anchors[:, :2]
    if config["kind"] in ("atss", "retinanet"):
        deltas = box * box.new_tensor(ATSS_STDS if config["kind"] == "atss" else (1.0, 1.0, 1.0, 1.0))
        middle, half = centre + deltas[:, :2] * size, size * deltas[:, 2:].clamp(-MOST_RATIO, MOST_RATIO).exp() / 2
        return torch.cat([middle - half, middle + half], dim=1)
    sides = box.clamp(max=16).exp() if config["kind"] == "fcos" else expectation(box, config) * stride[:, None]
    return torch.cat([centre - sides[:, :2], centre + sides[:, 2:]], dim=1)


def area(corners):
    return (corners[:, 2] - corners[:, 0]) * (corners[:, 3] - corners[:, 1])


def overlaps(boxes, truths):
    """IoU and generalised IoU of pairs of boxes."""
    low, high = torch.max(boxes[:, :2], truths[:, :2]), torch.min(boxes[:, 2:], truths[:, 2:])
    both = (high - low).clamp(min=0).prod(dim=1)
    union = (area(boxes) + area(truths) - both).clamp(min=LEAST)
    hull = (torch.max(boxes[:, 2:], truths[:, 2:]) - torch.min(boxes[:, :2], truths[:, :2])).prod(dim=1).clamp(min=LEAST)
    iou = both / union
    return iou, iou - (hull - union) / hull


def focal(logits, wanted):
    """Summed focal loss (alpha 0.25, gamma 2) of logits with 0 or 1."""
    p = logits.sigmoid()
    entropy = F.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
    return (torch.where(wanted > 0, 0.25 * (1 - p) ** 2, 0.75 * p**2) * entropy).sum()


def quality_focal(logits, quality):
    """GFL: summed (y - p)^2 times the cross entropy with the quality y."""
    entropy = F.binary_cross_entropy_with_logits(logits, quality, reduction="none")
    return ((quality - logits.sigmoid()) ** 2 * entropy).sum()


def distribution_focal(config, box, anchors, stride, truths):
    """GFL: mean over the sides of the cross entropy with the two bins next to the truth, [P]."""
    centre = (anchors[:, :2] + anchors[:, 2:]) / 2
    wanted = torch.cat([centre - truths[:, :2], truths[:, 2:] - centre], dim=1) / stride[:, None]
    wanted = wanted.clamp(0, config["regMax"] - 0.1)
    lower, log_p = wanted.floor(), box.reshape(len(box), 4, -1).log_softmax(dim=-1)
    at = lambda index: log_p.gather(2, index.long()[..., None])[..., 0]  # noqa: E731
    return -((lower + 1 - wanted) * at(lower) + (wanted - lower) * at(lower + 1)).mean(dim=1)


def wanted_deltas(anchors, truths):
    """RetinaNet: the shift in anchor sizes and the logarithm of the size's ratio."""
    size, other = anchors[:, 2:] - anchors[:, :2], truths[:, 2:] - truths[:, :2]
    shift = (truths[:, :2] + truths[:, 2:] - anchors[:, :2] - anchors[:, 2:]) / 2 / size
    return torch.cat([shift, (other / size).log()], dim=1)


def detector_losses(config, levels, targets):
    """The terms of a detector's own loss, each of weight 1: cls, box, and centerness or dfl."""
    labels, truths, weights = targets["labels"], targets["truths"], targets["weights"]
    kind, classes = config["kind"], config["classes"]
    cls, box = by_prior(levels, 0, classes), by_prior(levels, 1, box_numbers(config))
    positive, counted = labels < classes, labels <= classes
    least = 0 if kind == "fcos" else 1
    # With several processes the normalisers are means over them, so that the losses' means are those of the whole batch.
    positives = mean(positive.sum(dim=1).clamp(min=least).sum().float()).clamp(min=1)
    anchors = torch.cat(priors(config)).to(cls.device)
    stride = torch.cat([torch.full((len(level),), float(s)) for level, s in zip(priors(config), strides(config))]).to(cls.device)
    _, prior = positive.nonzero(as_tuple=True)
    mine, goal, weight = box[positive], truths[positive], weights[positive]
    at, step = anchors[prior], stride[prior]
    wanted = F.one_hot(labels.clamp(max=classes), classes + 1)[..., :classes].to(cls.dtype)
    if kind == "retinanet":
        return {"cls": focal(cls[counted], wanted[counted]) / positives, "box": (mine - wanted_deltas(at, goal)).abs().sum() / positives}
    iou, giou = overlaps(decoded(config, mine, at, step), goal)
    if kind == "gfl":
        quality = wanted.clone()
        quality[positive] = wanted[positive] * iou.detach()[:, None]
        share = cls[positive].detach().sigmoid().max(dim=1).values
        total = mean(share.sum()).clamp(min=LEAST)
        return {
            "cls": quality_focal(cls[counted], quality[counted]) / positives,
            "box": 2 * (share * (1 - giou)).sum() / total,
            "dfl": 0.25 * (share * distribution_focal(config, mine, at, step, goal)).sum() / total,
        }
    total = mean(weight.sum()).clamp(min=LEAST)
    far = -(iou.clamp(min=LEAST)).log() if kind == "fcos" else 2 * (1 - giou)
    centerness = by_prior(levels, 2, 1)[..., 0][positive]
    return {
        "cls": focal(cls[counted], wanted[counted]) / positives,
        "box": (weight * far).sum() / total,
        "centerness": F.binary_cross_entropy_with_logits(centerness, weight, reduction="sum") / positives,
    }
