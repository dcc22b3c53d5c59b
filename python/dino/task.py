"""What train.py needs to know of self-distillation: data, networks, losses and scores."""
import math

import data
import networks
import pictures
import torch
from method import GLOBAL, Distillation, load_network
from neighbours import named_right

from run import fail, here

# Words of the command besides those of train.py.
OWN = {}
# What student.safetensors is.
MADE = "teacher"
WANTED = "a folder of pictures, perhaps with train and val below it"


class Task:
    def __init__(self, run, settings, own):
        for word in ("student", "teacher"):
            if own[word]:
                fail(f"{word}= is not used here.", "A run makes both networks itself; out=FOLDER continues what stands there.")
        folder, held = pictures.folders(own["data"])
        self.classes = pictures.classes_of(folder)
        moments = {name: run[name] for name in ("mean", "std")}
        self.pictures = data.Crops(folder, self.classes, settings, moments)
        self.plain = pictures.Pictures(folder, self.classes, settings["side"], moments)
        self.held = pictures.Pictures(held, self.classes, settings["side"], moments) if held and self.classes else None
        config = networks.config_of(settings, len(run["mean"]))
        same = config == run["student"]
        student = load_network(here("student_initial.safetensors"), config) if same else networks.fresh(config, settings["seed"])
        self.origin = "the run's own, before its first step" if same else "fresh: its size is not that of the run's"
        self.distillation = Distillation(settings, student)

    @property
    def kept(self):
        """What is kept in student.safetensors: the ViT of the teacher, the better one of the two, and what DINO hands out."""
        return self.distillation.trained.teacher.vit()

    def about(self, moments):
        """What that file says."""
        heads = self.distillation.trained.teacher.config["heads"]
        return {"heads": str(heads), **{name: ",".join(map(str, values)) for name, values in moments.items()}}

    def losses(self, batch, step, draws):
        """The loss of a batch, the entropy of the teacher's answers, and how spread these are and how many outputs they use."""
        crops, local = (views.transpose(0, 1).flatten(0, 1) for views in batch)
        made = self.distillation.step(crops, local if len(local) else None, step, draws.views(GLOBAL))
        most, average = math.log(made.answer.shape[1]), made.answer.mean(dim=0)
        use = -torch.special.xlogy(average, average).sum().item() / most
        return made.losses, {"spread": made.losses["entropy"].item() / most, "use": use}

    def scores(self, batches, autocast, processes):
        """Share of the held-out pictures that their neighbours name right, by the teacher's features."""
        teacher = self.distillation.trained.teacher
        return {"knn_top1": named_right(teacher, self.plain, len(self.classes), batches, autocast, processes)}
