"""Pictures with their objects, as many as there are detection tokens."""
import torch
from coco import Objects


class Pictures(Objects):
    def __init__(self, root, content, classes, side, moments, tokens, settings=None):
        super().__init__(root, content, classes, side, moments, settings)
        self.count, self.tokens = len(classes), tokens

    def taught(self, boxes, labels, step, place):
        """Classes [M] and corners [M, 4] of the objects, of too many the largest; the number of classes where there are no more."""
        areas = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
        some = areas.argsort(descending=True)[: self.tokens] if len(boxes) > self.tokens else torch.arange(len(boxes))
        wanted, corners = torch.full((self.tokens,), self.count), torch.zeros(self.tokens, 4)
        wanted[: len(some)], corners[: len(some)] = labels[some], boxes[some].float()
        return wanted, corners
