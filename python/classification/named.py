"""Losses and scores of networks that name what they see: the part of a task that is the same for pictures and for pictures of sounds."""


class Named:
    """`distillation`, `student`, and what an instance's task.py adds."""

    @property
    def kept(self):
        """What student.safetensors holds."""
        return self.student.state_dict()

    def about(self, moments):
        """What the student's file says besides its classes."""
        config = self.student.config
        activation = {} if config["activation"] == "gelu" else {"activation": config["activation"]}
        oblong = "columns" in config or "stride" in config
        cut = [config["image"], config.get("columns", config["image"]), config.get("stride", config["patch"])]
        means = {name: ",".join(map(str, values)) for name, values in moments.items()}
        return {"heads": str(config["heads"]), **activation, **({"cut": ",".join(map(str, cut))} if oblong else {}), **means}

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
