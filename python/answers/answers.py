"""Saves what a network answers to each image of images.safetensors, for a student that learns from it where these images came from:

    python3 answers.py model=net.pt [side=224] [mean=0.5,0.5,0.5] [std=0.5,0.5,0.5] [rows=3,17] [batch=64] [out=answers.safetensors]

`model` is a file of torch.jit.save, timm:NAME or torchvision:NAME (with their own weights; those packages have to be installed), or is
whatever you make of `network` below. It has to answer with one number for each class, in the order that is printed; where it knows more
classes, `rows` names those that stand for these. Images are enlarged to `side` and normalised with `mean` and `std`, by default as the
student sees them.
"""
import json
import os
import sys

import tensors
import torch
from torch.nn import functional


def network(name):
    """The network: a module that takes float images [B, C, side, side] and gives logits [B, K]."""
    kind, _, which = name.partition(":")
    if kind == "timm":
        import timm

        return timm.create_model(which, pretrained=True)
    if kind == "torchvision":
        import torchvision

        return getattr(torchvision.models, which)(weights="DEFAULT")
    return torch.jit.load(name, map_location="cpu")


def words(argv):
    pairs = dict(word.split("=", 1) for word in argv if "=" in word)
    unknown = set(pairs) - {"model", "side", "mean", "std", "rows", "batch", "out"}
    if unknown or "model" not in pairs:
        sys.exit(__doc__ if not unknown else f"There is no word {', '.join(sorted(unknown))}.\n{__doc__}")
    return pairs


def numbers(text, channels):
    values = [float(value) for value in text.split(",")]
    if len(values) != channels:
        sys.exit(f"{text} are {len(values)} numbers; the images have {channels} channels.")
    return torch.tensor(values).reshape(1, -1, 1, 1)


@torch.no_grad()
def answers(model, images, side, mean, std, batch):
    """Logits [N, K] of u8 images [N, C, S, S]."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.to(device).eval()
    parts = []
    for some in images.split(batch):
        pixels = some.float() / 255
        if side != pixels.shape[-1]:
            pixels = functional.interpolate(pixels, size=(side, side), mode="bilinear", align_corners=False)
        parts.append(model(((pixels - mean) / std).to(device)).float().cpu())
        print(f"\r{sum(len(part) for part in parts)} of {len(images)}", end="", file=sys.stderr)
    print(file=sys.stderr)
    return torch.cat(parts)


def main():
    told = words(sys.argv[1:])
    data, about = tensors.load(os.path.join(os.path.dirname(os.path.abspath(__file__)), "images.safetensors"))
    classes = json.loads(about["classes"])
    channels, own = data["train.images"].shape[1:3]
    mean, std = (numbers(told.get(key, ",".join(map(str, json.loads(about[key])))), channels) for key in ("mean", "std"))
    side, batch = int(told.get("side", own)), int(told.get("batch", 64))
    print("Classes, in order:", ", ".join(classes))
    model = network(told["model"])
    found = {}
    for half, name in (("train", "logits"), ("test", "heldout")):
        logits = answers(model, data[f"{half}.images"], side, mean, std, batch)
        if "rows" in told:
            logits = logits[:, [int(row) for row in told["rows"].split(",")]]
        if logits.shape[1] != len(classes):
            sys.exit(f"The network answers with {logits.shape[1]} numbers; there are {len(classes)} classes. Name the rows that stand for them.")
        right = (logits.argmax(1) == data[f"{half}.labels"].long()).float().mean().item()
        print(f"{half}: {100 * right:.1f} % right of {len(logits)}")
        found[name] = logits
    out = told.get("out", "answers.safetensors")
    kept = {key: about[key] for key in ("data", "data_name", "classes")}
    tensors.save(found, out, {"format": about["answers"], "model": told["model"], **kept})
    print(f"{out}: open it as the teacher, or teacher={out} on the command line. The student has to see the images as they are: augment=none.")


if __name__ == "__main__":
    main()
