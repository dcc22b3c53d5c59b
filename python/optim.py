"""The run's optimizer and learning rate, in PyTorch's own terms."""
import math

import torch

WARMUP = 0.05
FALLS = (8 / 12, 11 / 12)


def learning_rate(settings, step):
    """Of step `step` (from 0): a linear rise over 5 % of the run, then half a cosine to a hundredth, or a tenth after each fall."""
    peak, total = settings["lr"], settings["steps"]
    step, warmup = step + 1, math.ceil(WARMUP * total)
    if step < warmup:
        return peak * step / warmup
    if settings["schedule"] == "step":
        return peak * 0.1 ** sum(step >= math.floor(share * total + 0.5) for share in FALLS)
    progress = min(1.0, (step - warmup) / max(1, total - warmup))
    end = peak / 100
    return end + (peak - end) * 0.5 * (1 + math.cos(math.pi * progress))


def decays(name, parameter):
    """DeiT's rule: matrices decay; biases, norms, positions, class and distillation token, tokens of a Segmenter's classes and of a YOLOS's objects do not."""
    return parameter.ndim > 1 and name.split(".")[-1] not in ("pos_embed", "cls_token", "dist_token", "cls_emb", "det_token")


def make(model, settings, decays=decays, beta2=0.999):
    """AdamW, or SGD with momentum, over two groups: what decays and what does not. What is frozen is left alone."""
    named = [(name, parameter) for name, parameter in model.named_parameters() if parameter.requires_grad]
    groups = [
        {"params": [p for name, p in named if decays(name, p)], "weight_decay": settings["decay"]},
        {"params": [p for name, p in named if not decays(name, p)], "weight_decay": 0.0},
    ]
    if settings["optimizer"] == "sgd":
        return torch.optim.SGD(groups, lr=settings["lr"], momentum=settings["momentum"])
    return torch.optim.AdamW(groups, lr=settings["lr"], betas=(0.9, beta2), eps=1e-8)


def clip(optimizer, of, limit):
    """
    Scales the gradient so that its norm is at most `limit`: that of all parameters together ("all"), or of each by itself ("each");
    where `of` is None does nothing.
    """
    if of is None:
        return
    gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    norms = [gradient.norm() for gradient in gradients]
    if of == "all":
        norms = [torch.norm(torch.stack(norms))] * len(norms)
    for gradient, norm in zip(gradients, norms):
        if norm > limit:
            gradient.mul_(limit / norm)


def set_rate(optimizer, rate):
    for group in optimizer.param_groups:
        group["lr"] = rate
