"""Pictures in folders that are named after their classes, as torchvision's ImageFolder has them. Needs Pillow.

DATA/train/CLASS/.. and DATA/val/CLASS/.. (or valid, test); without a folder "train", DATA/CLASS/.. is learned from. Everything
random is a function of seed, step and place in the batch: any number of processes sees the same pictures.
"""
import os
import random

import torch
import torch.nn.functional as F
from crops import ENDINGS, HELD, middle, window
from torch.utils.data import Dataset

from run import fail

AUGMENTATIONS = ("none", "light", "crop")


def folders(root):
    """The folder to learn from, and the one that is held out or None."""
    train = os.path.join(root, "train")
    held = next((path for path in (os.path.join(root, name) for name in HELD) if os.path.isdir(path)), None)
    return (train, held) if os.path.isdir(train) else (root, None)


def classes_of(folder):
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir()) if os.path.isdir(folder) else []
    return names or fail(f"{folder} has no folders of classes.", "Give data=FOLDER with a folder for each class.")


class Pictures(Dataset):
    """Normalised images [C, side, side] with their classes; `settings` augment them where there are any."""

    def __init__(self, folder, classes, side, moments, settings=None):
        try:
            from PIL import Image
        except ImportError:
            fail("Pillow, which reads pictures, is not installed.", "pip install pillow, or apt-get install python3-pil.")
        if settings and settings["augment"] not in AUGMENTATIONS:
            fail(f"train.py does not augment={settings['augment']}.", f"Use one of {', '.join(AUGMENTATIONS)}; crop comes nearest.")
        self.image, self.side, self.settings = Image, side, settings
        self.mean, self.std = (torch.tensor(values).reshape(-1, 1, 1) for values in (moments["mean"], moments["std"]))
        self.files = [
            (os.path.join(at, name), label)
            for label, one in enumerate(classes)
            for at, _, names in sorted(os.walk(os.path.join(folder, one)))
            for name in sorted(names)
            if name.lower().endswith(ENDINGS)
        ]
        if not self.files:
            fail(f"{folder} has no pictures.", f"They have to end in {', '.join(ENDINGS)}.")

    def __len__(self):
        return len(self.files)

    def __getitem__(self, asked):
        """`asked` is (index, step, place): which picture, and for which place of which batch."""
        index, step, place = asked
        path, label = self.files[index]
        augment = self.settings["augment"] if self.settings else "none"
        draws = random.Random(f"{self.settings['seed']} {step} {place}") if self.settings else None
        with self.image.open(path) as opened:
            picture = opened.convert("RGB" if len(self.mean) == 3 else "L")
        crops = augment == "crop" or (augment == "light" and self.settings["crop"] < 1)
        box = window(picture.size, self.settings["crop"], draws) if crops else middle(picture.size)
        image = self.tensor(picture.resize((self.side, self.side), self.image.BILINEAR, box=box))
        if augment == "light":
            image = shifted(image, self.side // 8, draws)
        if augment != "none" and draws.random() < 0.5:
            image = image.flip(-1)
        return image, label

    def tensor(self, picture):
        pixels = torch.frombuffer(bytearray(picture.tobytes()), dtype=torch.uint8)
        return (pixels.reshape(self.side, self.side, -1).permute(2, 0, 1) / 255 - self.mean) / self.std


def shifted(image, reach, draws):
    """Moved by up to `reach` pixels each way; the border is repeated."""
    side = image.shape[-1]
    wide = F.pad(image[None], (reach,) * 4, mode="replicate")[0]
    top, left = draws.randint(0, 2 * reach), draws.randint(0, 2 * reach)
    return wide[:, top : top + side, left : left + side]
