"""What train.py needs to know of classification: data and networks; losses and scores are in named.py."""
import data
import networks
from method import Distillation
from named import Named

# Words of the command besides those of train.py.
OWN = {"guide": ""}
# What student.safetensors is.
MADE = "student"
WANTED = "a folder of pictures for each class"


class Task(Named):
    def __init__(self, run, settings, own):
        folder, held = data.folders(own["data"])
        self.classes = data.classes_of(folder)
        moments = {name: run[name] for name in ("mean", "std")}
        self.pictures = data.Pictures(folder, self.classes, settings["side"], moments, settings)
        self.held = data.Pictures(held, self.classes, settings["side"], moments) if held else None
        teacher = None if settings["teacher"] == "none" else networks.frozen("teacher", own["teacher"], run, self.classes)
        guide = networks.frozen("guide", own["guide"], run)
        self.student, self.origin = networks.student(own["student"], run, settings, self.classes, teacher)
        self.distillation = Distillation(settings, self.student, teacher, guide)
