"""DINO's student and teacher: a ViT without classes, and a projection head, under the names of its code.

Caron et al., "Emerging properties in self-supervised vision transformers", ICCV 2021.
"""
import torch
import torch.nn.functional as F
from torch import nn
from vit import ViT

from run import fail


class Directions(nn.Module):
    """A linear layer whose rows have length 1, so that each output is a cosine: weight normalisation with the gain fixed at 1."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight_v = nn.Parameter(torch.zeros(outputs, inputs))

    def forward(self, x):
        return F.linear(x, F.normalize(self.weight_v, dim=1))


class Head(nn.Module):
    """A perceptron of three layers, its result brought to length 1, then the outputs. `c`: input, hidden, bottleneck, outputs."""

    def __init__(self, c):
        super().__init__()
        self.mlp = nn.Sequential(
            nn.Linear(c["input"], c["hidden"]), nn.GELU(), nn.Linear(c["hidden"], c["hidden"]), nn.GELU(),
            nn.Linear(c["hidden"], c["bottleneck"]),
        )  # fmt: skip
        self.last_layer = Directions(c["bottleneck"], c["outputs"])

    def forward(self, x):
        # In half precision, too, lengths are of single floats.
        return self.last_layer(F.normalize(self.mlp(x).float(), dim=1))


class Network(ViT):
    """`config` is that of run.json: vit and head. Its logits are the head's."""

    def __init__(self, config):
        super().__init__(config["vit"])
        self.features, self.head = config["vit"], Head(config["head"])

    def forward(self, images, kept=None, wanted=(), local=None):
        """Features of the images (see vit.py); with `local`, smaller images, also the logits of those: one call, so that DDP sees one."""
        seen = super().forward(images, kept=kept, wanted=wanted)
        return seen if local is None else (seen, super().forward(local).logits)

    def class_tokens(self, images):
        """What others use of it: the class token after the last norm, [B, D]."""
        return self.norm(super().forward(images).blocks[-1][:, 0])

    def vit(self):
        """Its weights without the head."""
        return {name: value for name, value in self.state_dict().items() if not name.startswith("head.")}


def config_of(settings, channels):
    width, heads, side, patch = (settings[name] for name in ("width", "heads", "side", "patch"))
    if width % heads or side % patch or settings["localSide"] % patch:
        fail(
            f"A width of {width} has {heads} heads; {side} and {settings['localSide']} pixels have patches of {patch}.",
            "Make all multiples.",
        )
    vit = {
        "image": side, "patch": patch, "channels": channels, "classes": 0, "width": width, "depth": settings["depth"], "heads": heads,
        "headDim": width // heads, "mlp": 4 * width, "activation": "gelu", "qkvBias": True, "projBias": True, "eps": 1e-6,
    }  # fmt: skip
    return {"vit": vit, "head": {"input": width, **{name: settings[name] for name in ("hidden", "bottleneck", "outputs")}}}


def fresh(config, seed):
    """A new network: matrices, positions and class token from a normal of 0.02 cut at two deviations, biases 0, norms 1."""
    torch.manual_seed(seed)
    model = Network(config)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
        elif "norm" not in name:
            nn.init.trunc_normal_(parameter, std=0.02, a=-0.04, b=0.04)
    return model
