"""Pictures with masks. Needs Pillow.

DATA/train/images/NAME.jpg with DATA/train/masks/NAME.png, and the same below DATA/val (or valid, test) for what is held out. A mask's
values, grey or of a palette, are classes; 255 is none. DATA/classes.txt names them, a line for each from 0 on. Everything random is a
function of seed, step and place in the batch.
"""
import os
import random

import torch
from method import IGNORE
from squares import Jitter, fitted
from torch.utils.data import Dataset

from run import fail

HELD = ("val", "valid", "validation", "test")
AUGMENTATIONS = ("none", "light")


def folders(root):
    """The folder to learn from, and the one that is held out or None."""
    held = next((path for path in (os.path.join(root, name) for name in HELD) if os.path.isdir(path)), None)
    return os.path.join(root, "train"), held


def classes_of(root):
    try:
        with open(os.path.join(root, "classes.txt"), encoding="utf-8") as file:
            return [line.strip() for line in file if line.strip()]
    except OSError:
        fail(f"{root} has no classes.txt.", "Write the names of the classes into it, a line for each, from value 0 on.")


class Pictures(Dataset):
    """Normalised images [3, side, side] with the class of each pixel [side, side]; `settings` augment them where there are any."""

    def __init__(self, folder, classes, side, moments, settings=None):
        try:
            from PIL import Image
        except ImportError:
            fail("Pillow, which reads pictures, is not installed.", "pip install pillow, or apt-get install python3-pil.")
        if settings and settings["augment"] not in AUGMENTATIONS:
            fail(f"train.py does not augment={settings['augment']}.", f"Use one of {', '.join(AUGMENTATIONS)}.")
        self.image, self.count, self.side, self.settings = Image, len(classes), side, settings
        self.mean, self.std = (torch.tensor(moments[name]).reshape(-1, 1, 1) for name in ("mean", "std"))
        masks = names_in(os.path.join(folder, "masks"))
        images = names_in(os.path.join(folder, "images"))
        alone = sorted(set(images) ^ set(masks))
        if alone or not images:
            what = f"has {alone[0]} in images or masks alone" if alone else "has no pictures"
            fail(f"{folder} {what}.", "Put pictures into images and their masks under the same names into masks.")
        self.files = [(images[name], masks[name]) for name in sorted(images)]

    def __len__(self):
        return len(self.files)

    def __getitem__(self, asked):
        """`asked` is (index, step, place): which picture, and for which place of which batch."""
        index, step, place = asked
        picture, mask = self.files[index]
        with self.image.open(picture) as opened:
            image, fit = fitted(opened.convert("RGB"), self.side, self.mean, self.std, self.image.BILINEAR)
        with self.image.open(mask) as opened:
            if opened.mode not in ("L", "P"):
                fail(f"{mask} is of the kind {opened.mode}.", "Save masks as PNG, grey with 8 bits or with a palette.")
            width, height = fit.size
            values = torch.frombuffer(bytearray(opened.resize(fit.size, self.image.NEAREST).tobytes()), dtype=torch.uint8)
        labels = fit.put(values.reshape(height, width).long(), torch.full((self.side, self.side), IGNORE))
        unknown = labels[(labels >= self.count) & (labels != IGNORE)]
        if len(unknown):
            fail(f"{mask} has the value {int(unknown[0])}; classes.txt names {self.count}.", "Name all classes, or write 255 for none.")
        if self.settings and self.settings["augment"] == "light":
            jitter = Jitter(self.side, random.Random(f"{self.settings['seed']} {step} {place}"))
            # 0 is where nothing is.
            moved = jitter.moved((labels[None] + 1).float(), "nearest")[0].long()
            image, labels = jitter.image(image, self.mean, self.std), torch.where(moved == 0, IGNORE, moved - 1)
        return image, labels


def names_in(folder):
    """Paths of the files in a folder, by their names without endings."""
    entries = [entry for entry in os.scandir(folder) if entry.is_file()] if os.path.isdir(folder) else []
    return {os.path.splitext(entry.name)[0]: entry.path for entry in entries}
