"""What train.py needs to know of classification: data, networks, losses and scores."""
import data
import networks
from method import Distillation

# Words of the command besides those of train.py.
OWN = {"guide": ""}
WANTED = "a folder of pictures for each class"


class Task:
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

    def about(self, moments):
        """What the student's file says besides its classes."""
        config = self.student.config
        activation = {} if config["activation"] == "gelu" else {"activation": config["activation"]}
        means = {name: ",".join(map(str, values)) for name, values in moments.items()}
        return {"heads": str(config["heads"]), **activation, **means}

    def losses(self, batch, step, draws):
        """Losses of a batch, and the shares that student and teacher name right."""
        images, labels = batch
        made = self.distillation.step(images, labels, step, draws)
        student = made.student.logits.argmax(dim=1)
        rates = {"student_top1": share(student, labels)}
        if made.teacher is not None:
            teacher = made.teacher.logits.argmax(dim=1)
            rates.update(teacher_top1=share(teacher, labels), agreement=share(student, teacher))
        return made.losses, rates

    def scores(self, batches, autocast, processes):
        """Share of the pictures that the student names right."""
        right = seen = 0
        for images, labels in batches:
            with autocast():
                logits = self.student(images.to(processes.device)).logits
            right += int((logits.argmax(dim=1).cpu() == labels).sum())
            seen += len(labels)
        right, seen = processes.summed([right, seen])
        return {"top1": right / seen}


def share(a, b):
    return (a == b).double().mean().item()
