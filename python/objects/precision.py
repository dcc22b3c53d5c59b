"""COCO's average precision of detections."""
import torch
import torch.distributed as dist
from boxes import areas, overlap

THRESHOLDS = [0.5 + 0.05 * i for i in range(10)]


def scored(answered, classes, processes):
    """Of what all processes answered, each to its part of the pictures: pairs as below."""
    if processes.count > 1:
        gathered = [None] * processes.count
        dist.all_gather_object(gathered, answered)
        answered = [one for part in gathered for one in part]
    return average_precision(answered, classes)


def matched(found, objects, threshold):
    """Which detections of one class (best first) find an object, and which count at all: [n], [n]."""
    hits, counts = torch.zeros(len(found), dtype=torch.bool), torch.ones(len(found), dtype=torch.bool)
    wanted, crowds = objects[objects[:, 5] == 0], objects[objects[:, 5] == 1]
    free = torch.ones(len(wanted), dtype=torch.bool)
    shared = overlap(found[:, None, :4].double(), wanted[None, :, :4])
    for i in range(len(found)):
        open_ = torch.where(free, shared[i], torch.full_like(shared[i], -1.0))
        if len(open_) and open_.max() >= threshold:
            hits[i], free[open_.argmax()] = True, False
        elif len(crowds):
            low, high = torch.max(found[i, :2].double(), crowds[:, :2]), torch.min(found[i, 2:4].double(), crowds[:, 2:4])
            inside = (high - low).clamp(min=0).prod(dim=1) / areas(found[i, :4].double())
            counts[i] = not bool((inside >= threshold).any())
    return hits, counts


def average_precision(answered, classes):
    """Mean over classes and IoU thresholds, and at 0.5. `answered`: pairs of detections [n, 6] and objects [m, 6] of each image."""
    every, at_half = [], []
    for label in range(classes):
        pairs = [(found[found[:, 5] == label], objects[objects[:, 4] == label]) for found, objects in answered]
        total = sum(int((objects[:, 5] == 0).sum()) for _, objects in pairs)
        if total == 0:
            continue
        score = torch.cat([found[:, 4] for found, _ in pairs])
        order = torch.sort(-score, stable=True).indices
        for threshold in THRESHOLDS:
            judged = [matched(found, objects, threshold) for found, objects in pairs]
            hits, counts = (torch.cat(parts)[order] for parts in zip(*judged))
            value = area_under(hits[counts], total)
            every.append(value)
            if threshold == THRESHOLDS[0]:
                at_half.append(value)
    mean = lambda values: sum(values) / len(values) if values else 0.0  # noqa: E731
    return {"map": mean(every), "ap50": mean(at_half)}


def area_under(hits, total):
    """Precision at 101 points of recall, from hits and misses in order of their scores."""
    right = hits.double().cumsum(dim=0)
    precision, recall = right / torch.arange(1, len(hits) + 1), right / total
    best = precision.flip(0).cummax(dim=0).values.flip(0) if len(hits) else precision
    at = torch.searchsorted(recall, torch.linspace(0, 1, 101, dtype=torch.float64))
    return float(torch.where(at < len(best), best[at.clamp(max=max(0, len(best) - 1))], 0.0).mean()) if len(best) else 0.0
