"""How well features tell classes apart that no label has formed: by their nearest neighbours."""
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader

# As DINO's eval_knn.py has them, among so many pictures that were learned from.
NEIGHBOURS, TEMPERATURE, BANK = 20, 0.07, 2000
# Pictures a look.
BATCH = 64


def features(network, batches, autocast, processes):
    """Class tokens of length 1 after the last norm, and labels."""
    found, labels = [], []
    for images, classes in batches:
        with autocast():
            tokens = network.class_tokens(images.to(processes.device))
        found.append(F.normalize(tokens.float().cpu(), dim=1))
        labels.append(classes)
    return torch.cat(found), torch.cat(labels)


def named_right(network, plain, classes, batches, autocast, processes):
    """Share of held-out pictures whose nearest neighbours, of some of the `plain` pictures, are of their class."""
    every = max(1, len(plain) // BANK)
    asked = [(index, 0, 0) for index in range(0, len(plain), every)][:BANK]
    some = [asked[at : at + BATCH] for at in range(0, len(asked), BATCH)]
    bank, known = features(network, DataLoader(plain, batch_sampler=some), autocast, processes)
    tokens, labels = features(network, batches, autocast, processes)
    values, indices = (tokens @ bank.t()).topk(min(NEIGHBOURS, len(bank)), dim=1)
    votes = torch.zeros(len(tokens), classes).scatter_add_(1, known[indices], (values / TEMPERATURE).exp())
    right, seen = processes.summed([int((votes.argmax(dim=1) == labels).sum()), len(labels)])
    return right / seen
