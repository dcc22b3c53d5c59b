"""Repeats the first steps of the run on the batches it saw, and compares each loss: `python verify.py`. Exit status 0 if they agree."""
import sys

from run import here, read_run  # first: it says in words where there is no PyTorch

import optim
import tensors
import torch
from method import handed_over

# Largest difference of a loss, relative to it where it is above 1.
TOLERANCE = 1e-4
def main():
    torch.manual_seed(0)
    run = read_run()
    settings = run["settings"]
    batches, _ = tensors.load(here("batches.safetensors"))
    distillation = handed_over(run)
    distillation.trained.train()
    optimizer = optim.make(distillation.trained, settings, distillation.decays, distillation.beta2)
    worst = 0.0
    print("step  loss        in the run   here         difference")
    for step, expected in enumerate(run["expected"]):
        # What the run measured before this step, such as weights of losses.
        settings.update({one["key"]: one["to"] for one in run["measured"] if one["step"] == step})
        batch = {name.split(".", 1)[1]: value for name, value in batches.items() if name.startswith(f"{step}.")}
        values = distillation.repeat(batch, step)
        for name in [*values, *(name for name in expected["losses"] if name not in values)]:
            there = expected["losses"].get(name, float("nan"))
            ours = float(values[name].detach()) if name in values else float("nan")
            difference = abs(ours - there) / max(1.0, abs(there))
            # A loss that is no number, or that only one of the two has, agrees with nothing.
            worst = max(worst, difference if difference == difference else float("inf"))
            print(f"{step + 1:<5} {name:<11} {there:<12.7f} {ours:<12.7f} {difference:.1e}")
        optim.set_rate(optimizer, optim.learning_rate(settings, step))
        distillation.before(optimizer, step)
        optimizer.zero_grad(set_to_none=True)
        distillation.total(values).backward()
        optim.clip(optimizer, run["clip"], run["limit"])
        optimizer.step()
        distillation.after(step)
    remark, alike = distillation.remark()
    agrees = worst <= TOLERANCE and alike
    if remark:
        print(remark)
    print(f"Largest difference {worst:.1e}, allowed {TOLERANCE:.0e}: {'the losses agree' if agrees else 'THE LOSSES DIFFER'}.")
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
