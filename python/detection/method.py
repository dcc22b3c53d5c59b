"""One step of the run: student and teacher see the images, the detector's own loss and the method's terms compare."""
import torch
from torch import nn

import tensors
from detector import Detector, Mask
from draws import Draws
from losses import detector_losses
from methods import METHODS
from run import fail, here


def load_into(module, path):
    """A module with a file's weights, all of them and no others."""
    state, _ = tensors.load(path)
    # PyTorch counts batches of its batch norms; files of the run do not.
    counted = {name: value for name, value in module.state_dict().items() if name.endswith("num_batches_tracked")}
    module.load_state_dict({**state, **counted}, strict=True)
    return module


class Learner(nn.Module):
    """All that learns in one module, so that one wrapper and one optimizer have it: the student, and the method's modules."""

    def __init__(self, settings, student, teacher=None):
        super().__init__()
        self.settings, self.student, self.teacher = settings, student, [teacher]
        name = settings["preset"]
        if teacher is not None and name not in METHODS:
            fail(f"{name} is not part of this project.", f"Use one of {', '.join(METHODS)}.")
        self.kd = METHODS[name](settings, student.config, teacher.config) if teacher is not None else None

    def forward(self, images, targets, draws):
        """Losses by name. images [B, 3, S, S]; targets as in losses.py."""
        (teacher,) = self.teacher
        cells = self.kd.mask(draws) if self.kd is not None else None
        mask = None if cells is None else Mask(cells, self.settings["mkd.statistics"] == "visible")
        compared = self.student(images, mask)
        two = mask is not None and self.settings["mkd.passes"] == "two"
        seen = self.student(images) if two else compared
        values = detector_losses(self.student.config, seen.levels, targets)
        if self.kd is None:
            return values
        with torch.no_grad():
            answer = teacher(images)
        return {**values, **self.kd(compared, answer, draws, cells)}


class Distillation:
    """A learner and its frozen teacher. `learner` may be replaced, for example by its DDP wrapper."""

    def __init__(self, settings, student, teacher=None):
        self.settings, self.teacher = settings, teacher
        if teacher is not None:
            teacher.eval().requires_grad_(False)
        self.learner = self.trained = Learner(settings, student, teacher)

    def to(self, device):
        self.trained.to(device)
        if self.teacher is not None:
            self.teacher.to(device)
        return self

    def total(self, values):
        """The weighted sum that is minimised: the detector's own terms count in full."""
        weights = self.trained.kd.weights() if self.trained.kd is not None else {}
        return sum(weights.get(name, 1.0) * value for name, value in values.items())

    def repeat(self, batch, step):
        """Losses of a batch that the run saw in step `step` (from 0)."""
        targets = {name: batch[name] for name in ("truths", "weights")}
        targets["labels"] = batch["labels"].long()
        return self.learner(batch["images"], targets, Draws(self.settings["seed"], step, len(batch["images"])))

    def remark(self):
        """What else there is to say of repeated steps, and whether that is as in the run."""
        return "", True


def handed_over(run, student="student_initial.safetensors"):
    """The run's own networks, with the weights that came along."""
    teacher = load_into(Detector(run["teacher"]), here("teacher.safetensors")) if "teacher" in run else None
    distillation = Distillation(run["settings"], load_into(Detector(run["student"]), here(student)), teacher)
    if distillation.trained.kd is not None:
        load_into(distillation.trained.kd, here("modules_initial.safetensors"))
    return distillation
