"""What train.py needs to know of sounds: data, networks and what their file says. Losses and scores are those of pictures."""
import data
import networks
from method import Distillation
from named import Named

# Words of the command besides those of train.py.
OWN = {"guide": ""}
# What student.safetensors is.
MADE = "student"
WANTED = "a folder of sounds for each class"


class Task(Named):
    def __init__(self, run, settings, own):
        folder, held = data.folders(own["data"])
        self.classes = data.classes_of(folder)
        moments = {name: run[name] for name in ("mean", "std")}
        size = settings["side"], settings["frames"]
        self.pictures = data.Sounds(folder, self.classes, size, moments, settings)
        self.held = data.Sounds(held, self.classes, size, moments) if held else None
        teacher = None if settings["teacher"] == "none" else networks.frozen("teacher", own["teacher"], run, self.classes)
        guide = networks.frozen("guide", own["guide"], run)
        self.student, self.origin = networks.student(own["student"], run, settings, self.classes, teacher)
        self.distillation = Distillation(settings, self.student, teacher, guide)
