"""The crops of each picture that are compared. Everything random is a function of seed, step and place in the batch: any number of
processes sees the same crops.
"""
import random

import torch
from crops import window
from pictures import Pictures

# Least share of the area that a small crop shows, and how far colours stray at strength 1, as in DINO's code.
LEAST, SHARE = 0.05, 0.8
BRIGHTNESS, CONTRAST, SATURATION, HUE = 0.4, 0.4, 0.2, 0.1
GREY = torch.tensor([0.299, 0.587, 0.114]).reshape(3, 1, 1)


class Crops(Pictures):
    """Crops of each picture: two large ones [2, C, side, side], and `crops` small ones [n, C, localSide, localSide]."""

    def __init__(self, folder, classes, settings, moments):
        super().__init__(folder, classes, settings["side"], moments)
        self.settings = settings

    def __getitem__(self, asked):
        """`asked` is (index, step, place): which picture, and for which place of which batch."""
        index, step, place = asked
        settings, picture = self.settings, self.opened(index)
        draws = random.Random(f"{settings['seed']} {step} {place}")
        small = settings["localSide"]
        large = [self.crop(picture, self.side, (settings["crop"], 1), draws) for _ in range(2)]
        local = [self.crop(picture, small, (LEAST, settings["crop"]), draws) for _ in range(settings["crops"])]
        return torch.stack(large), torch.stack(local) if local else torch.zeros(0, len(self.mean), small, small)

    def crop(self, picture, side, shares, draws):
        least, most = shares
        colours = self.colours(picture, side, window(picture.size, least, draws, most))
        if draws.random() < 0.5:
            colours = colours.flip(-1)
        return (jittered(colours, self.settings["jitter"], self.settings["grey"], draws) - self.mean) / self.std


def jittered(colours, strength, grey, draws):
    """Other brightness, contrast, saturation and hue for 8 crops of 10, and some grey, each decided by itself."""
    factor = lambda most: 1 + strength * most * (2 * draws.random() - 1)  # noqa: E731
    if draws.random() < SHARE:
        colours = (colours * factor(BRIGHTNESS)).clamp(0, 1)
        level = luma(colours).mean()
        colours = (level + factor(CONTRAST) * (colours - level)).clamp(0, 1)
        if len(colours) == 3:
            own = luma(colours)
            colours = turned((own + factor(SATURATION) * (colours - own)).clamp(0, 1), strength * HUE * (2 * draws.random() - 1))
    return luma(colours).expand_as(colours) if draws.random() < grey else colours


def luma(colours):
    return (GREY * colours).sum(dim=0, keepdim=True) if len(colours) == 3 else colours


def turned(colours, share):
    """Hue turned by a share of the circle."""
    high, low = colours.max(dim=0).values, colours.min(dim=0).values
    chroma = high - low
    r, g, b = colours
    safe = chroma.clamp(min=1e-12)
    hue = torch.where(high == r, (g - b) / safe, torch.where(high == g, 2 + (b - r) / safe, 4 + (r - g) / safe))
    hue = (hue + 6 * share) % 6
    # Red, green and blue of pure hues, where red is 0, green 2 and blue 4.
    pure = (hue - 3).abs() - 1, 2 - (hue - 2).abs(), 2 - (hue - 4).abs()
    return torch.stack([low + chroma * part.clamp(0, 1) for part in pure])
