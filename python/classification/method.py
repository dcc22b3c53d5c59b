"""One step of the run: the student sees the images, its attention selects patches, the teacher answers on those, the losses compare."""
import torch
import torch.nn.functional as F

import losses
import masking
import tensors
import vit
from draws import Draws
from learning import Learning
from run import fail, here


def load_network(path, config):
    """A network with a file's weights, all of them and no others."""
    state, _ = tensors.load(path)
    network = vit.ViT(config)
    network.load_state_dict(state, strict=True)
    return network


class Step:
    """What a step leaves: losses by name, student's and teacher's features, and the patches that were shown, [B, k] or None."""

    def __init__(self, losses, student, teacher=None, kept=None):
        self.losses, self.student, self.teacher, self.kept = losses, student, teacher, kept


class Distillation(Learning):
    """Student, teacher and, where the criterion asks one, a guide. The student may be replaced, for example by its DDP wrapper."""

    def __init__(self, settings, student, teacher=None, guide=None):
        self.settings, self.student = settings, student
        if settings.get("frozen") == "on":
            for name, parameter in student.named_parameters():
                parameter.requires_grad_(name.startswith(("head.", "head_dist.")))
        self.frozen = {"teacher": teacher, "guide": guide}
        for network in filter(None, self.frozen.values()):
            network.eval().requires_grad_(False)
        self.teacher, self.settler = teacher, masking.Settler()
        if teacher is not None and masking.SCORERS[settings["criterion"]] == "guide" and guide is None:
            fail(f"criterion={settings['criterion']} asks a guide and none was handed over.", "Choose by another.")

    def to(self, device):
        self.student.to(device)
        for network in filter(None, self.frozen.values()):
            network.to(device)
        return self

    def wrap(self, wrapped):
        """Wraps what learns, for example in DDP."""
        self.student = wrapped(self.student)

    @property
    def bare(self):
        """The student itself, whatever wraps it."""
        return getattr(self.student, "module", self.student)

    @property
    def trained(self):
        """What learns."""
        return self.bare

    def weights(self):
        """Of each loss."""
        settings, base = self.settings, self.settings["base"]
        if self.teacher is None:
            return {"ce": 1.0}
        weights = {"ce": settings["labels"]}
        if base != "hard":
            weights["kd"] = settings[f"{settings['preset']}.lambda"]
        return weights if base == "logit" else {**weights, base: settings[f"{base}.beta"]}

    def total(self, values):
        """The weighted sum that is minimised."""
        return sum(weight * values[name] for name, weight in self.weights().items())

    def step(self, images, truth, step, draws, settle=None):
        """
        A `Step` of a batch. truth: classes [B] or weights [B, K]. `step` counts from 0. `settle(kept, score)` may replace the choice.
        """
        settings = self.settings
        drop = {"draws": draws, "drop_path": settings["dropPath"]}
        if self.teacher is None:
            seen = self.student(images, **drop)
            return Step({"ce": losses.cross_entropy(seen.cls.float(), truth, settings["smoothing"])}, seen)
        masked = settings["masked"]
        grid = (self.bare if masked == "student" else self.teacher).grid
        block = masking.block_of(settings, len(self.bare.blocks))
        wanted = tuple(range(len(self.bare.blocks))) if settings["base"] == "attention" else (block,)
        if masked == "student":
            with torch.no_grad():
                whole = self.bare(images, wanted=(block,))
        else:
            whole = self.student(images, wanted=wanted, **drop)
        kept, score = masking.select(settings, grid, draws, step, lambda who: self.attended(who, whole, block, images, grid))
        if settle is not None and kept is not None:
            kept = settle(kept, score)
        if masked == "student":
            seen, shared = self.student(images, kept=kept, wanted=wanted, **drop), (None, kept)
        else:
            seen, shared = whole, (kept, None)
        answer = self.ask("teacher", images, None if masked == "student" else kept, merged=settings.get("tome", 0))
        return Step(self.compared(seen, answer, shared, truth, draws), seen, answer, kept)

    def repeat(self, batch, step):
        """Losses of a batch that the run saw in step `step` (from 0)."""
        self.settler.chosen = batch["kept"].long() if "kept" in batch else None
        truth = batch["targets"] if "targets" in batch else batch["labels"].long()
        return self.step(batch["images"], truth, step, Draws(self.settings["seed"], step, len(truth)), self.settler).losses

    def remark(self):
        """What else there is to say of repeated steps, and whether that is as in the run."""
        ties, others = self.settler.ties, self.settler.others
        return f"Images whose patches were settled by a tie: {ties}; chosen otherwise: {others}.", others == 0

    def compared(self, seen, answer, shared, truth, draws):
        settings, base = self.settings, self.settings["base"]
        # With a distillation token its head learns from the teacher, and the class token's from the truth.
        ours, theirs = seen.dist.float(), answer.logits.float()
        values = {"ce": losses.cross_entropy(seen.cls.float(), truth, settings["smoothing"])}
        if base == "hard":
            values[base] = losses.hard(ours, theirs)
        else:
            values["kd"] = losses.soft_labels(ours, theirs, settings[f"{settings['preset']}.temperature"])
        if base == "manifold":
            values[base] = losses.manifold(seen, answer, shared, draws, settings["manifold.draws"] == "per-layer")
        if base == "attention":
            values[base] = losses.attention(seen, answer, shared, settings["attention.heads"], settings["attention.temperature"])
        return values

    def attended(self, who, whole, block, images, grid):
        """The attention that patches of a grid receive from the student, or from the last block of a frozen network."""
        network, seen = self.bare, whole
        if who != "student":
            network, block = self.frozen[who], len(self.frozen[who].blocks) - 1
            seen = self.ask(who, images, wanted=(block,))
        score = masking.saliency(seen.scores[block].detach().float(), self.settings, seen.lead, network.patches)
        return masking.on_grid(score, network.grid, grid)

    @torch.no_grad()
    def ask(self, who, images, kept=None, wanted=None, merged=0):
        """A frozen network on (some patches of) the images, resized to the side it was trained for."""
        network = self.frozen[who]
        side = vit.side_of(network.config)
        if tuple(images.shape[-2:]) != side:
            images = F.interpolate(images, size=side, mode="bilinear", align_corners=False)
        if wanted is None:
            wanted = range(len(network.blocks)) if self.settings["base"] == "attention" else ()
        return network(images, kept=kept, wanted=wanted, merged=merged)


def handed_over(run, student="student_initial.safetensors"):
    """The run's own networks, with the weights that came along."""
    frozen = {who: load_network(here(f"{who}.safetensors"), run[who]) for who in ("teacher", "guide") if who in run}
    return Distillation(run["settings"], load_network(here(student), run["student"]), **frozen)
