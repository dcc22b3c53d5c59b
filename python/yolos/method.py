"""One step of the run: the student finds objects with tokens, its attention selects patches, the teacher's tokens on those, the losses.

Son et al., "The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers", ECCV 2024, Table 12.
"""
import losses
import masking
import tensors
import torch
from detector import Yolos
from draws import Draws
from learning import Learning
from run import here
from torch import nn

# Weights of the detector's own losses: DETR's.
OWN_WEIGHTS = {"ce": 1, "l1": 5, "giou": 2}


def load_into(module, path):
    """A module with a file's weights, all of them and no others."""
    state, _ = tensors.load(path)
    module.load_state_dict(state, strict=True)
    return module


class Learner(nn.Module):
    """All that learns in one module, so that one wrapper and one optimizer have it: the student, and the projection of its tokens."""

    def __init__(self, settings, student, teacher=None):
        super().__init__()
        self.settings, self.student, self.teacher = settings, student, [teacher]
        widths = [one.config["encoder"]["width"] for one in (student, teacher) if one is not None]
        self.kd = nn.ModuleDict({"proj": nn.Linear(*widths)}) if teacher is not None else None

    def forward(self, images, labels, corners, step, draws, settle=None):
        """Losses by name. labels [B, G], `classes` where there is no object; corners in pixels [B, G, 4]."""
        settings, student, (teacher,) = self.settings, self.student, self.teacher
        block = masking.block_of(settings, len(student.backbone.blocks))
        seen = student.tokens(images, wanted=(block,))
        logits, boxes = student.answers(seen.det)
        truths = losses.shares(corners, images.shape[-1])
        values = losses.set_losses(logits, boxes, labels, truths, settings["noObject"])
        if teacher is None:
            return values
        backbone = student.backbone
        score_of = lambda who: masking.saliency(  # noqa: E731
            seen.scores[block].detach().float(), settings, backbone.lead, backbone.patches
        )
        kept, score = masking.select(settings, backbone.grid, draws, step, score_of)
        if settle is not None and kept is not None:
            kept = settle(kept, score)
        with torch.no_grad():
            theirs = teacher.tokens(images, kept=kept)
        ours = seen.patches if kept is None else seen.patches.gather(1, kept[:, :, None].expand(-1, -1, seen.patches.shape[-1]))
        project = self.kd["proj"]
        values["patch"] = losses.distance(project(ours).float(), theirs.patches.float())
        values["det"] = losses.distance(project(seen.det).float(), theirs.det.float())
        return values


class Distillation(Learning):
    """A learner and its frozen teacher."""

    def __init__(self, settings, student, teacher=None):
        self.settings, self.teacher, self.settler = settings, teacher, masking.Settler()
        if teacher is not None:
            teacher.eval().requires_grad_(False)
        self.learner = Learner(settings, student, teacher)

    def to(self, device):
        for module in filter(None, (self.learner, self.teacher)):
            module.to(device)
        return self

    def wrap(self, wrapped):
        """Wraps what learns, for example in DDP."""
        self.learner = wrapped(self.learner)

    @property
    def trained(self):
        """What learns, whatever wraps it."""
        return getattr(self.learner, "module", self.learner)

    def total(self, values):
        """The weighted sum that is minimised."""
        weights = {**OWN_WEIGHTS, "patch": self.settings["yolos.lambda"], "det": self.settings["yolos.lambda"]}
        return sum(weights[name] * value for name, value in values.items())

    def repeat(self, batch, step):
        """Losses of a batch that the run saw in step `step` (from 0)."""
        self.settler.chosen = batch["kept"].long() if "kept" in batch else None
        draws = Draws(self.settings["seed"], step, len(batch["images"]))
        return self.learner(batch["images"], batch["labels"].long(), batch["boxes"], step, draws, self.settler)

    def remark(self):
        """What else there is to say of repeated steps, and whether that is as in the run."""
        ties, others = self.settler.ties, self.settler.others
        return f"Images whose patches were settled by a tie: {ties}; chosen otherwise: {others}.", others == 0


def handed_over(run):
    """The run's own networks, with the weights that came along."""
    teacher = load_into(Yolos(run["teacher"]), here("teacher.safetensors")) if "teacher" in run else None
    distillation = Distillation(run["settings"], load_into(Yolos(run["student"]), here("student_initial.safetensors")), teacher)
    if teacher is not None:
        load_into(distillation.learner.kd, here("modules_initial.safetensors"))
    return distillation
