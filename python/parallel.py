"""One process or many: `torchrun --nproc_per_node=N train.py ...` starts N, each with its part of every batch."""
import os

import torch
import torch.distributed as dist


class Processes:
    """This process's number, how many there are, and its device: a GPU each where there are any."""

    def __init__(self):
        self.rank, self.count = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self.device = torch.device("cpu")
        if torch.cuda.is_available():
            self.device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", 0)))
            torch.cuda.set_device(self.device)
        if self.count > 1:
            dist.init_process_group("nccl" if self.device.type == "cuda" else "gloo")

    @property
    def first(self):
        """Whether this is the process that writes."""
        return self.rank == 0

    def part(self, batch):
        """This process's part of a batch."""
        size = batch // self.count
        return slice(self.rank * size, (self.rank + 1) * size)

    def wrapped(self, model, some_unused=False):
        """The model, with gradients that are means over all processes; `some_unused`: not every parameter has one in each step."""
        if self.count == 1:
            return model
        devices = [self.device.index] if self.device.type == "cuda" else None
        return torch.nn.parallel.DistributedDataParallel(model, device_ids=devices, find_unused_parameters=some_unused)

    def summed(self, numbers):
        """Sums of numbers over all processes."""
        values = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        if self.count > 1:
            dist.all_reduce(values)
        return values.tolist()

    def wait(self):
        if self.count > 1:
            dist.barrier()

    def end(self):
        if self.count > 1:
            dist.destroy_process_group()


def mean(value):
    """The mean of a number over all processes, without a gradient."""
    if not (dist.is_available() and dist.is_initialized()):
        return value
    value = value.detach().clone()
    dist.all_reduce(value)
    return value / dist.get_world_size()
