"""A set of predictions against the set of objects that are there, as DETR has it (Carion et al., ECCV 2020)."""
import torch
import torch.nn.functional as F
from parallel import mean

# Weights of the cost of giving an object to a query: of its class's probability, of the L1 distance of boxes, of their GIoU.
COST = {"classes": 1, "l1": 5, "giou": 2}


def shares(corners, side):
    """Corners in pixels as centre, width and height in shares of the image."""
    low, high = corners[..., :2] / side, corners[..., 2:] / side
    return torch.cat([(low + high) / 2, high - low], dim=-1)


def giou(a, b):
    """Of boxes as shares, whatever their leading axes. Rezatofighi et al., CVPR 2019."""
    (a1, a2), (b1, b2) = ((one[..., :2] - one[..., 2:] / 2, one[..., :2] + one[..., 2:] / 2) for one in (a, b))
    area = lambda low, high: (high - low).clamp(min=0).prod(dim=-1)  # noqa: E731
    both = area(torch.max(a1, b1), torch.min(a2, b2))
    every = (area(a1, a2) + area(b1, b2) - both).clamp(min=1e-12)
    hull = area(torch.min(a1, b1), torch.max(a2, b2)).clamp(min=1e-12)
    return both / every - (hull - every) / hull


def cheapest(costs):
    """The query of each object at least cost in all, one each: the Hungarian method by shortest augmenting paths, of a list of rows."""
    far, count = float("inf"), len(costs[0]) if costs else 0
    u, v, held = [0.0] * (len(costs) + 1), [0.0] * (count + 1), [0] * (count + 1)
    for i in range(1, len(costs) + 1):
        held[0], at = i, 0
        least, way, done = [far] * (count + 1), [0] * (count + 1), [False] * (count + 1)
        while held[at]:
            done[at] = True
            row, delta, following = held[at], far, 0
            for j in range(1, count + 1):
                if not done[j]:
                    reduced = costs[row - 1][j - 1] - u[row] - v[j]
                    if reduced < least[j]:
                        least[j], way[j] = reduced, at
                    if least[j] < delta:
                        delta, following = least[j], j
            for j in range(count + 1):
                if done[j]:
                    u[held[j]] += delta
                    v[j] -= delta
                else:
                    least[j] -= delta
            at = following
        while at:
            held[at], at = held[way[at]], way[at]
    return [held.index(i, 1) - 1 for i in range(1, len(costs) + 1)]


@torch.no_grad()
def assigned(logits, boxes, labels, truths):
    """The query of each object of each image: lists. labels [B, G] are `classes` where there is no object."""
    found, none = [], logits.shape[-1] - 1
    for image, known in enumerate(labels):
        count = int((known < none).sum())
        goal, mine = truths[image, :count], boxes[image]
        cost = -COST["classes"] * logits[image].softmax(dim=-1)[:, known[:count]].t()
        cost = cost + COST["l1"] * (goal[:, None] - mine[None]).abs().sum(dim=-1) - COST["giou"] * giou(goal[:, None], mine[None])
        found.append(cheapest(cost.double().tolist()))
    return found


def set_losses(logits, boxes, labels, truths, no_object):
    """Before their weights: ce over all queries, l1 and giou of those with an object; truths as shares [B, G, 4]."""
    none = logits.shape[-1] - 1
    chosen = assigned(logits, boxes, labels, truths)
    images = torch.tensor([b for b, all_ in enumerate(chosen) for _ in all_], dtype=torch.long, device=logits.device)
    queries = torch.tensor([q for all_ in chosen for q in all_], dtype=torch.long, device=logits.device)
    objects = torch.tensor([s for all_ in chosen for s in range(len(all_))], dtype=torch.long, device=logits.device)
    wanted = torch.full(logits.shape[:2], none, device=logits.device)
    wanted[images, queries] = labels[images, objects]
    weights = torch.where(wanted == none, no_object, 1.0)
    each = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), reduction="none").reshape(wanted.shape)
    mine, goal = boxes[images, queries], truths[images, objects]
    count = mean(torch.tensor(float(len(images)), device=logits.device)).clamp(min=1)
    return {
        "ce": (weights * each).sum() / mean(weights.sum()),
        "l1": (mine - goal).abs().sum() / count,
        "giou": (1 - giou(mine, goal)).sum() / count,
    }


def distance(ours, theirs):
    """Mean over tokens of the length of their difference: ViDT's token matching (Song et al., ICLR 2022)."""
    return (ours - theirs).square().sum(dim=-1).clamp(min=1e-24).sqrt().mean()
