"""One step of the run: most patches of an image are hidden, and what they looked like is told from the rest, or with a teacher what the
tokens of its decoder are.

He et al., "Masked autoencoders are scalable vision learners", CVPR 2022; Huang et al., "Generic-to-specific distillation of masked
autoencoders", CVPR 2023.
"""
import math

import tensors
import torch
import torch.nn.functional as F
from draws import Draws
from learning import Learning
from networks import Mae
from run import here

STREAM = 0x500


class Distillation(Learning):
    """The autoencoder, and the one that teaches it; without, what is hidden is the answer. The student may be replaced, for example by its
    DDP wrapper.
    """

    beta2 = 0.95

    def __init__(self, settings, student, teacher=None):
        self.settings, self.student, self.others = settings, student, 0
        self.teacher = teacher and teacher.eval().requires_grad_(False)

    @staticmethod
    def decays(name, parameter):
        """Matrices and tokens decay; biases and norms do not."""
        return parameter.ndim > 1

    def to(self, device):
        self.student.to(device)
        if self.teacher:
            self.teacher.to(device)
        return self

    def wrap(self, wrapped):
        """Wraps what learns, for example in DDP."""
        self.student = wrapped(self.student)

    @property
    def trained(self):
        """What learns, whatever wraps it."""
        return getattr(self.student, "module", self.student)

    def total(self, values):
        """What is minimised."""
        return values[self.settings["preset"]]

    def of(self, knob):
        """A knob of the run's method."""
        return self.settings[f"{self.settings['preset']}.{knob}"]

    def left(self, draws):
        """The patches that are seen, in their order, [B, k]: those of the highest draws are hidden."""
        count = self.trained.patches
        hidden = min(count - 1, max(1, math.floor(self.of("ratio") * count + 0.5)))
        order = torch.sort(-draws.per_image(STREAM, count), dim=1, stable=True).indices
        return order[:, hidden:].sort(dim=1).values

    def step(self, images, draws):
        """Losses of a batch, and the patches that were seen."""
        kept = self.left(draws)
        told = self.student(images, kept).float()
        losses = self.features(told, images, kept) if self.teacher else self.pixels(told, images, kept)
        return {self.settings["preset"]: losses}, kept

    def features(self, told, images, kept):
        """How far features of all tokens, or of hidden patches, are from the teacher's."""
        with torch.no_grad():
            blocks = self.teacher.decoded(images, kept)
        block = len(blocks) if self.settings["g2sd.layer"] == "last" else math.ceil(len(blocks) / 2)
        wanted = F.layer_norm(blocks[block - 1].float(), told.shape[-1:], eps=1e-6)
        if self.settings["g2sd.tokens"] == "all":
            return F.smooth_l1_loss(told, wanted, beta=2.0)
        error = F.smooth_l1_loss(told[:, 1:], wanted[:, 1:], beta=2.0, reduction="none").mean(dim=-1)
        return self.over_hidden(error, kept)

    def pixels(self, told, images, kept):
        """How far the pixels of hidden patches are from what they are."""
        patch = self.trained.config["patch"]
        wanted = F.unfold(images, patch, stride=patch).transpose(1, 2)
        if self.settings["mim.target"] == "normalised":
            wanted = (wanted - wanted.mean(dim=-1, keepdim=True)) / (wanted.var(dim=-1, keepdim=True) + 1e-6).sqrt()
        return self.over_hidden((told - wanted).square().mean(dim=-1), kept)

    @staticmethod
    def over_hidden(error, kept):
        """The mean of an error [B, N] over the patches that were not seen."""
        hidden = torch.ones(error.shape, device=error.device).scatter(1, kept, 0.0)
        return (error * hidden).sum() / hidden.sum()

    def repeat(self, batch, step):
        """Losses of a batch that the run saw in step `step` (from 0)."""
        values, kept = self.step(batch["images"], Draws(self.settings["seed"], step, len(batch["images"])))
        self.others += int((kept != batch["kept"].long()).any(dim=1).sum())
        return values

    def remark(self):
        """What else there is to say of repeated steps, and whether that is as in the run."""
        return f"Images of which other patches were hidden: {self.others}.", self.others == 0


def load_network(path, config):
    """A network with a file's weights, all of them and no others."""
    state, _ = tensors.load(path)
    network = Mae(config)
    network.load_state_dict(state, strict=True)
    return network


def teacher_of(run):
    """The run's teacher, where it had one."""
    return load_network(here("teacher.safetensors"), run["teacher"]) if "teacher" in run else None


def handed_over(run, student="student_initial.safetensors"):
    """The run's own networks, with the weights that came along."""
    return Distillation(run["settings"], load_network(here(student), run["student"]), teacher_of(run))
