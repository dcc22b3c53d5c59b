"""One step of the run: the student names every pixel, its attention selects patches, the teacher's encoder sees those, the losses compare.

Son et al., "The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers", ECCV 2024, Table 12.
"""
import losses
import masking
import tensors
import torch
import torch.nn.functional as F
from draws import Draws
from learning import Learning
from parallel import mean
from run import here
from segmenter import Segmenter

# Label of pixels that do not count.
IGNORE = 255


class Step:
    """What a step leaves: losses by name, the student's logits of pixels, and the patches that were shown, [B, k] or None."""

    def __init__(self, losses, pixels, kept=None):
        self.losses, self.pixels, self.kept = losses, pixels, kept


class Distillation(Learning):
    """Student and teacher. The student may be replaced, for example by its DDP wrapper."""

    def __init__(self, settings, student, teacher=None):
        self.settings, self.student, self.teacher = settings, student, teacher
        if teacher is not None:
            teacher.eval().requires_grad_(False)
        self.settler = masking.Settler()

    def to(self, device):
        for network in filter(None, (self.student, self.teacher)):
            network.to(device)
        return self

    def wrap(self, wrapped):
        """Wraps what learns, for example in DDP."""
        self.student = wrapped(self.student)

    @property
    def trained(self):
        """What learns, whatever wraps it."""
        return getattr(self.student, "module", self.student)

    def total(self, values):
        """The weighted sum that is minimised."""
        weights = {"ce": 1.0, "manifold": self.settings["segmenter.beta"], "kd": self.settings["segmenter.lambda"]}
        return sum(weights[name] * value for name, value in values.items())

    def step(self, images, truth, step, draws, settle=None):
        """A `Step` of a batch; truth [B, S, S] are classes of pixels. `settle(kept, score)` may replace the choice."""
        settings, encoder = self.settings, self.trained.encoder
        block = masking.block_of(settings, len(encoder.blocks))
        seen, pixels = self.student(images, wanted=(block,))
        values = {"ce": cross_entropy(pixels.float(), truth)}
        if self.teacher is None:
            return Step(values, pixels)
        if settings["segmenter.base"] == "logit":
            # Its decoder needs every patch, so nothing is masked.
            with torch.no_grad():
                _, answer = self.teacher(images)
            values["kd"] = losses.soft_labels(rows(pixels), rows(answer), settings["segmenter.temperature"])
            return Step(values, pixels)
        score_of = lambda who: masking.saliency(seen.scores[block].detach().float(), settings, seen.lead, encoder.patches)  # noqa: E731
        kept, score = masking.select(settings, encoder.grid, draws, step, score_of)
        if settle is not None and kept is not None:
            kept = settle(kept, score)
        with torch.no_grad():
            answer = self.teacher.encoder(images, kept=kept)
        values["manifold"] = losses.manifold(seen, answer, (kept, None), draws, False)
        return Step(values, pixels, kept)

    def repeat(self, batch, step):
        """Losses of a batch that the run saw in step `step` (from 0)."""
        self.settler.chosen = batch["kept"].long() if "kept" in batch else None
        draws = Draws(self.settings["seed"], step, len(batch["images"]))
        return self.step(batch["images"], batch["labels"].long(), step, draws, self.settler).losses

    def remark(self):
        """What else there is to say of repeated steps, and whether that is as in the run."""
        ties, others = self.settler.ties, self.settler.others
        return f"Images whose patches were settled by a tie: {ties}; chosen otherwise: {others}.", others == 0


def cross_entropy(pixels, truth):
    """Mean over the pixels that count, of all processes; 0 where none does."""
    counted = mean((truth != IGNORE).sum().float()).clamp(min=1)
    return F.cross_entropy(pixels, truth, ignore_index=IGNORE, reduction="sum") / counted


def rows(pixels):
    """Logits [B, K, S, S] as rows [B * S * S, K]."""
    return pixels.float().permute(0, 2, 3, 1).flatten(0, 2)


def load_network(path, config):
    """A network with a file's weights, all of them and no others."""
    state, _ = tensors.load(path)
    network = Segmenter(config)
    network.load_state_dict(state, strict=True)
    return network


def handed_over(run, student="student_initial.safetensors"):
    """The run's own networks, with the weights that came along."""
    teacher = load_network(here("teacher.safetensors"), run["teacher"]) if "teacher" in run else None
    return Distillation(run["settings"], load_network(here(student), run["student"]), teacher)
