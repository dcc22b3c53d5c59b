"""One step of the run: the student sees all crops, its attention selects the patches that the teacher sees of the large ones, answers on
different crops of an image are compared; then teacher and centre follow.

Caron et al., "Emerging properties in self-supervised vision transformers", ICCV 2021; the mask is that of Son et al., "The Role of
Masking for Efficient Supervised Knowledge Distillation of Vision Transformers", ECCV 2024, section 4.3.
"""
import copy
import math

import masking
import tensors
import torch
from draws import Draws
from learning import Learning
from networks import Network
from parallel import mean
from run import here
from torch import nn

# Large crops of each image: those that the teacher sees.
GLOBAL = 2


def half_cosine(step, steps):
    """From 1 at step 0 down to 0 at the end."""
    return 0.5 * (1 + math.cos(math.pi * step / steps))


class Pair(nn.Module):
    """Student, the teacher that follows it, and the centre of the teacher's answers: what a checkpoint has to hold."""

    def __init__(self, student):
        super().__init__()
        self.student, self.teacher = student, copy.deepcopy(student).requires_grad_(False)
        self.register_buffer("centre", torch.zeros(len(student.head.last_layer.weight_v)))


class Step:
    """What a step leaves: losses by name, the teacher's answers [2 B, K], and the patches that it was shown, [2 B, k] or None."""

    def __init__(self, losses, answer, kept=None):
        self.losses, self.answer, self.kept = losses, answer, kept


class Distillation(Learning):
    """A student and its running mean. What computes for the student may be replaced, for example by its DDP wrapper."""

    def __init__(self, settings, student):
        self.settings, self.trained = settings, Pair(student)
        self.student, self.settler, self.held = student, masking.Settler(), None

    @staticmethod
    def decays(name, parameter):
        """Matrices, positions and tokens decay; biases and norms do not, as in DINO's code."""
        return parameter.ndim > 1

    def to(self, device):
        self.trained.to(device)
        return self

    def wrap(self, wrapped):
        """Wraps what learns, for example in DDP."""
        self.student = wrapped(self.trained.student)

    def total(self, values):
        """What is minimised: the entropy of the teacher's answers is only told, and bounds the loss from below."""
        return values["dino"]

    def step(self, crops, local, step, draws, settle=None):
        """
        A `Step` of crops [2 B, C, S, S] and small ones [n B, C, s, s] or None, crop after crop; `draws` are of as many views.
        `settle(kept, score)` may replace the choice.
        """
        settings, pair = self.settings, self.trained
        block = masking.block_of(settings, len(pair.student.blocks))
        seen = self.student(crops, wanted=(block,), local=local)
        seen, small = (seen, None) if local is None else seen
        score_of = lambda who: self.attended(who, seen, block, crops)  # noqa: E731
        kept, score = masking.select(settings, pair.student.grid, draws, step, score_of)
        if settle is not None and kept is not None:
            kept = settle(kept, score)
        with torch.no_grad():
            self.answered = pair.teacher(crops, kept=kept).logits.float()
            answer = ((self.answered - pair.centre) / settings["dino.teacherTemperature"]).softmax(dim=1)
        views = seen.logits if small is None else torch.cat([seen.logits, small])
        values = {"dino": self.compared(views.float(), answer, len(crops) // GLOBAL)}
        values["entropy"] = -torch.special.xlogy(answer, answer).sum(dim=1).mean()
        return Step(values, answer, kept)

    def compared(self, views, answer, batch):
        """The mean, over images and pairs of a teacher's crop and another crop of the student's, of the cross entropy."""
        logs = (views / self.settings["dino.temperature"]).log_softmax(dim=1).reshape(-1, batch, views.shape[1])
        answer = answer.reshape(GLOBAL, batch, -1)
        pairs = [(i, v) for i in range(GLOBAL) for v in range(len(logs)) if v != i]
        return sum(-(answer[i] * logs[v]).sum(dim=1).mean() for i, v in pairs) / len(pairs)

    def attended(self, who, seen, block, crops):
        """The attention that patches receive from the student, or from the teacher's last block on whole crops."""
        if who == "teacher":
            block = len(self.trained.teacher.blocks) - 1
            with torch.no_grad():
                seen = self.trained.teacher(crops, wanted=(block,))
        return masking.saliency(seen.scores[block].detach().float(), self.settings, seen.lead, self.trained.student.patches)

    def before(self, optimizer, step):
        """Sets the weight decay; at first the last layer keeps its weights, while its moments gather."""
        settings = self.settings
        first, last, steps = settings["decay"], settings["decayEnd"], settings["steps"]
        optimizer.param_groups[0]["weight_decay"] = last + (first - last) * half_cosine(step, steps)
        waits = step < masking.half_up(settings["frozen"] * steps)
        self.held = self.trained.student.head.last_layer.weight_v.detach().clone() if waits else None

    @torch.no_grad()
    def after(self, step):
        settings, pair = self.settings, self.trained
        if self.held is not None:
            pair.student.head.last_layer.weight_v.copy_(self.held)
        keep = settings["dino.centring"]
        pair.centre.mul_(keep).add_((1 - keep) * mean(self.answered.mean(dim=0)))
        keep = 1 - (1 - settings["dino.momentum"]) * half_cosine(step, settings["steps"])
        for theirs, ours in zip(pair.teacher.parameters(), pair.student.parameters()):
            theirs.mul_(keep).add_((1 - keep) * ours)

    def repeat(self, batch, step):
        """Losses of a batch that the run saw in step `step` (from 0)."""
        self.settler.chosen = batch["kept"].long() if "kept" in batch else None
        draws = Draws(self.settings["seed"], step, len(batch["global"]))
        return self.step(batch["global"], batch.get("local"), step, draws, self.settler).losses

    def remark(self):
        """What else there is to say of repeated steps, and whether that is as in the run."""
        ties, others = self.settler.ties, self.settler.others
        return f"Crops whose patches were settled by a tie: {ties}; chosen otherwise: {others}.", others == 0


def load_network(path, config):
    """A network with a file's weights, all of them and no others."""
    state, _ = tensors.load(path)
    network = Network(config)
    network.load_state_dict(state, strict=True)
    return network


def handed_over(run, student="student_initial.safetensors"):
    """The run as it began: its teacher has the student's first weights."""
    return Distillation(run["settings"], load_network(here(student), run["student"]))
