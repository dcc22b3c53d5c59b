"""What train.py needs to know of self-distillation: data, networks, losses and scores."""
import math

import data
import networks
import torch
import torch.nn.functional as F
from method import GLOBAL, Distillation, load_network
from torch.utils.data import DataLoader

from run import fail, here

# Words of the command besides those of train.py.
OWN = {}
# What student.safetensors is.
MADE = "teacher"
WANTED = "a folder of pictures, perhaps with train and val below it"
# Nearest neighbours as DINO's eval_knn.py has them, among so many pictures that were learned from.
NEIGHBOURS, TEMPERATURE, BANK = 20, 0.07, 2000
# Pictures a look.
BATCH = 64


class Task:
    def __init__(self, run, settings, own):
        for word in ("student", "teacher"):
            if own[word]:
                fail(f"{word}= is not used here.", "A run makes both networks itself; out=FOLDER continues what stands there.")
        folder, held = data.folders(own["data"])
        self.classes = data.classes_of(folder)
        moments = {name: run[name] for name in ("mean", "std")}
        self.pictures = data.Crops(folder, self.classes, settings, moments)
        self.plain = data.Pictures(folder, self.classes, settings["side"], moments)
        self.held = data.Pictures(held, self.classes, settings["side"], moments) if held and self.classes else None
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
        """Share of the held-out pictures whose nearest neighbours among those learned from are of their class."""
        every = max(1, len(self.plain) // BANK)
        asked = [(index, 0, 0) for index in range(0, len(self.plain), every)][:BANK]
        some = [asked[at : at + BATCH] for at in range(0, len(asked), BATCH)]
        bank, known = self.features(DataLoader(self.plain, batch_sampler=some), autocast, processes)
        tokens, labels = self.features(batches, autocast, processes)
        values, indices = (tokens @ bank.t()).topk(min(NEIGHBOURS, len(bank)), dim=1)
        votes = torch.zeros(len(tokens), len(self.classes)).scatter_add_(1, known[indices], (values / TEMPERATURE).exp())
        right, seen = processes.summed([int((votes.argmax(dim=1) == labels).sum()), len(labels)])
        return {"knn_top1": right / seen}

    def features(self, batches, autocast, processes):
        """Class tokens of length 1, and labels."""
        teacher, found, labels = self.distillation.trained.teacher, [], []
        for images, classes in batches:
            with autocast():
                tokens = teacher.class_tokens(images.to(processes.device))
            found.append(F.normalize(tokens.float().cpu(), dim=1))
            labels.append(classes)
        return torch.cat(found), torch.cat(labels)
