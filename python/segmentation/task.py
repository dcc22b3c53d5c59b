"""What train.py needs to know of segmentation: data, networks, losses and scores."""
import json

import data
import networks
import torch
from method import IGNORE, Distillation

from run import fail

# Words of the command besides those of train.py.
OWN = {}
# What student.safetensors is.
MADE = "student"
WANTED = "train/images, train/masks and classes.txt"


class Task:
    def __init__(self, run, settings, own):
        folder, held = data.folders(own["data"])
        self.classes = data.classes_of(own["data"])
        moments = {name: run[name] for name in ("mean", "std")}
        self.pictures = data.Pictures(folder, self.classes, settings["side"], moments, settings)
        self.held = data.Pictures(held, self.classes, settings["side"], moments) if held else None
        teacher = networks.teacher(own["teacher"], run, settings, self.classes)
        self.student, self.origin = networks.student(own["student"], run, settings, self.classes)
        if teacher is not None and teacher.grid != self.student.grid:
            fail("Student and teacher cut images differently.", f"Give patch={teacher.config['encoder']['patch']}.")
        self.distillation = Distillation(settings, self.student, teacher)

    @property
    def kept(self):
        """What student.safetensors holds."""
        return self.student.state_dict()

    def about(self, moments):
        """What the student's file says besides its classes."""
        return {"segmenter": json.dumps(self.student.config), "moments": json.dumps(moments)}

    def losses(self, batch, step, draws):
        images, labels = batch
        made = self.distillation.step(images, labels, step, draws)
        counted = labels != IGNORE
        right = (made.pixels.argmax(dim=1) == labels)[counted]
        return made.losses, {"student_accuracy": right.double().mean().item()}

    def scores(self, batches, autocast, processes):
        """Mean intersection over union of the classes that masks or student show, and the share of pixels that it names right."""
        count = len(self.classes)
        confusion = torch.zeros(count * count, dtype=torch.float64)
        for images, labels in batches:
            with autocast():
                _, pixels = self.student(images.to(processes.device))
            truth, named = labels.flatten(), pixels.argmax(dim=1).cpu().flatten()
            counted = truth != IGNORE
            confusion += torch.bincount(truth[counted] * count + named[counted], minlength=count * count)
        confusion = torch.tensor(processes.summed(confusion.tolist())).reshape(count, count)
        right = confusion.diagonal()
        union = confusion.sum(dim=0) + confusion.sum(dim=1) - right
        seen = union > 0
        return {"miou": (right[seen] / union[seen]).mean().item(), "accuracy": (right.sum() / confusion.sum()).item()}
