"""What train.py needs to know of detection by transformer: data, networks, losses and scores."""
import json

import coco
import data
import networks
import torch
from detector import detections
from method import Distillation, load_into
from precision import scored

from run import fail, here

# Words of the command besides those of train.py.
OWN = {}
# What student.safetensors is.
MADE = "student"
WANTED = "pictures and COCO annotations"


class Task:
    def __init__(self, run, settings, own):
        train, held = coco.parts(own["data"])
        self.classes, side = list(coco.classes_of(train).values()), settings["side"]
        teacher = networks.teacher(own["teacher"], run, settings, self.classes)
        self.student, self.origin = networks.student(own["student"], run, settings, self.classes)
        config = self.student.config
        if teacher is not None and (teacher.backbone.grid, teacher.config["tokens"]) != (self.student.backbone.grid, config["tokens"]):
            cut = teacher.config["encoder"]["patch"], teacher.config["tokens"]
            fail("Student and teacher have other patches or other numbers of tokens.", f"Give patch={cut[0]} detTokens={cut[1]}.")
        torch.manual_seed(settings["seed"])
        self.distillation = Distillation(settings, self.student, teacher)
        if teacher is not None and self.origin.startswith("the run's own") and not own["teacher"]:
            load_into(self.distillation.trained.kd, here("modules_initial.safetensors"))
        moments = {name: run[name] for name in ("mean", "std")}
        pictures = lambda part, *more: data.Pictures(own["data"], part, self.classes, side, moments, config["tokens"], *more)  # noqa: E731
        self.pictures, self.held = pictures(train, settings), pictures(held) if held else None

    @property
    def kept(self):
        """What student.safetensors holds."""
        return self.student.state_dict()

    def about(self, moments):
        """What the student's file says besides its classes."""
        return {"yolos": json.dumps(self.student.config), "moments": json.dumps(moments)}

    def losses(self, batch, step, draws):
        images, labels, corners = batch
        return self.distillation.learner(images, labels, corners, step, draws), {}

    def scores(self, batches, autocast, processes):
        """COCO's average precision."""
        answered = []
        for images, objects in batches:
            with autocast():
                logits, boxes = self.student(images.to(processes.device))
            found = detections(self.student.config, logits, boxes)
            answered += [(one, each[each[:, 4] >= 0]) for one, each in zip(found, objects)]
        return scored(answered, len(self.classes), processes)
