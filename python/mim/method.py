"""One step of the run: most patches of an image are hidden, and what they looked like is told from the rest.

He et al., "Masked autoencoders are scalable vision learners", CVPR 2022.
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
    """The autoencoder: there is no teacher, what is hidden is the answer. It may be replaced, for example by its DDP wrapper."""

    beta2 = 0.95

    def __init__(self, settings, student):
        self.settings, self.student, self.others = settings, student, 0

    @staticmethod
    def decays(name, parameter):
        """Matrices and tokens decay; biases and norms do not."""
        return parameter.ndim > 1

    def to(self, device):
        self.student.to(device)
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
        return values["mim"]

    def left(self, draws):
        """The patches that are seen, in their order, [B, k]: those of the highest draws are hidden."""
        count = self.trained.patches
        hidden = min(count - 1, max(1, math.floor(self.settings["mim.ratio"] * count + 0.5)))
        order = torch.sort(-draws.per_image(STREAM, count), dim=1, stable=True).indices
        return order[:, hidden:].sort(dim=1).values

    def step(self, images, draws):
        """Losses of a batch, and the patches that were seen."""
        kept, patch = self.left(draws), self.trained.config["patch"]
        told = self.student(images, kept).float()
        wanted = F.unfold(images, patch, stride=patch).transpose(1, 2)
        if self.settings["mim.target"] == "normalised":
            wanted = (wanted - wanted.mean(dim=-1, keepdim=True)) / (wanted.var(dim=-1, keepdim=True) + 1e-6).sqrt()
        hidden = torch.ones(told.shape[:2], device=told.device).scatter(1, kept, 0.0)
        error = (told - wanted).square().mean(dim=-1)
        return {"mim": (error * hidden).sum() / hidden.sum()}, kept

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


def handed_over(run, student="student_initial.safetensors"):
    """The run's own network, with the weights that came along."""
    return Distillation(run["settings"], load_network(here(student), run["student"]))
