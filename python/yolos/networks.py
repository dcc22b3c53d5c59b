"""Student and teacher for any size: from the run, from a file that the run or train.py wrote, or fresh."""
import json

import detector
import tensors
from method import load_into

from run import fail, here


def read(source, name, run, settings, classes):
    """A network of a file that takes these pictures and knows these classes."""
    try:
        _, about = tensors.load(source)
    except OSError as error:
        fail(f"Cannot read {source}: {error.strerror}.", "Give a .safetensors file.")
    if "yolos" not in about:
        fail(f"{source} does not say what detector it holds.", "Give a file that the run, npm run train or train.py wrote.")
    model = load_into(detector.Yolos(json.loads(about["yolos"])), source)
    side, moments = model.config["encoder"]["image"], json.loads(about["moments"])
    if side != settings["side"]:
        fail(f"{name} is for images of {side} pixels.", f"Give side={side}.")
    if json.loads(about["classes"]) != classes:
        fail(f"{name} knows other classes, or in another order.", "Use one that was trained on these classes.")
    if any(moments[one] != run[one] for one in ("mean", "std")):
        fail(f"{name} was trained with other moments.", "Give mean= and std= as it wants them, by channel, with commas between.")
    return model


def student_config(settings, classes):
    width, heads, side, patch = (settings[name] for name in ("width", "heads", "side", "patch"))
    if width % heads or side % patch:
        fail(f"A width of {width} has {heads} heads, {side} pixels have patches of {patch}.", "Make both multiples.")
    encoder = {
        "image": side, "patch": patch, "channels": 3, "classes": 0, "activation": "gelu", "qkvBias": True, "projBias": True, "eps": 1e-6,
        "width": width, "depth": settings["depth"], "heads": heads, "headDim": width // heads, "mlp": 4 * width,
    }  # fmt: skip
    return {"encoder": encoder, "tokens": settings["detTokens"], "classes": classes}


def student(source, run, settings, classes):
    """From a file; else the run's own before its first step where it fits settings and data; else a fresh one. Also says which."""
    config = student_config(settings, len(classes))
    if not source and (config != run["student"] or classes != run["classes"]):
        return detector.fresh(config, settings["seed"]), "fresh: its size or its classes are not those of the run's"
    name = source or "the run's own, before its first step"
    return read(source or here("student_initial.safetensors"), name, run, settings, classes), name


def teacher(source, run, settings, classes):
    """The run's own where no file is named."""
    if settings["teacher"] == "none" or (not source and "teacher" not in run):
        return None
    return read(source or here("teacher.safetensors"), source or "the run's teacher", run, settings, classes)
