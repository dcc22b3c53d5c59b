"""Four methods that others are measured against: FGD and FreeKD compare features, DKD and SDD logits."""
import math

import torch
import torch.nn.functional as F
from torch import nn

from draws import uniform
from losses import by_prior
from modules import GlobalContext, Method, error, for_levels, pairs, scale_of
from parallel import mean
from regions import region_means, usable


class FGD(Method):
    """
    Yang et al., "Focal and global knowledge distillation for detectors", CVPR 2022: features imitate where the teacher attends,
    objects and background apart; so do attention and how pixels relate.
    """

    name = "fgd"
    terms = {"foreground": "alpha", "background": "beta", "attention": "gamma", "relation": "lambda"}

    def __init__(self, settings, student, teacher):
        super().__init__(settings, student, teacher)
        self.student = for_levels(teacher, lambda level: GlobalContext(teacher["channels"]))
        self.teacher = for_levels(teacher, lambda level: GlobalContext(teacher["channels"]))

    def forward(self, student, teacher, draws, mask, targets):
        each = [self.compared(p, targets["boxes"]) for p in pairs(self.align, student, teacher)]
        return {term: sum(values[term] for values in each) for term in self.terms}

    def compared(self, pair, boxes):
        ours, theirs, literal = pair.student, pair.teacher, self.of("reduction") == "literal"
        batch, channels, height, width = theirs.shape
        (own_pixels, own_channels), (pixels, weights) = self.attention(ours), self.attention(theirs)
        difference = (ours - theirs).square() * weights[:, :, None, None]
        focal = lambda where: (difference * (pixels * where)[:, None]).sum() * height * width * (channels if literal else 1) / batch  # noqa: E731
        foreground = covered(boxes, self.config["image"], height, width)
        free = (foreground == 0).to(theirs.dtype)
        apart = lambda a, b: (a - b).abs().sum() * (a[0].numel() if literal else 1) / batch  # noqa: E731
        related = [context[str(pair.level)](x) for context, x in ((self.student, ours), (self.teacher, theirs))]
        return {
            "foreground": focal(foreground),
            "background": focal(free / free.sum(dim=(1, 2), keepdim=True).clamp(min=1)),
            "attention": apart(own_pixels, pixels) + apart(own_channels, weights),
            "relation": error(*related, scale_of(theirs, self.of("reduction"))),
        }

    def attention(self, x):
        """softmax(mean |x| / T) over pixels [B, H, W] and over channels [B, C]."""
        strength, t = x.abs(), self.of("temperature")
        pixels = (strength.mean(dim=1) / t).flatten(1).softmax(dim=1).reshape(len(x), *x.shape[-2:])
        return pixels, (strength.mean(dim=(2, 3)) / t).softmax(dim=1)


def covered(boxes, side, height, width):
    """One over the area of the smallest of the boxes [B, G, 4] that covers a pixel, [B, H, W]; 0 where there is none."""
    scale = boxes.new_tensor([width, height]) / side
    low, high = (boxes[..., :2] * scale).floor(), (boxes[..., 2:] * scale).ceil()
    real = (boxes[..., 2:] > boxes[..., :2]).all(dim=-1)
    along = lambda count, axis: (  # noqa: E731
        (torch.arange(count, device=boxes.device) >= low[..., axis, None]) & (torch.arange(count, device=boxes.device) <= high[..., axis, None])
    )
    inside = along(height, 1)[..., :, None] & along(width, 0)[..., None, :] & real[..., None, None]
    area = (high + 1 - low).prod(dim=-1)
    return (inside / area[..., None, None]).max(dim=1).values


class FreeKD(Method):
    """
    Zhang et al., "FreeKD", CVPR 2024: details of the features, level by level of a wavelet transform, imitate where prompts ask for them.
    The run's prompts are random and stay so, or come from its file: learned beforehand, on the teacher's own loss. They learn no more.
    """

    name, terms = "freekd", {"frequency": "alpha", "feature": "beta", "boxes": "gamma"}
    LEVELS, PROMPTS, DEVIATION, STREAM = 3, 6, 0.01, 0x400
    FIRST_STRIDE = 8

    def __init__(self, settings, student, teacher):
        super().__init__(settings, student, teacher)
        self.prompts = nn.ModuleDict()
        if self.of("prompts") == "learned":
            self.prompts = for_levels(teacher, lambda level: self.fresh(teacher, level))

    def fresh(self, teacher, level):
        """Prompts of a level of the pyramid by wavelet level, 0 for the low band: none where the map has no wavelets."""
        count = self.depth(math.ceil(teacher["image"] / (self.FIRST_STRIDE * 2**level)))
        draw = lambda: nn.Parameter(self.DEVIATION * torch.randn(self.PROMPTS, teacher["channels"]), requires_grad=False)  # noqa: E731
        return nn.ParameterDict({str(j): draw() for j in range(count + 1) if count > 0})

    def depth(self, side):
        """Small maps have fewer wavelet levels."""
        return min(self.LEVELS, int(math.log2(side)))

    def forward(self, student, teacher, draws, mask, targets):
        each = pairs(self.align, student, teacher)
        details = [one for p in each for one in self.details(p, draws.seed)]
        values = {"frequency": sum(details)} if details else {}
        values["feature"] = sum(error(p.student, p.teacher, 1 / p.teacher.numel()) for p in each)
        if self.of("boxes") == "on":
            values["boxes"] = sum(F.smooth_l1_loss(ours[1].float(), theirs[1].float()) for ours, theirs in zip(student.levels, teacher.levels))
        return values

    def details(self, pair, seed):
        """Of one level of the pyramid, a loss for each level of the transform."""
        ours, theirs, losses = pair.student, pair.teacher, []
        for j in range(self.depth(min(theirs.shape[-2:]))):
            (ours, own), (theirs, wanted) = haar(ours), haar(theirs)
            prompts = self.asking(theirs.shape[1], seed, pair.level, j).to(theirs)
            asked = torch.einsum("tc,bchw->bthw", prompts, wanted.sum(dim=0)).sigmoid().mean(dim=1)
            losses.append((asked[:, None] * (own - wanted).abs()).sum() / own.numel())
        return losses

    def asking(self, channels, seed, level, j):
        """Prompts [T, C], the same in every step; random ones are differences of two uniform numbers, whose variance is 1/6."""
        if len(self.prompts) > 0:
            return self.prompts[str(level)][str(j + 1)]
        stream = self.STREAM + 2 * (self.LEVELS * level + j)
        a, b = (uniform(seed, stream + i, 0, self.PROMPTS * channels).reshape(self.PROMPTS, channels) for i in (0, 1))
        return self.DEVIATION * math.sqrt(6) * (a - b)


def haar(x):
    """One level of the transform of maps [B, C, H, W]: the low band, and the details [3, B, C, H/2, W/2]. Beyond borders there are zeros."""
    x = F.pad(x, (0, x.shape[-1] % 2, 0, x.shape[-2] % 2))
    a, b, c, d = x[..., ::2, ::2], x[..., ::2, 1::2], x[..., 1::2, ::2], x[..., 1::2, 1::2]
    return (a + b + c + d) / 2, torch.stack([a + b - c - d, a - b + c - d, a - b - c + d]) / 2


class LogitMethod(Method):
    """Compares class scores alone: no features are aligned."""

    def __init__(self, settings, student, teacher):
        super().__init__(settings, student, student)


class DKD(LogitMethod):
    """Zhao et al., "Decoupled knowledge distillation", CVPR 2022, at the places that answer for an object."""

    name, terms = "dkd", {"target": "alpha", "others": "beta"}

    def forward(self, student, teacher, draws, mask, targets):
        classes, t, labels = self.config["classes"], self.of("temperature"), targets["labels"]
        positive = labels < classes
        least = 0 if self.config["kind"] == "fcos" else 1
        positives = mean(positive.sum(dim=1).clamp(min=least).sum().float()).clamp(min=1)
        label = labels[positive][:, None]
        other = torch.arange(classes, device=label.device) != label
        p, q = (self.apart(by_prior(answers.levels, 0, classes)[positive] / t, label, other) for answers in (student, teacher))
        kl = lambda ours, theirs: t**2 * (theirs.exp() * (theirs - ours)).sum() / positives  # noqa: E731
        return {"target": kl(p[0], q[0]), "others": kl(p[1], q[1])}

    def apart(self, z, label, other):
        """Logarithms of (p, 1 - p) of the target [P, 2], and of the softmax over the other classes [P, K - 1]."""
        rest = z[other].reshape(len(z), -1)
        all_of = z.logsumexp(dim=1, keepdim=True)
        return torch.cat([z.gather(1, label), rest.logsumexp(dim=1, keepdim=True)], dim=1) - all_of, rest.log_softmax(dim=1)


class SDD(LogitMethod):
    """Wei et al., "Scaled decoupled distillation", CVPR 2024: logits of regions; those that contradict the whole map weigh more."""

    name, terms = "sdd", {"logit": "beta"}

    def forward(self, student, teacher, draws, mask, targets):
        levels = [(ours[0].float(), theirs[0].float()) for ours, theirs in zip(student.levels, teacher.levels)]
        found = [one for pair in levels for one in self.regional(*pair)]
        return {"logit": sum(found)} if found else {}

    def regional(self, z, target):
        sides = usable([int(side) for side in self.of("regions").split("+")], target)
        if not sides:
            return []
        ours, theirs = region_means(z, sides), region_means(target, sides)
        top = lambda x: x.unflatten(-1, (-1, self.config["classes"])).argmax(dim=-1)  # noqa: E731
        same = (top(theirs) == top(region_means(target, [1]))).to(z.dtype)
        weight = (same + (1 - same) * self.of("contradicting")).mean(dim=-1)
        return [(weight * self.divergence(ours, theirs)).mean()]
