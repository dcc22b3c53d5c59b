"""Pictures to learn from without labels. Needs Pillow.

DATA/train/.. and DATA/val/.. (or valid, test); without a folder "train", DATA is learned from. Folders that are named after classes tell
the nearest neighbours of the pictures held out; nothing else is made of them.
"""
import os

import torch
from crops import ENDINGS, HELD, middle
from torch.utils.data import Dataset

from run import fail


def folders(root):
    """The folder to learn from, and the one that is held out or None."""
    train = os.path.join(root, "train")
    held = next((path for path in (os.path.join(root, name) for name in HELD) if os.path.isdir(path)), None)
    return (train, held) if os.path.isdir(train) else (root, None)


def classes_of(folder):
    """Names of the folders in it; none where pictures are not sorted by class."""
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir()) if os.path.isdir(folder) else []


class Pictures(Dataset):
    """Whole pictures [C, side, side] with their class, or -1."""

    def __init__(self, folder, classes, side, moments):
        try:
            from PIL import Image
        except ImportError:
            fail("Pillow, which reads pictures, is not installed.", "pip install pillow, or apt-get install python3-pil.")
        self.image, self.side = Image, side
        self.mean, self.std = (torch.tensor(moments[name]).reshape(-1, 1, 1) for name in ("mean", "std"))
        self.files = []
        for at, _, names in sorted(os.walk(folder)):
            top = os.path.relpath(at, folder).split(os.sep)[0]
            label = classes.index(top) if top in classes else -1
            self.files += [(os.path.join(at, name), label) for name in sorted(names) if name.lower().endswith(ENDINGS)]
        if not self.files:
            fail(f"{folder} has no pictures.", f"They have to end in {', '.join(ENDINGS)}.")

    def __len__(self):
        return len(self.files)

    def opened(self, index):
        with self.image.open(self.files[index][0]) as opened:
            return opened.convert("RGB" if len(self.mean) == 3 else "L")

    def colours(self, picture, side, box):
        """A part of a picture as numbers from 0 to 1, [C, side, side]."""
        part = picture.resize((side, side), self.image.BILINEAR, box=box)
        pixels = torch.frombuffer(bytearray(part.tobytes()), dtype=torch.uint8)
        return pixels.reshape(side, side, -1).permute(2, 0, 1) / 255

    def __getitem__(self, asked):
        index = asked[0]
        picture = self.opened(index)
        return (self.colours(picture, self.side, middle(picture.size)) - self.mean) / self.std, self.files[index][1]
