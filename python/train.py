"""Trains the run's student on pictures of any number and size:

    python train.py data=FOLDER out=FOLDER side=224 steps=100000 lr=5e-4 batch=256
    torchrun --nproc_per_node=4 train.py data=FOLDER ...

Every setting of `run.json` may be given as key=value. What stands in `out` already is continued.
"""
import json
import os
import sys
import time

from run import changed, fail, read_run  # first: it says in words where there is no PyTorch

import data
import networks
import optim
import tensors
import torch
from draws import Draws
from method import Distillation
from parallel import Processes

# The command's own words. amp: none, bfloat16 or float16. mean and std: of pixels in 0..1, by channel, where the teacher wants
# others than the run's. every: steps between two lines of the log. save: steps between two checkpoints.
OWN = {
    "data": "", "out": "out", "student": "", "teacher": "", "guide": "", "mean": "", "std": "",
    "amp": "none", "workers": 2, "every": 10, "save": 1000,
}  # fmt: skip
TYPES = {"none": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Training:
    def __init__(self, words):
        self.processes = Processes()
        run = self.run = read_run()
        self.settings, self.own = changed(run["settings"], words, OWN)
        settings, own, processes = self.settings, self.own, self.processes
        if settings["batch"] % processes.count:
            fail(f"A batch of {settings['batch']} cannot be shared by {processes.count} processes.", "Make it a multiple.")
        if own["amp"] not in TYPES:
            fail(f"amp cannot be {own['amp']}.", f"Use one of {', '.join(TYPES)}.")
        self.moments = {
            name: [float(one) for one in own[name].split(",")] if own[name] else run[name] for name in ("mean", "std")
        }
        run.update(self.moments)
        self.open_data()
        if own["teacher"] == "none":
            settings["teacher"] = "none"
        alone = settings["teacher"] == "none"
        teacher = None if alone else networks.frozen("teacher", own["teacher"], run, self.classes)
        guide = networks.frozen("guide", own["guide"], run)
        student, origin = networks.student(own["student"], run, settings, self.classes, teacher)
        self.say(f"student: {origin}")
        self.distillation = Distillation(settings, student, teacher, guide).to(processes.device)
        self.optimizer = optim.make(student, settings)
        self.scaler = torch.cuda.amp.GradScaler(enabled=own["amp"] == "float16" and processes.device.type == "cuda")
        self.student, self.step, self.top1 = student, 0, None
        os.makedirs(own["out"], exist_ok=True)
        self.resume()
        self.distillation.student = processes.wrapped(student)
        self.teacher_name = own["teacher"] or run.get("teacherName", "") if teacher is not None else None

    def open_data(self):
        settings, own = self.settings, self.own
        if not own["data"]:
            fail("No data are named.", "Give data=FOLDER, with a folder of pictures for each class.")
        folder, held = data.folders(own["data"])
        self.classes = data.classes_of(folder)
        self.pictures = data.Pictures(folder, self.classes, settings["side"], self.moments, settings)
        self.held = data.Pictures(held, self.classes, settings["side"], self.moments) if held else None

    def data_facts(self):
        """Name and size of the data; with the id of the run's data where names of classes and numbers of pictures are the same."""
        name, held = os.path.basename(os.path.abspath(self.own["data"])), len(self.held or ())
        facts, known = {"name": name, "train": len(self.pictures), "test": held}, self.run["data"]
        alike = sorted(self.run["classes"]) == self.classes and all(known[half] == facts[half] for half in ("train", "test"))
        return {**facts, "id": known["id"]} if alike else facts

    def say(self, text):
        if self.processes.first:
            print(text, flush=True)

    def path(self, name):
        return os.path.join(self.own["out"], name)

    def log(self, row):
        """A line of log.jsonl: the same rows as the command `distill --json` prints."""
        if not self.processes.first:
            return
        line = json.dumps(row)
        print(line, flush=True)
        with open(self.path("log.jsonl"), "a", encoding="utf-8") as file:
            file.write(f"{line}\n")

    def resume(self):
        if not os.path.exists(self.path("checkpoint.pt")):
            return
        saved = torch.load(self.path("checkpoint.pt"), map_location=self.processes.device)
        if saved["settings"] != self.settings:
            fail(f"{self.own['out']} holds a run of other settings.", "Give those settings, or another out=FOLDER.")
        self.student.load_state_dict(saved["student"], strict=True)
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        self.step = saved["step"]
        self.shorten_log()
        self.say(f"continuing at step {self.step}")

    def shorten_log(self):
        """Steps after the checkpoint will be made again, and logged again."""
        if not self.processes.first or not os.path.exists(self.path("log.jsonl")):
            return
        with open(self.path("log.jsonl"), encoding="utf-8") as file:
            lines = [line for line in file if json.loads(line).get("step", 0) <= self.step]
        with open(self.path("log.jsonl"), "w", encoding="utf-8") as file:
            file.writelines(lines)

    def save(self):
        if not self.processes.first:
            return
        state = {"settings": self.settings, "step": self.step, "student": self.student.state_dict()}
        state.update(optimizer=self.optimizer.state_dict(), scaler=self.scaler.state_dict())
        torch.save(state, self.path("checkpoint.pt.part"))
        os.replace(self.path("checkpoint.pt.part"), self.path("checkpoint.pt"))
        metadata = {
            "format": "pt", "heads": str(self.student.config["heads"]), "data": os.path.basename(os.path.abspath(self.own["data"])),
            "classes": json.dumps(self.classes), **{name: ",".join(map(str, values)) for name, values in self.moments.items()},
        }  # fmt: skip
        if self.top1 is not None:
            metadata["top1"] = f"{self.top1:.4f}"
        tensors.save(self.student.state_dict(), self.path("student.safetensors"), metadata)

    def autocast(self):
        kind = TYPES[self.own["amp"]]
        return torch.autocast(self.processes.device.type, dtype=kind or torch.bfloat16, enabled=kind is not None)

    def update(self, images, labels):
        """One step; returns its losses and rates by name, means over all processes."""
        settings, processes = self.settings, self.processes
        rate = optim.learning_rate(settings, self.step)
        optim.set_rate(self.optimizer, rate)
        draws = Draws(settings["seed"], self.step, settings["batch"], processes.part(settings["batch"]), processes.device)
        with self.autocast():
            made = self.distillation.step(images, labels, self.step, draws)
        self.optimizer.zero_grad()
        self.scaler.scale(self.distillation.total(made.losses)).backward()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.step += 1
        return made

    def row(self, made, labels):
        student = made.student.logits.argmax(dim=1)
        values = {name: float(value.detach()) for name, value in made.losses.items()}
        values["student_top1"] = share(student, labels)
        if made.teacher is not None:
            teacher = made.teacher.logits.argmax(dim=1)
            values.update(teacher_top1=share(teacher, labels), agreement=share(student, teacher))
        means = [value / self.processes.count for value in self.processes.summed(list(values.values()))]
        return dict(zip(values, means))

    @torch.no_grad()
    def evaluate(self):
        """Share of the held-out pictures that the student names right."""
        self.student.eval()
        right = seen = 0
        batches = data.Held(len(self.held), max(1, self.settings["batch"] // self.processes.count), self.processes)
        for images, labels in data.loader(self.held, batches, self.own["workers"]):
            with self.autocast():
                logits = self.student(images.to(self.processes.device)).logits
            right += int((logits.argmax(dim=1).cpu() == labels).sum())
            seen += len(labels)
        self.student.train()
        right, seen = self.processes.summed([right, seen])
        self.top1 = right / seen
        return self.top1

    def train(self):
        settings, own, processes = self.settings, self.own, self.processes
        if self.step == 0:
            named = self.data_facts()
            losses = list(self.distillation.weights())
            self.log({"run": settings, "losses": losses, "data": named, "teacher": self.teacher_name, "processes": processes.count})
        order = data.Order(len(self.pictures), settings, processes.part(settings["batch"]), self.step)
        self.student.train()
        before = time.perf_counter()
        for images, labels in data.loader(self.pictures, order, own["workers"]):
            images, labels = (one.to(processes.device, non_blocking=True) for one in (images, labels))
            made = self.update(images, labels)
            last = self.step == settings["steps"]
            if self.step % own["every"] == 0 or last or self.step == 1:
                row = self.row(made, labels)
                broken = next((name for name in made.losses if row[name] != row[name] or abs(row[name]) == float("inf")), None)
                if broken:
                    fail(f'The loss "{broken}" is no longer a number at step {self.step}.', "Lower the learning rate and start again.")
                spent = (time.perf_counter() - before) * 1000
                self.log({"step": self.step, **row, "images_per_s": round(1000 * settings["batch"] / spent, 1), "step_ms": spent})
            if self.held and (self.step % settings["evaluate"] == 0 or last):
                self.log({"step": self.step, "heldout_top1": self.evaluate(), "heldout": len(self.held)})
            if self.step % own["save"] == 0 or last:
                self.save()
            before = time.perf_counter()
        processes.wait()
        processes.end()
        self.say(f"{self.path('student.safetensors')}: the student after {self.step} steps")


def share(a, b):
    return (a == b).double().mean().item()


if __name__ == "__main__":
    Training(sys.argv[1:]).train()
