"""Repeats the first steps of the run on the batches it saw, and compares each loss: `python verify.py`. Exit status 0 if they agree."""
import sys

from run import here, read_run  # first: it says in words where there is no PyTorch

import optim
import tensors
import torch
from draws import Draws
from method import handed_over

# Largest difference of a loss, relative to it where it is above 1.
TOLERANCE = 1e-4
# Two scores nearer than this are equal up to rounding: either of two such patches may be kept.
TIE = 1e-5


class Settler:
    """Where two patches' scores tie up to rounding, takes the patch that the run took; counts how often."""

    def __init__(self):
        self.chosen, self.ties, self.others = None, 0, 0

    def __call__(self, kept, score):
        ours, theirs = (torch.zeros_like(score, dtype=torch.bool).scatter_(1, one, True) for one in (kept, self.chosen))
        differing = ours != theirs
        for row in differing.any(dim=1).nonzero().flatten():
            between = score[row][differing[row]]
            tie = between.max() - between.min() <= TIE * score[row].max()
            self.ties += int(tie)
            self.others += int(not tie)
            if tie:
                kept[row] = self.chosen[row]
        return kept


def main():
    torch.manual_seed(0)
    run = read_run()
    settings = run["settings"]
    batches, _ = tensors.load(here("batches.safetensors"))
    distillation = handed_over(run)
    distillation.student.train()
    optimizer = optim.make(distillation.student, settings)
    settler, worst = Settler(), 0.0
    print("step  loss        in the run   here         difference")
    for step, expected in enumerate(run["expected"]):
        batch = {name.split(".", 1)[1]: value for name, value in batches.items() if name.startswith(f"{step}.")}
        settler.chosen = batch["kept"].long() if "kept" in batch else None
        truth = batch["targets"] if "targets" in batch else batch["labels"].long()
        draws = Draws(settings["seed"], step, len(truth))
        values = distillation.step(batch["images"], truth, step, draws, settler).losses
        for name, value in values.items():
            there, ours = expected["losses"][name], float(value.detach())
            difference = abs(ours - there) / max(1.0, abs(there))
            # A loss that is no number agrees with nothing.
            worst = max(worst, difference if difference == difference else float("inf"))
            print(f"{step + 1:<5} {name:<11} {there:<12.7f} {ours:<12.7f} {difference:.1e}")
        optim.set_rate(optimizer, optim.learning_rate(settings, step))
        optimizer.zero_grad()
        distillation.total(values).backward()
        optimizer.step()
    agrees = worst <= TOLERANCE and settler.others == 0
    print(f"Images whose patches were settled by a tie: {settler.ties}; chosen otherwise: {settler.others}.")
    print(f"Largest difference {worst:.1e}, allowed {TOLERANCE:.0e}: {'the losses agree' if agrees else 'THE LOSSES DIFFER'}.")
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
