"""What train.py needs to know of detection: data, networks, losses and scores."""
import json

import coco
import data
import networks
import torch
from assign import Assigner
from draws import Draws
from method import Distillation, load_into
from run import here
from precision import scored
from scores import detections

# Words of the command besides those of train.py.
OWN = {}
# What student.safetensors is.
MADE = "student"
WANTED = "pictures and COCO annotations"


class Task:
    def __init__(self, run, settings, own):
        train, held = coco.parts(own["data"])
        self.classes, side = list(coco.classes_of(train).values()), settings["side"]
        teacher = None if settings["teacher"] == "none" else networks.teacher(own["teacher"], run, settings, self.classes)
        self.student, self.origin = networks.student(own["student"], run, settings, self.classes)
        torch.manual_seed(settings["seed"])
        self.settings, self.distillation = settings, Distillation(settings, self.student, teacher)
        if teacher is not None and self.origin.startswith("the run's own") and not own["teacher"]:
            load_into(self.distillation.trained.kd, here("modules_initial.safetensors"))
        assigner, moments = Assigner(self.student.config), {name: run[name] for name in ("mean", "std")}
        self.pictures = data.Pictures(own["data"], train, self.classes, side, moments, assigner, settings, self.hidden)
        self.held = data.Pictures(own["data"], held, self.classes, side, moments, assigner) if held else None

    def hidden(self, boxes, step, place):
        """Objects of which the mask leaves too little: they are neither to be found nor background."""
        settings, kd = self.settings, self.distillation.trained.kd
        if kd is None or settings["preset"] != "mkd" or settings["mkd.passes"] == "two":
            return None
        cells = kd.mask(Draws(settings["seed"], step, settings["batch"]))
        if cells is None:
            return None
        return visible_share(boxes, cells[place], settings["side"]) < settings["mkd.leastVisible"]

    @property
    def kept(self):
        """What student.safetensors holds."""
        return self.student.state_dict()

    def about(self, moments):
        """What the student's file says besides its classes."""
        return {"detector": json.dumps(self.student.config), "moments": json.dumps(moments)}

    def losses(self, batch, step, draws):
        images, labels, truths, weights, boxes = batch
        targets = {"labels": labels, "truths": truths, "weights": weights, "boxes": boxes}
        return self.distillation.learner(images, targets, draws), {}

    def scores(self, batches, autocast, processes):
        """COCO's average precision."""
        answered = []
        for images, objects in batches:
            with autocast():
                answers = self.student(images.to(processes.device))
            found = detections(self.student.config, answers.levels)
            answered += [(one, each[each[:, 4] >= 0]) for one, each in zip(found, objects)]
        return scored(answered, len(self.classes), processes)


def visible_share(boxes, cells, side):
    """Share of each box that lies in visible cells; 1 of a box outside the image."""
    count = len(cells)
    edges = torch.arange(count + 1, dtype=torch.float64) * side / count
    inside = lambda low, high: (torch.min(high[:, None], edges[1:]) - torch.max(low[:, None], edges[:-1])).clamp(min=0)  # noqa: E731
    part = inside(boxes[:, 1], boxes[:, 3])[:, :, None] * inside(boxes[:, 0], boxes[:, 2])[:, None]
    whole = part.sum(dim=(1, 2))
    seen = (part * cells.double()).sum(dim=(1, 2))
    return torch.where(whole > 0, seen / whole.clamp(min=1e-12), torch.ones_like(whole))
