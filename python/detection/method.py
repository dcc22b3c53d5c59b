"""One step of the run: student and teacher see the images, the detector's own loss and the method's terms compare."""
import torch
from torch import nn

import tensors
from assign import Assigner
from detector import BatchNorm, Detector, Mask
from draws import Draws
from losses import TERMS, detector_losses
from methods import METHODS
from learning import Learning
from run import fail, here


# Share of the priors that may be assigned otherwise: objects lie here where float32 has them.
OTHERS = 1e-3


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
        for module in student.modules():
            if isinstance(module, BatchNorm):
                module.frozen = settings["norm"] == "frozen"
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
        return {**values, **self.kd(compared, answer, draws, cells, targets)}


class Distillation(Learning):
    """A learner and its frozen teacher."""

    def __init__(self, settings, student, teacher=None):
        self.settings, self.teacher = settings, teacher
        if teacher is not None:
            teacher.eval().requires_grad_(False)
        self.learner = self.trained = Learner(settings, student, teacher)
        self.priors = self.others = 0

    def to(self, device):
        self.trained.to(device)
        if self.teacher is not None:
            self.teacher.to(device)
        return self

    def wrap(self, wrapped):
        """Wraps what learns, for example in DDP. Of a method's modules some may have no part in a step."""
        self.learner = wrapped(self.learner, some_unused=True)

    def weights(self):
        """Of each loss: the detector's own terms count in full."""
        own = dict.fromkeys(TERMS[self.trained.student.config["kind"]], 1.0)
        return {**own, **(self.trained.kd.weights() if self.trained.kd is not None else {})}

    def total(self, values):
        """The weighted sum that is minimised."""
        weights = self.weights()
        return sum(weights[name] * value for name, value in values.items())

    def repeat(self, batch, step):
        """Losses of a batch that the run saw in step `step` (from 0)."""
        targets = {name: batch[name] for name in ("truths", "weights", "boxes")}
        targets["labels"] = batch["labels"].long()
        self.assign_again(targets)
        return self.learner(batch["images"], targets, Draws(self.settings["seed"], step, len(batch["images"])))

    def assign_again(self, targets):
        """Counts the priors to which assign.py gives another answer than the run did; those that the run ignores do not count."""
        config = self.trained.student.config
        assigner, classes = Assigner(config), config["classes"]
        for labels, truths in zip(targets["labels"], targets["truths"]):
            positive, counted = labels < classes, labels <= classes
            objects = torch.cat([truths[positive], labels[positive][:, None].float()], dim=1).unique(dim=0)
            ours, _, _ = assigner(objects[:, :4], objects[:, 4].long())
            self.priors += int(counted.sum())
            self.others += int((ours != labels)[counted].sum())

    def remark(self):
        """What else there is to say of repeated steps, and whether that is as in the run."""
        return f"Priors that assign.py gives another answer: {self.others} of {self.priors}.", self.others <= OTHERS * self.priors


def handed_over(run, student="student_initial.safetensors"):
    """The run's own networks, with the weights that came along."""
    teacher = load_into(Detector(run["teacher"]), here("teacher.safetensors")) if "teacher" in run else None
    distillation = Distillation(run["settings"], load_into(Detector(run["student"]), here(student)), teacher)
    if distillation.trained.kd is not None:
        load_into(distillation.trained.kd, here("modules_initial.safetensors"))
    return distillation
