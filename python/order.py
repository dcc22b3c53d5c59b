"""Which pictures each step sees, and the loader that reads them. Any number of processes sees the same pictures."""
import torch
from torch.utils.data import DataLoader


class Order:
    """What the steps from `first` on see, this process's part: every picture once per epoch, in a new order each time."""

    def __init__(self, count, settings, part, first):
        self.count, self.settings, self.part, self.first = count, settings, part, first

    def __len__(self):
        return self.settings["steps"] - self.first

    def __iter__(self):
        epoch, order, batch = -1, [], self.settings["batch"]
        for step in range(self.first, self.settings["steps"]):
            asked = []
            for place in range(batch):
                at = step * batch + place
                if at // self.count != epoch:
                    epoch = at // self.count
                    generator = torch.Generator().manual_seed(self.settings["seed"] + 1_000_003 * epoch)
                    order = torch.randperm(self.count, generator=generator).tolist()
                asked.append((order[at % self.count], step, place))
            yield asked[self.part]


class Held:
    """All pictures once, in batches; of several processes each takes every so many-th."""

    def __init__(self, count, batch, processes):
        self.mine = [(index, 0, 0) for index in range(processes.rank, count, processes.count)]
        self.batch = batch

    def __len__(self):
        return -(-len(self.mine) // self.batch)

    def __iter__(self):
        return (self.mine[at : at + self.batch] for at in range(0, len(self.mine), self.batch))


def loader(pictures, batches, workers):
    return DataLoader(pictures, batch_sampler=batches, num_workers=workers, pin_memory=torch.cuda.is_available())
