"""A crop of each picture, mirrored half of the time. What is random is a function of seed, step and place in the batch: any number of
processes sees the same crops.
"""
import random

from crops import window
from pictures import Pictures


class Crops(Pictures):
    """Normalised images [C, side, side]."""

    def __init__(self, folder, classes, settings, moments):
        super().__init__(folder, classes, settings["side"], moments)
        self.settings = settings

    def __getitem__(self, asked):
        """`asked` is (index, step, place): which picture, and for which place of which batch."""
        index, step, place = asked
        picture, draws = self.opened(index), random.Random(f"{self.settings['seed']} {step} {place}")
        colours = self.colours(picture, self.side, window(picture.size, self.settings["crop"], draws))
        if draws.random() < 0.5:
            colours = colours.flip(-1)
        return ((colours - self.mean) / self.std,)
