"""The methods by name: each a module whose forward pass gives the terms of its loss. MKD is in mkd.py, FGD, FreeKD, DKD and SDD are in
baselines.py, what all have is in modules.py.

A method is made of (settings, student's configuration, teacher's). Its pass sees the answers of both, the step's draws, the
mask of the input, and what each prior is to answer.
`settings` may change between steps. `terms` says which setting weighs each term.
"""
import torch
import torch.nn.functional as F
from torch import nn

from baselines import DKD, FGD, SDD, FreeKD
from mkd import MKD
from modules import Method, align, error, for_levels, generator, pairs, per_pixel, perceptron, scale_of, standard
from regions import in_cells, region_means, spatial_attention, spread, usable


class FitNet(Method):
    """Romero et al., "FitNets: Hints for thin deep nets", ICLR 2015; on every level of the pyramid."""

    name, terms = "fitnet", {"feature": "alpha"}

    def forward(self, student, teacher, draws, mask, targets):
        scale = lambda x: scale_of(x, self.of("reduction"))  # noqa: E731
        return {"feature": sum(error(p.student, p.teacher, scale(p.teacher)) for p in pairs(self.align, student, teacher))}


class PKD(Method):
    """Cao et al., "PKD", NeurIPS 2022: features imitate up to scale and shift of each channel, on four levels."""

    name, terms = "pkd", {"feature": "alpha"}

    def forward(self, student, teacher, draws, mask, targets):
        each = pairs(self.align, student, teacher)[:4]
        return {"feature": sum(error(standard(p.student), standard(p.teacher), 0.5 / p.teacher.numel()) for p in each)}


class MGD(Method):
    """Yang et al., "Masked generative distillation", ECCV 2022: random pixels are erased and regenerated."""

    name, terms = "mgd", {"feature": "alpha"}
    STREAM = 0x300

    def __init__(self, settings, student, teacher):
        super().__init__(settings, student, teacher)
        self.generation = for_levels(teacher, lambda level: generator(teacher["channels"]))

    def forward(self, student, teacher, draws, mask, targets):
        return {"feature": sum(self.regenerated(p, draws) for p in pairs(self.align, student, teacher))}

    def regenerated(self, pair, draws):
        x = pair.student
        height, width = x.shape[-2:]
        ratio = self.of("ratio") if self.of("masking") == "on" else 0
        left = draws.per_image(self.STREAM + pair.level, height * width) >= ratio
        x = x * left.reshape(-1, 1, height, width)
        rebuilt = self.generation[str(pair.level)](x) if self.of("blocks") == "on" else x
        return error(rebuilt, pair.teacher, scale_of(pair.teacher, self.of("reduction")))


class LogitKD(Method):
    """Hinton, Vinyals, Dean, 2015: classification follows the teacher's at every place alike."""

    name, terms = "logit", {"logit": "beta"}

    def __init__(self, settings, student, teacher):
        super().__init__(settings, student, student)

    def forward(self, student, teacher, draws, mask, targets):
        total = 0.0
        for (ours, *_), (theirs, *_) in zip(student.levels, teacher.levels):
            total = total + self.divergence(ours.movedim(1, -1), theirs.movedim(1, -1)).mean()
        return {"logit": total}


class DualMasking(Method):
    """SAMKD Eq. 1 to 8: where the teacher attends, in space and among channels, the student's features are erased and regenerated."""

    sides, separate = (1,), False

    def __init__(self, settings, student, teacher):
        super().__init__(settings, student, teacher)
        channels = teacher["channels"]
        self.theta_s = for_levels(teacher, lambda level: self.by_side(generator, channels))
        self.theta_c = for_levels(teacher, lambda level: self.by_side(perceptron, channels))

    def by_side(self, make, channels):
        """One block for all levels of regions, or one for each."""
        return nn.ModuleDict({str(side): make(channels) for side in self.all_sides}) if self.separate else make(channels)

    def shares(self, level):
        """lambda and mu of Eq. 7."""
        return self.of("lambda"), self.of("mu")

    def rebuilt(self, pair, side):
        """Eq. 1 to 7 with the cells of one level of regions: F_recon [B, C, H, W]."""
        ours, theirs, tau = pair.student, pair.teacher, self.of("tau")
        attention = spatial_attention(theirs, side, tau, self.of("phi"), self.of("unit"))
        channels = (region_means(theirs, [side]) / tau).sigmoid()
        if self.of("masking") == "on":
            in_space = ours * (attention < self.of("omegaS"))[:, None]
            among_channels = ours * spread((channels < self.of("omegaC")).to(ours.dtype), side, ours)
        else:
            in_space = among_channels = ours
        share, other = self.shares(pair.level)
        if self.of("blocks") == "off":
            return share * in_space + other * among_channels
        space, perceive = (theta[str(pair.level)] for theta in (self.theta_s, self.theta_c))
        if self.separate:
            space, perceive = space[str(side)], perceive[str(side)]
        return share * self.convolved(space, in_space, side) + other * per_pixel(perceive, among_channels)

    def convolved(self, layers, x, side):
        return layers(x)

    def spatial_features(self, pair):
        """L_feat of one level of the pyramid, and what was regenerated by the regions of each side; nothing where none fit."""
        sides = usable(self.sides, pair.teacher)
        built = {side: self.rebuilt(pair, side) for side in sides}
        literal = self.of("reduction") == "literal"
        scale = 1 / (len(pair.teacher) if literal else max(1, len(sides)) * pair.teacher.numel())
        return [error(one, pair.teacher, scale) for one in built.values()], built


class DMKD(DualMasking):
    """Yang et al., "DMKD", ICASSP 2024: dual masking over the whole map."""

    name, terms = "dmkd", {"feature": "alpha"}

    def __init__(self, settings, student, teacher):
        super().__init__(settings, student, teacher)
        if self.of("shares") == "learned":
            start = torch.logit(torch.tensor([0.45]))
            self.share = nn.ParameterDict({str(level): nn.Parameter(start.clone()) for level in range(teacher["levels"])})

    def shares(self, level):
        if self.of("shares") == "fixed":
            return super().shares(level)
        share = self.share[str(level)].sigmoid()
        return share, 1 - share

    def forward(self, student, teacher, draws, mask, targets):
        found = [one for p in pairs(self.align, student, teacher) for one in self.spatial_features(p)[0]]
        return {"feature": sum(found)} if found else {}


class AMD(Method):
    """
    Yang et al., "AMD: Adaptive masked distillation for object detection", IJCNN 2023, as read from its abstract: what is erased where the
    teacher attends is regenerated, and its channels weigh themselves.
    """

    name, terms = "amd", {"feature": "alpha"}

    def __init__(self, settings, student, teacher):
        super().__init__(settings, student, teacher)
        channels = teacher["channels"]
        hidden = max(1, (channels + 2) // 4)
        excitation = lambda: nn.Sequential(nn.Linear(channels, hidden), nn.ReLU(), nn.Linear(hidden, channels))  # noqa: E731
        self.generation = for_levels(teacher, lambda level: generator(channels))
        self.channels = for_levels(teacher, lambda level: excitation())

    def forward(self, student, teacher, draws, mask, targets):
        return {"feature": sum(self.adapted(p) for p in pairs(self.align, student, teacher))}

    def adapted(self, pair):
        x, level = pair.student, str(pair.level)
        if self.of("masking") == "on":
            attention = spatial_attention(pair.teacher, 1, self.of("tau"), self.of("phi"), self.of("unit"))
            x = x * (attention < self.of("omegaS"))[:, None]
        if self.of("blocks") == "on":
            x = self.generation[level](x)
        if self.of("channels") == "on":
            x = x * self.channels[level](x.mean(dim=(-2, -1))).sigmoid()[..., None, None]
        return error(x, pair.teacher, scale_of(pair.teacher, self.of("reduction")))


class SAMKD(DualMasking):
    """
    Zhang, Li, Li, Xu, "Spatial-aware Adaptive Masking Knowledge Distillation for Object Detection": dual masking region by region
    (SFD, Eq. 1 to 8), and logits compared region by region, the more where features differ more (SLD, Eq. 9 to 12).
    """

    name, terms = "samkd", {"feature": "alpha", "logit": "beta", "align": "alignWeight"}
    all_sides = (1, 2, 4)

    def __init__(self, settings, student, teacher):
        self.separate = settings["samkd.theta"] == "scale"
        super().__init__(settings, student, teacher)

    @property
    def sides(self):
        return [int(side) for side in self.of("regions").split("+")]

    def compares(self):
        """What W compares with the teacher's features."""
        sfd, projection = self.of("sfd") == "on", self.of("projection")
        if projection == "auto":
            return "trained" if sfd else "aligned"
        return "aligned" if projection == "reconstruction" and not sfd else projection

    def convolved(self, layers, x, side):
        """With cropped borders cells do not see across their borders, layer by layer."""
        if self.of("borders") != "cropped":
            return layers(x)
        return in_cells(x, side, layers)

    def forward(self, student, teacher, draws, mask, targets):
        each, compares = pairs(self.align, student, teacher), self.compares()
        features = [self.spatial_features(p) for p in each] if self.of("sfd") == "on" else []
        values, errors = {}, [one for loss, _ in features for one in loss]
        if errors:
            values["feature"] = sum(errors)
        if self.of("sld") == "off":
            return values
        built = [rebuilt for _, rebuilt in features] if compares == "reconstruction" else [None] * len(each)
        logits = [one for p, b in zip(each, built) for one in self.spatial_logits(p, b, student, teacher)]
        if logits:
            values["logit"] = sum(logits)
        if compares == "aligned" and len(self.align):
            # |Theta(F^S) - F^T|^2, for Theta alone.
            ours = [align(self.align, level, x.detach().float()) for level, x in enumerate(student.pyramid)]
            values["align"] = sum(error(x, p.teacher, 1 / p.teacher.numel()) for x, p in zip(ours, each))
        return values

    def spatial_logits(self, pair, built, student, teacher):
        """SLD on one level, one loss for every level of regions."""
        sides = usable(self.sides, pair.teacher)
        count = sum(side**2 for side in sides)
        z, target = (answers.levels[pair.level][0].float() for answers in (student, teacher))
        losses = []
        for side in sides:
            own = built[side] if built else pair.student
            own = own if not built and self.of("detach") == "on" else own.detach()
            weight = self.difference(pair.teacher, own, side)
            kl = self.divergence(*(region_means(logits, [side]) for logits in (z, target)))
            losses.append((weight * kl).sum() / (len(z) if self.of("reduction") == "literal" else len(z) * count))
        return losses

    def difference(self, u, v, side):
        """Eq. 11 in its three readings: W [B, R], a cosine distance."""
        of = self.of("difference")
        if of == "pooled":
            return cosine_distance(*products(region_means(u, [side]), region_means(v, [side]), dim=-1))
        dots = products(u, v, dim=1)
        if of == "flattened":
            return cosine_distance(*(region_means(one[:, None], [side])[..., 0] for one in dots))
        return region_means(cosine_distance(*dots)[:, None], [side])[..., 0]


def products(u, v, dim):
    return (u * v).sum(dim=dim), (u * u).sum(dim=dim), (v * v).sum(dim=dim)


def cosine_distance(uv, uu, vv):
    return 1 - uv / (uu * vv).sqrt().clamp(min=1e-8)


METHODS = {method.name: method for method in (FitNet, PKD, MGD, FGD, FreeKD, LogitKD, DKD, SDD, DMKD, AMD, SAMKD, MKD)}
