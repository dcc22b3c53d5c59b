"""Student and teacher for any data and any size: from the run, from a file, or from timm."""
import json
import math
import pickle

import tensors
import torch
import vit
from run import fail, here

# Width of a head in DeiT and ViT, from which the number of heads follows where a file does not say it.
USUAL_HEAD = 64


def read(source):
    """Weights and metadata of a safetensors file, of what torch.save wrote, or of `timm:NAME` with its published weights."""
    if source.startswith("timm:"):
        try:
            import timm
        except ImportError:
            fail(f"{source} asks timm, which is not installed.", "pip install timm, or give a file.")
        model = timm.create_model(source[5:], pretrained=True)
        return model.state_dict(), {"heads": str(model.blocks[0].attn.num_heads)}
    try:
        if source.endswith(".safetensors"):
            return tensors.load(source)
        # Weights alone: what else such a file may hold is run as a program when it is read.
        state = torch.load(source, map_location="cpu", weights_only=True)
    except OSError as error:
        fail(f"Cannot read {source}: {error.strerror}.", "Give a .safetensors, .pth or .pt file.")
    except pickle.UnpicklingError:
        fail(f"{source} holds more than weights, which could be a program.", "Save its state_dict alone, or as .safetensors.")
    return state.get("model", state.get("state_dict", state)), {}


def network(source):
    """A network with all of a source's weights and no others, and the source's metadata."""
    state, metadata = read(source)
    if "patch_embed.proj.weight" not in state:
        fail(f"{source} is no plain vision transformer with timm's names.", "Give one, such as DeiT's.")
    inner = state["blocks.0.attn.qkv.weight"].shape[0] // 3
    heads, activation = int(metadata.get("heads", inner // USUAL_HEAD)), metadata.get("activation", "gelu")
    cut = [int(one) for one in metadata["cut"].split(",")] if "cut" in metadata else None
    model = vit.ViT(vit.config_of(state, heads, activation=activation, cut=cut))
    model.load_state_dict({name: value.float() for name, value in state.items()}, strict=True)
    return model, metadata


def frozen(role, source, run, classes=None):
    """The run's own teacher or guide where no source is named; its answers in the order of the data's `classes`."""
    if source == "none" or (not source and role not in run):
        return None
    model, metadata = network(source or here(f"{role}.safetensors"))
    normalised_alike(metadata, run, source or f"the run's {role}")
    if classes is not None:
        answer_in_order(model, metadata, classes, source or f"the run's {role}")
    return model


def normalised_alike(metadata, run, name):
    """Ends where a file says that its network wants other pixels than the run's."""
    for moment in ("mean", "std"):
        wanted = metadata.get(moment)
        if wanted and [float(one) for one in wanted.split(",")] != run[moment]:
            fail(f"{name} was trained with {moment}={wanted}.", "Give mean= and std= as it wants them, by channel, with commas between.")


def answer_in_order(model, metadata, classes, name):
    """Puts the rows of the head into the order of the data's classes. A file that names no classes has to have them in that order."""
    known = json.loads(metadata["classes"]) if "classes" in metadata else None
    if model.config["classes"] != len(classes):
        count = model.config["classes"]
        fail(f"{name} knows {count} classes; the data has {len(classes)}.", "Use a teacher that was trained on this data.")
    if known is None or known == classes:
        return
    if sorted(known) != sorted(classes):
        fail(f"{name} knows {', '.join(known[:3])}, ..; the data has {', '.join(classes[:3])}, ...", "Use a teacher of these classes.")
    order = [known.index(one) for one in classes]
    with torch.no_grad():
        for head in filter(None, (model.head, model.head_dist)):
            head.weight.copy_(head.weight[order])
            head.bias.copy_(head.bias[order])


def student_config(settings, channels, classes, teacher):
    """
    The student of the settings. It cuts images as they say; where they do not, into the teacher's patches, or into 8 x 8 of them.
    Spectrograms are oblong, and their patches may overlap.
    """
    width, heads, side = settings["width"], settings["heads"], settings["side"]
    if width % heads:
        fail(f"A width of {width} cannot be shared by {heads} heads.", "Make it a multiple.")
    fits = teacher is not None and side % teacher.config["patch"] == 0
    family = settings["family"]
    patch = settings["patch"] or (teacher.config["patch"] if fits else math.ceil(side / 8))
    stride = settings.get("stride", patch)
    return {
        **({} if family == "deit" else {"family": family}), **({"classDepth": 2} if family == "cait" else {}),
        **({"columns": settings["frames"]} if "frames" in settings else {}), **({"stride": stride} if stride < patch else {}),
        "image": side, "patch": patch, "channels": channels,
        "classes": classes, "width": width, "depth": settings["depth"], "heads": heads, "headDim": width // heads,
        "mlp": 4 * width, "activation": "quick_gelu" if family == "clip" else "gelu", "qkvBias": True, "projBias": True, "eps": 1e-6,
    }  # fmt: skip


def student(source, run, settings, classes, teacher):
    """From a file; else the run's own before its first step where it fits the settings; else a fresh one. Also says which."""
    config = student_config(settings, len(run["mean"]), len(classes), teacher)
    if not source and config != run["student"]:
        return vit.fresh(config, settings["seed"]), "fresh: its size is not that of the run's"
    model, metadata = network(source or here("student_initial.safetensors"))
    name = source or "the run's own, before its first step"
    if model.config["image"] != settings["side"]:
        fail(f"{name} is for images of {model.config['image']} pixels.", f"Give side={model.config['image']}.")
    if "frames" in settings and vit.side_of(model.config)[1] != settings["frames"]:
        fail(f"{name} is for {vit.side_of(model.config)[1]} frames.", f"Give frames={vit.side_of(model.config)[1]}.")
    normalised_alike(metadata, run, name)
    answer_in_order(model, metadata, classes, name)
    return model, name
