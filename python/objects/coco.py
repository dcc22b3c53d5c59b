"""Pictures with boxes in COCO's format. Needs Pillow.

Somewhere below DATA lies a JSON file for each part, named after it or in a folder of its name: `instances_train2017.json`,
`train/_annotations.coco.json`; the part that is held out is called val, valid or test. Pictures are found by their file_name below
DATA. Each is fitted into a square, whole; everything random is a function of seed, step and place in the batch.
"""
import json
import os
import random

import torch
from torch.utils.data import Dataset

from run import fail
from squares import Jitter, fitted

HELD = ("val", "valid", "validation", "test")
AUGMENTATIONS = ("none", "light")
# Of a box at least this share, and this many pixels each way, must remain.
LEAST_SHARE, LEAST_EDGE = 0.3, 2
# Of the objects of a picture that is not learned from, so many are told.
MOST = 256


def parts(root):
    """The annotations to learn from, and those held out or None, each as COCO's JSON with the path of its file."""
    found = {}
    for at, _, names in sorted(os.walk(root)):
        for name in sorted(names):
            path = os.path.join(at, name)
            if name.endswith(".json"):
                with open(path, encoding="utf-8") as file:
                    content = json.load(file)
                if isinstance(content, dict) and {"images", "annotations", "categories"} <= set(content):
                    found[os.path.relpath(path, root).lower()] = {**content, "path": path}
    train = next((one for path, one in found.items() if "train" in path), None)
    held = next((one for path, one in found.items() for word in HELD if word in path and "train" not in path), None)
    if train is None and len(found) == 1:
        train, held = next(iter(found.values())), None
    if train is None:
        fail(f"{root} has no COCO annotations to learn from.", 'Give data=FOLDER with a JSON file that has "train" in its name or path.')
    return train, held


def classes_of(content):
    """Names of the categories by id, in the order of ids."""
    return {one["id"]: one["name"] for one in sorted(content["categories"], key=lambda one: one["id"])}


class Objects(Dataset):
    """Images [3, side, side] with their objects. `settings` augment them where there are any."""

    def __init__(self, root, content, classes, side, moments, settings=None):
        try:
            from PIL import Image
        except ImportError:
            fail("Pillow, which reads pictures, is not installed.", "pip install pillow, or apt-get install python3-pil.")
        if settings and settings["augment"] not in AUGMENTATIONS:
            fail(f"train.py does not augment={settings['augment']}.", f"Use one of {', '.join(AUGMENTATIONS)}.")
        self.image, self.side, self.settings = Image, side, settings
        self.mean, self.std = (torch.tensor(moments[name]).reshape(-1, 1, 1) for name in ("mean", "std"))
        names, self.objects = classes_of(content), {}
        for one in content["annotations"]:
            x, y, width, height = one.get("bbox", (0, 0, 0, 0))
            if width > 0 and height > 0 and names.get(one["category_id"]) in classes:
                label = classes.index(names[one["category_id"]])
                self.objects.setdefault(one["image_id"], []).append((x, y, x + width, y + height, label, int(one.get("iscrowd", 0))))
        places = {}
        for at, _, files in os.walk(root):
            for name in files:
                places.setdefault(name, []).append(os.path.join(at, name))
        folder = os.path.dirname(content["path"])
        self.files = [(place_of(one["file_name"], folder, places), one["id"]) for one in content["images"]]
        missing = [one["file_name"] for one, (path, _) in zip(content["images"], self.files) if path is None]
        if missing:
            fail(f"{content['path']} names {missing[0]}, which is not below {root} ({len(missing)} missing).", "Put the pictures there.")

    def __len__(self):
        return len(self.files)

    def __getitem__(self, asked):
        """
        `asked` is (index, step, place). The image, and what `taught` makes of its objects where it is learned from; else these [256, 6]:
        corners, class, whether a crowd; -1 where there are no more.
        """
        index, step, place = asked
        path, number = self.files[index]
        with self.image.open(path) as opened:
            picture = opened.convert("RGB")
        objects = torch.tensor(self.objects.get(number, []), dtype=torch.float64).reshape(-1, 6)
        image, fit = fitted(picture, self.side, self.mean, self.std, self.image.BILINEAR)
        objects[:, :4] = objects[:, :4] * fit.scale + torch.tensor([fit.left, fit.top] * 2)
        if self.settings is None:
            return image, torch.cat([objects, objects.new_full((MOST, 6), -1)])[:MOST]
        if self.settings["augment"] == "light":
            image, objects = self.jittered(image, objects, random.Random(f"{self.settings['seed']} {step} {place}"))
        objects = objects[objects[:, 5] == 0]
        return (image, *self.taught(objects[:, :4], objects[:, 4].long(), step, place))

    def jittered(self, image, objects, draws):
        """Augmented, boxes with it."""
        side, jitter = self.side, Jitter(self.side, draws)
        whole = (objects[:, :4] - torch.tensor([jitter.left, jitter.top] * 2, dtype=torch.float64)) * jitter.zoom
        if jitter.flip:
            whole = torch.stack([side - whole[:, 2], whole[:, 1], side - whole[:, 0], whole[:, 3]], dim=1)
        cut = whole.clamp(0, side)
        size, before = cut[:, 2:] - cut[:, :2], whole[:, 2:] - whole[:, :2]
        stays = (size.min(dim=1).values >= LEAST_EDGE) & (size.prod(dim=1) >= LEAST_SHARE * before.prod(dim=1))
        return jitter.image(image, self.mean, self.std), torch.cat([cut, objects[:, 4:]], dim=1)[stays]


def place_of(name, folder, places):
    """Where a picture lies: beside its annotations, or the first of that path or name below the data's folder."""
    beside = os.path.join(folder, name)
    if os.path.exists(beside):
        return beside
    found = places.get(os.path.basename(name), [])
    ending = os.path.normpath(name)
    return next((path for path in found if path.endswith(ending)), found[0] if found else None)
