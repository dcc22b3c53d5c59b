"""Pictures with what each prior is to answer."""
import torch
from coco import Objects

# Boxes of a picture that a method sees; objects beyond these count in the targets alone.
SLOTS = 64


class Pictures(Objects):
    """`assigner` gives the targets; `hidden(boxes, step, place)` says which objects a mask hides."""

    def __init__(self, root, content, classes, side, moments, assigner, settings=None, hidden=None):
        super().__init__(root, content, classes, side, moments, settings)
        self.assigner, self.hidden = assigner, hidden

    def taught(self, boxes, labels, step, place):
        """Targets of losses.py, and the boxes [SLOTS, 4], empty where there are no more."""
        hidden = self.hidden(boxes, step, place) if self.hidden else None
        slots = torch.cat([boxes, boxes.new_zeros(SLOTS, 4)])[:SLOTS].float()
        return (*self.assigner(boxes, labels, hidden), slots)
