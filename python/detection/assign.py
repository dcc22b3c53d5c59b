"""What each prior of an image is to answer, by ground truth and priors alone, as mmdetection does it.

RetinaNet: by overlap (Lin et al. 2017). FCOS: points inside a box, by range of sizes (Tian et al. 2019). ATSS and GFL: adaptive
overlap of the nearest anchors (Zhang et al. 2020). Boxes are corners in pixels, float64 [n, 4]; choices are indices of boxes, [N].
"""
import torch
from boxes import areas, overlap

from priors import priors, strides

BACKGROUND, IGNORED = -1, -2
# RetinaNet: IoU from which an anchor is positive, and below which it is background.
POSITIVE, NEGATIVE = 0.5, 0.4
# ATSS: nearest anchors per level that stand for a box, and least distance in pixels of a positive's centre from its box's edges.
CANDIDATES, MARGIN = 9, 0.01


def centres(boxes):
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def distances(points, boxes):
    """From points to the left, top, right and bottom of boxes; negative outside."""
    return torch.cat([points - boxes[..., :2], boxes[..., 2:] - points], dim=-1)


def by_overlap(levels, boxes, config):
    """Each anchor takes the box it overlaps most; each box keeps its best anchor or anchors, however little they overlap."""
    rows = overlap(torch.cat(levels)[None], boxes[:, None])
    most, best = rows.max(dim=0)
    choice = torch.where(most >= POSITIVE, best, torch.where(most < NEGATIVE, BACKGROUND, IGNORED))
    for box, row in enumerate(rows):
        if row.max() > 0:
            choice[row == row.max()] = box
    return choice


def by_range(levels, boxes, config):
    """A point strictly inside a box whose farthest side lies within the level's range takes it; of several the smallest."""
    ends = [config["anchor"] * stride for stride in strides(config)]
    by_size = torch.sort(areas(boxes), stable=True).indices
    choices = []
    for level, points in enumerate(levels):
        least, most = ends[level - 1] if level else -1, ends[level] if level < len(levels) - 1 else float("inf")
        sides = distances(centres(points)[:, None], boxes[by_size][None])
        farthest = sides.max(dim=-1).values
        fits = (sides.min(dim=-1).values > 0) & (farthest >= least) & (farthest <= most)
        first = fits.int().argmax(dim=1)
        choices.append(torch.where(fits.any(dim=1), by_size[first], BACKGROUND))
    return torch.cat(choices)


def adaptively(levels, boxes, config):
    """Of the nine anchors of each level nearest to a box's centre, those of at least mean plus deviation of their overlaps."""
    anchors = torch.cat(levels)
    choice = torch.full((len(anchors),), BACKGROUND)
    taken = torch.full((len(anchors),), -1.0, dtype=torch.float64)
    starts = [sum(len(one) for one in levels[:level]) for level in range(len(levels))]
    for number, box in enumerate(boxes):
        found = []
        for start, level in zip(starts, levels):
            away = (centres(level) - centres(box[None])).pow(2).sum(dim=1).sqrt()
            found.append(start + torch.sort(away, stable=True).indices[:CANDIDATES])
        found = torch.cat(found)
        shared = overlap(anchors[found], box)
        inside = distances(centres(anchors[found]), box).min(dim=-1).values > MARGIN
        wins = inside & (shared >= shared.mean() + shared.std()) & (shared > taken[found])
        choice[found[wins]] = number
        taken[found[wins]] = shared[wins]
    return choice


CHOOSERS = {"retinanet": by_overlap, "fcos": by_range, "atss": adaptively, "gfl": adaptively}


class Assigner:
    """Gives the targets of an image; see losses.py."""

    def __init__(self, config):
        self.config, self.levels = config, [level.double() for level in priors(config)]
        self.points = centres(torch.cat(self.levels))

    def choose(self, boxes):
        if len(boxes) == 0:
            return torch.full((len(self.points),), BACKGROUND)
        return CHOOSERS[self.config["kind"]](self.levels, boxes, self.config)

    def __call__(self, boxes, labels, hidden=None):
        """
        Labels [N], truths [N, 4] and weights [N] of the objects. What would answer for a `hidden` one, and for no other, is ignored.
        """
        boxes = boxes.double()
        hidden = torch.zeros(len(boxes), dtype=torch.bool) if hidden is None else hidden
        seen, classes = boxes[~hidden], self.config["classes"]
        choice = self.choose(seen)
        if hidden.any():
            other = self.choose(boxes[hidden])
            choice = torch.where((choice == BACKGROUND) & (other != BACKGROUND), IGNORED, choice)
        positive = choice >= 0
        goal = torch.full((len(choice),), classes).masked_fill(choice == IGNORED, classes + 1)
        truths, weights = torch.zeros(len(choice), 4), torch.ones(len(choice))
        goal[positive] = labels[~hidden][choice[positive]]
        truths[positive] = seen[choice[positive]].float()
        if self.config["kind"] in ("fcos", "atss"):
            left, top, right, bottom = distances(self.points[positive], seen[choice[positive]]).unbind(dim=1)
            across, down = torch.min(left, right) / torch.max(left, right), torch.min(top, bottom) / torch.max(top, bottom)
            weights[positive] = (across * down).sqrt().float()
        return goal, truths, weights
