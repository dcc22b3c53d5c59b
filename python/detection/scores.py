"""From a detector's answers to detections."""
import torch

from boxes import overlap
from detector import box_numbers
from losses import by_prior, decoded
from priors import priors, strides

LEAST_SCORE, LEVEL_BEST, KEEP = 0.05, 1000, 100
# IoU above which the lower-scored of two boxes of a class is dropped.
SUPPRESS = {"retinanet": 0.5, "fcos": 0.5, "atss": 0.6, "gfl": 0.6}


def detections(config, levels):
    """Of each image [n, 6]: corners, score and class, best first."""
    found = [[] for _ in range(len(levels[0][0]))]
    for level, anchors, stride in zip(levels, priors(config), strides(config)):
        cls, box = by_prior([level], 0, config["classes"]).sigmoid(), by_prior([level], 1, box_numbers(config))
        centerness = by_prior([level], 2, 1).sigmoid() if level[2] is not None else None
        anchors = anchors.to(cls.device)
        for image, scores in enumerate(cls):
            best, at = scores.flatten().topk(min(LEVEL_BEST, scores.numel()))
            at, best = at[best > LEAST_SCORE], best[best > LEAST_SCORE]
            prior, label = torch.div(at, config["classes"], rounding_mode="floor"), at % config["classes"]
            if centerness is not None:
                best = best * centerness[image, prior, 0]
            corners = decoded(config, box[image, prior], anchors[prior], torch.full((len(prior),), float(stride), device=cls.device))
            found[image].append(torch.cat([corners.clamp(0, config["image"]), best[:, None], label[:, None].float()], dim=1))
    return [suppressed(torch.cat(parts), SUPPRESS[config["kind"]]).cpu() for parts in found]


def suppressed(found, most):
    """Class-wise non-maximum suppression, and the best hundred."""
    found = found[found[:, 4].argsort(descending=True)]
    # Boxes of different classes are moved apart, so that they never overlap.
    apart = found[:, :4] + found[:, 5:] * (found[:, :4].max() + 1 if len(found) else 0)
    shared, stays = overlap(apart[:, None], apart[None]), torch.ones(len(found), dtype=torch.bool, device=found.device)
    for i in range(len(found)):
        if stays[i]:
            stays[i + 1 :] &= ~(shared[i, i + 1 :] > most)
    return found[stays][:KEEP]
