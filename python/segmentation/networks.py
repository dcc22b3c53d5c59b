"""Student and teacher for any data and any size: from the run, or from a file that the playground or train.py wrote."""
import json

import segmenter
import tensors

from run import fail, here


def network(source):
    """A network with all of a file's weights and no others, and the file's metadata."""
    try:
        state, metadata = tensors.load(source)
    except OSError as error:
        fail(f"Cannot read {source}: {error.strerror}.", "Give a .safetensors file.")
    if "segmenter" not in metadata:
        fail(f"{source} is no Segmenter of the playground or of train.py.", "Give one that either wrote.")
    model = segmenter.Segmenter(json.loads(metadata["segmenter"]))
    model.load_state_dict(state, strict=True)
    return model, metadata


def fitting(source, name, run, settings, classes):
    """A network of a file that takes these pictures and names these classes."""
    model, metadata = network(source)
    encoder = model.config["encoder"]
    if encoder["image"] != settings["side"]:
        fail(f"{name} is for images of {encoder['image']} pixels.", f"Give side={encoder['image']}.")
    if json.loads(metadata["classes"]) != classes:
        fail(f"{name} names other classes, or in another order.", "Write classes.txt in its order.")
    moments = json.loads(metadata["moments"])
    if any(moments[moment] != run[moment] for moment in ("mean", "std")):
        fail(f"{name} was trained with other moments.", "Give mean= and std= as it wants them, by channel, with commas between.")
    return model


def student_config(settings, classes):
    width, heads, side, patch = (settings[name] for name in ("width", "heads", "side", "patch"))
    if width % heads or side % patch:
        fail(f"A width of {width} has {heads} heads, {side} pixels have patches of {patch}.", "Make both multiples.")
    shared = {"width": width, "heads": heads, "mlp": 4 * width}
    encoder = {
        "image": side, "patch": patch, "channels": 3, "classes": 0, "activation": "gelu", "qkvBias": True, "projBias": True,
        "eps": 1e-6, **shared, "depth": settings["depth"], "headDim": width // heads,
    }  # fmt: skip
    kind = settings["decoder"]
    return {"encoder": encoder, "classes": classes, "decoder": {"kind": kind, **({**shared, "depth": 2} if kind == "mask" else {})}}


def student(source, run, settings, classes):
    """From a file; else the run's own before its first step where it fits settings and data; else a fresh one. Also says which."""
    config = student_config(settings, len(classes))
    if not source and (config != run["student"] or classes != run["classes"]):
        return segmenter.fresh(config, settings["seed"]), "fresh: its size or its classes are not those of the run's"
    name = source or "the run's own, before its first step"
    return fitting(source or here("student_initial.safetensors"), name, run, settings, classes), name


def teacher(source, run, settings, classes):
    """The run's own where no file is named."""
    if settings["teacher"] == "none" or (not source and "teacher" not in run):
        return None
    return fitting(source or here("teacher.safetensors"), source or "the run's teacher", run, settings, classes)
