"""What methods are built of: their modules, which are trained beside the student and thrown away afterwards, and how they compare."""
import torch.nn.functional as F
from torch import nn


def for_levels(config, make):
    return nn.ModuleDict({str(level): make(level) for level in range(config["levels"])})


def aligned(student, teacher):
    """Theta of every level, a 1 x 1 convolution to the teacher's channels; none where these are the student's."""
    if student["channels"] == teacher["channels"]:
        return nn.ModuleDict()
    return for_levels(student, lambda level: nn.Linear(student["channels"], teacher["channels"]))


def per_pixel(layer, x):
    """A layer over the channels of every pixel of a map [B, C, H, W]."""
    return layer(x.movedim(1, -1)).movedim(-1, 1)


def generator(channels):
    """The block by which MGD and its heirs regenerate features."""
    conv = lambda: nn.Conv2d(channels, channels, 3, padding=1)  # noqa: E731
    return nn.Sequential(conv(), nn.ReLU(), conv())


def perceptron(channels):
    return nn.Sequential(nn.Linear(channels, channels), nn.ReLU(), nn.Linear(channels, channels))


class Pair:
    """One level of the pyramids side by side: Theta(F^S) and F^T, both [B, C, H, W] in the teacher's channels."""

    def __init__(self, level, student, teacher):
        self.level, self.student, self.teacher = level, student, teacher


def align(layers, level, x):
    return per_pixel(layers[str(level)], x) if str(level) in layers else x


def pairs(layers, student, teacher):
    return [
        Pair(level, align(layers, level, x.float()), target.float())
        for level, (x, target) in enumerate(zip(student.pyramid, teacher.pyramid))
    ]


def scale_of(x, reduction):
    """What a sum over batch, channels and pixels is multiplied with: the mean, or a sum over all but the batch."""
    return 1 / (len(x) if reduction == "literal" else x.numel())


def error(x, target, scale):
    return scale * (x - target).square().sum()


def standard(x, unbiased=True):
    """(x - mean) / (std + 1e-6) over batch and pixels, channel by channel."""
    deviation = x.std(dim=(0, 2, 3), unbiased=unbiased, keepdim=True)
    return (x - x.mean(dim=(0, 2, 3), keepdim=True)) / (deviation + 1e-6)


def divergence(student, teacher, classes, kind, temperature):
    """T^2 KL(teacher || student) of logits [.., groups K], a mean over groups: [..]. "bernoulli" takes a coin for each class."""
    ours, theirs = ((z.float() / temperature).unflatten(-1, (-1, classes)) for z in (student, teacher))
    if kind == "bernoulli":
        kl = theirs.sigmoid() * (theirs - ours) + F.softplus(ours) - F.softplus(theirs)
    else:
        q, p = theirs.log_softmax(dim=-1), ours.log_softmax(dim=-1)
        kl = q.exp() * (q - p)
    return temperature**2 * kl.sum(dim=-1).mean(dim=-1)


class GlobalContext(nn.Module):
    """How an image's pixels relate: x + W2 ReLU(LN(W1 sum_j a_j x_j)), a = softmax over pixels. Cao et al., "GCNet", 2019."""

    def __init__(self, channels):
        super().__init__()
        half = channels // 2
        self.mask = nn.Linear(channels, 1)
        self.add = nn.Sequential(nn.Linear(channels, half), nn.LayerNorm(half), nn.ReLU(), nn.Linear(half, channels))
        nn.init.kaiming_normal_(self.mask.weight)
        for one in (self.mask.bias, self.add[3].weight, self.add[3].bias):
            nn.init.zeros_(one)

    def forward(self, x):
        pixels = x.flatten(2).transpose(1, 2)
        context = (self.mask(pixels).softmax(dim=1) * pixels).sum(dim=1)
        return x + self.add(context)[:, :, None, None]


class Method(nn.Module):
    """What all have: the student's features brought to the teacher's channels."""

    name, terms = "", {}

    def __init__(self, settings, student, teacher):
        super().__init__()
        self.settings, self.config = settings, student
        self.align = aligned(student, teacher)

    def of(self, knob):
        return self.settings[f"{self.name}.{knob}"]

    def weights(self):
        return {term: self.of(knob) for term, knob in self.terms.items()}

    def mask(self, draws):
        """The cells [B, g, g] of the student's input that stay visible; None where nothing is hidden."""
        return None

    def divergence(self, student, teacher):
        """T^2 KL of logits [.., groups K], as the settings have it: [..]."""
        return divergence(student, teacher, self.config["classes"], self.of("divergence"), self.of("temperature"))
