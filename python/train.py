"""Trains the run's student on pictures of any number and size:

    python train.py data=FOLDER out=FOLDER steps=100000 lr=5e-4 batch=256
    torchrun --nproc_per_node=4 train.py data=FOLDER ...

Every setting of `run.json` may be given as key=value. What stands in `out` already is continued.
"""
import json
import os
import sys
import time

from run import changed, fail, read_run  # first: it says in words where there is no PyTorch

import optim
import task
import tensors
import torch
from draws import Draws
from order import Held, Order, loader
from parallel import Processes

# The command's own words, besides the task's. amp: none, bfloat16 or float16. mean and std: of pixels in 0..1, by channel, where
# the teacher wants others than the run's. every: steps between two lines of the log. save: steps between two checkpoints.
OWN = {
    "data": "", "out": "out", "student": "", "teacher": "", "mean": "", "std": "",
    "amp": "none", "workers": 2, "every": 10, "save": 1000,
}  # fmt: skip
TYPES = {"none": None, "bfloat16": torch.bfloat16, "float16": torch.float16}


class Training:
    def __init__(self, words):
        self.processes = processes = Processes()
        run = self.run = read_run()
        # What the run measured, such as weights of losses, is taken as it was in the end.
        self.settings, self.own = changed({**run["settings"], **run["latest"]}, words, {**OWN, **task.OWN})
        settings, own = self.settings, self.own
        if settings["batch"] % processes.count:
            fail(f"A batch of {settings['batch']} cannot be shared by {processes.count} processes.", "Make it a multiple.")
        if own["amp"] not in TYPES:
            fail(f"amp cannot be {own['amp']}.", f"Use one of {', '.join(TYPES)}.")
        if not own["data"]:
            fail("No data are named.", f"Give data=FOLDER, with {task.WANTED}.")
        self.moments = {
            name: [float(one) for one in own[name].split(",")] if own[name] else run[name] for name in ("mean", "std")
        }
        run.update(self.moments)
        if own["teacher"] == "none":
            settings["teacher"] = "none"
        self.task = task.Task(run, settings, own)
        self.say(f"student: {self.task.origin}")
        self.distillation = self.task.distillation.to(processes.device)
        self.trained, self.step, self.scores = self.distillation.trained, 0, {}
        self.optimizer = optim.make(self.trained, settings, self.distillation.decays, self.distillation.beta2)
        self.scaler = torch.cuda.amp.GradScaler(enabled=own["amp"] == "float16" and processes.device.type == "cuda")
        os.makedirs(own["out"], exist_ok=True)
        self.resume()
        self.distillation.wrap(processes.wrapped)
        self.teacher_name = own["teacher"] or run.get("teacherName", "") if settings["teacher"] != "none" else None

    def data_facts(self):
        """Name and size of the data; with the id of the run's data where names of classes and numbers of pictures are the same."""
        name, held = os.path.basename(os.path.abspath(self.own["data"])), len(self.task.held or ())
        facts, known = {"name": name, "train": len(self.task.pictures), "test": held}, self.run["data"]
        same = sorted(self.run["classes"]) == sorted(self.task.classes) and all(known[half] == facts[half] for half in ("train", "test"))
        return {**facts, "id": known["id"]} if same else facts

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
        self.trained.load_state_dict(saved["trained"], strict=True)
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
        state = {"settings": self.settings, "step": self.step, "trained": self.trained.state_dict()}
        state.update(optimizer=self.optimizer.state_dict(), scaler=self.scaler.state_dict())
        torch.save(state, self.path("checkpoint.pt.part"))
        os.replace(self.path("checkpoint.pt.part"), self.path("checkpoint.pt"))
        about = {"format": "pt", "data": os.path.basename(os.path.abspath(self.own["data"])), "classes": json.dumps(self.task.classes)}
        about.update(self.task.about(self.moments))
        about.update({name: f"{score:.4f}" for name, score in list(self.scores.items())[:1]})
        tensors.save(self.task.kept, self.path("student.safetensors"), about)

    def autocast(self):
        kind = TYPES[self.own["amp"]]
        return torch.autocast(self.processes.device.type, dtype=kind or torch.bfloat16, enabled=kind is not None)

    def update(self, batch):
        """One step; returns its losses and rates by name, of this process's part."""
        settings, processes = self.settings, self.processes
        rate = optim.learning_rate(settings, self.step)
        optim.set_rate(self.optimizer, rate)
        self.distillation.before(self.optimizer, self.step)
        draws = Draws(settings["seed"], self.step, settings["batch"], processes.part(settings["batch"]), processes.device)
        with self.autocast():
            losses, rates = self.task.losses(batch, self.step, draws)
        self.optimizer.zero_grad(set_to_none=True)
        self.scaler.scale(self.distillation.total(losses)).backward()
        if self.run["clip"]:
            self.scaler.unscale_(self.optimizer)
            optim.clip(self.optimizer, self.run["clip"], self.run["limit"])
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.distillation.after(self.step)
        self.step += 1
        return losses, rates

    def row(self, losses, rates):
        """Losses and rates, means over all processes. Ends where a loss is no number."""
        values = {**{name: float(value.detach()) for name, value in losses.items()}, **rates}
        means = [value / self.processes.count for value in self.processes.summed(list(values.values()))]
        row = dict(zip(values, means))
        broken = next((name for name in losses if row[name] != row[name] or abs(row[name]) == float("inf")), None)
        if broken:
            fail(f'The loss "{broken}" is no longer a number at step {self.step}.', "Lower the learning rate and start again.")
        return row

    @torch.no_grad()
    def evaluate(self):
        """The student's scores on the pictures that are held out."""
        self.trained.eval()
        batch = max(1, self.settings["batch"] // self.processes.count)
        batches = loader(self.task.held, Held(len(self.task.held), batch, self.processes), self.own["workers"])
        self.scores = self.task.scores(batches, self.autocast, self.processes)
        self.trained.train()
        return {f"heldout_{name}": score for name, score in self.scores.items()}

    def train(self):
        settings, own, processes = self.settings, self.own, self.processes
        order = Order(len(self.task.pictures), settings, processes.part(settings["batch"]), self.step)
        self.trained.train()
        before = time.perf_counter()
        for loaded in loader(self.task.pictures, order, own["workers"]):
            losses, rates = self.update([one.to(processes.device, non_blocking=True) for one in loaded])
            last = self.step == settings["steps"]
            if self.step == 1:
                about = {"data": self.data_facts(), "teacher": self.teacher_name, "processes": processes.count}
                self.log({"run": settings, "losses": list(losses), **about})
            if self.step % own["every"] == 0 or last or self.step == 1:
                row = self.row(losses, rates)
                spent = (time.perf_counter() - before) * 1000
                self.log({"step": self.step, **row, "images_per_s": round(1000 * settings["batch"] / spent, 1), "step_ms": spent})
            if self.task.held and (self.step % settings["evaluate"] == 0 or last):
                self.log({"step": self.step, **self.evaluate(), "heldout": len(self.task.held)})
            if self.step % own["save"] == 0 or last:
                self.save()
            before = time.perf_counter()
        processes.wait()
        processes.end()
        self.say(f"{self.path('student.safetensors')}: the {task.MADE} after {self.step} steps")


if __name__ == "__main__":
    Training(sys.argv[1:]).train()
