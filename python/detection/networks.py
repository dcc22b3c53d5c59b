"""Student and teacher for any size: from the run, from a file that the run or train.py wrote, or fresh."""
import json
import math

import tensors
import torch
from detector import OUTPUTS, Block, Detector
from method import load_into
from run import fail, here
from torch import nn

# Probability of a class everywhere before training (Lin et al. 2017).
PRIOR = 0.01
# ViTDet's sizes by the names of their settings.
PLAIN = {"width": "vitWidth", "depth": "vitDepth", "heads": "vitHeads", "window": "window", "globals": "globals"}


def read(source, side):
    """A detector with a file's weights, for images of `side` pixels, and what the file says of it."""
    try:
        _, about = tensors.load(source)
    except OSError as error:
        fail(f"Cannot read {source}: {error.strerror}.", "Give a .safetensors file.")
    if "detector" not in about:
        fail(f"{source} does not say what detector it holds.", "Give a file that the run, npm run train or train.py wrote.")
    return load_into(Detector({**json.loads(about["detector"]), "image": side}), source), about


def teacher(source, run, settings, classes):
    """The run's own where no source is named; it has to know these classes in this order."""
    name = source or "the run's teacher"
    model, about = read(source or here("teacher.safetensors"), settings["side"])
    check(about, run, classes, name)
    return model


def check(about, run, classes, name):
    known = json.loads(about["classes"])
    if known != classes:
        told = f"{name} knows {', '.join(known[:3])}, ..; the data has {', '.join(classes[:3])}, ..."
        fail(told, "Use one that was trained on these classes.")
    moments = json.loads(about["moments"])
    for one in ("mean", "std"):
        if moments[one] != run[one]:
            fail(f"{name} was trained with {one}={moments[one]}.", "Give mean= and std= as it wants them, by channel, with commas between.")


def student_config(run, settings, classes):
    """The run's own, with the sizes of the settings."""
    anchors, blocks = settings["anchors"], settings["blocks"]
    plain = {name: settings[key] for name, key in PLAIN.items()} if settings["backbone"] == "vitdet" else None
    if plain and settings["relpos"] == "on":
        plain["relative"] = True
    return {
        **{key: value for key, value in run["student"].items() if key != "plain"}, **({"plain": plain} if plain else {}),
        "kind": settings["detector"], "image": settings["side"], "classes": classes, "blocks": [blocks] * 4,
        "width": settings["stem"], "channels": settings["channels"], "stacked": settings["stacked"],
        "anchor": run["student"]["anchor"] if anchors == "fitted" else float(anchors),
    }  # fmt: skip


def student(source, run, settings, classes):
    """From a file; else the run's own before its first step where it fits the settings; else a fresh one. Also says which."""
    config = student_config(run, settings, len(classes))
    alike = {**config, "image": 0} == {**run["student"], "image": 0}
    if not source and not alike:
        return fresh(config, settings["seed"]), "fresh: its size is not that of the run's"
    name = source or "the run's own, before its first step"
    model, about = read(source or here("student_initial.safetensors"), settings["side"])
    if not source and json.loads(about["classes"]) != classes:
        return fresh(config, settings["seed"]), "fresh: the data has other classes than the run's"
    check(about, run, classes, name)
    return model, name


def fresh(config, seed):
    """As mmdetection draws it: the backbone by He's rule, the last norm of a block 0, the neck by Glorot's, the head from N(0, 0.01)."""
    torch.manual_seed(seed)
    model = Detector(config)
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv2d):
            if config.get("plain") and name.startswith("backbone."):
                nn.init.normal_(module.weight, std=0.02)
            elif name.startswith("backbone."):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            elif name.startswith("neck."):
                nn.init.xavier_uniform_(module.weight)
            else:
                # Narrower heads get as much more, so that as much of the signal arrives.
                nn.init.normal_(module.weight, std=0.01 * math.sqrt(256 / module.in_channels))
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if isinstance(module, nn.Linear):
            # Of ViTDet: there is no other.
            nn.init.normal_(module.weight, std=0.02) if name.startswith("backbone.") else nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        if isinstance(module, Block):
            nn.init.zeros_(getattr(module, f"bn{module.count}").weight)
    nn.init.constant_(getattr(model.bbox_head, OUTPUTS[config["kind"]][0]).bias, -math.log((1 - PRIOR) / PRIOR))
    return model
