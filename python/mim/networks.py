"""A masked autoencoder under the names of its code: a ViT encodes the patches that are left, a small decoder tells the others.

He et al., "Masked autoencoders are scalable vision learners", CVPR 2022. Shapes: N patches of P x P pixels and C channels.
"""
import torch
from blocks import Block
from torch import nn
from vit import ViT

from run import fail


def sine_positions(rows, columns, width):
    """Sines and cosines of row and column, a quarter of the channels each, [rows columns, width]; what four does not divide gets nothing."""
    quarter = width // 4
    row, column = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    waves = 10000.0 ** (-torch.arange(quarter, dtype=torch.float64) / quarter)
    row, column = (place.reshape(-1, 1).double() * waves for place in (row, column))
    parts = [row.sin(), row.cos(), column.sin(), column.cos(), torch.zeros(rows * columns, width - 4 * quarter)]
    return torch.cat(parts, dim=1).float()


class Mae(ViT):
    """`config` is that of run.json: encoder and decoder."""

    def __init__(self, config):
        super().__init__(config["encoder"])
        self.whole, encoder, decoder = config, config["encoder"], config["decoder"]
        width = decoder["width"]
        block = {
            **decoder, "headDim": width // decoder["heads"], "mlp": 4 * width, "activation": "gelu", "qkvBias": True, "projBias": True,
            "eps": 1e-6,
        }  # fmt: skip
        self.pos_embed.requires_grad_(False)
        self.mask_token = nn.Parameter(torch.zeros(1, 1, width))
        self.decoder_embed = nn.Linear(encoder["width"], width)
        self.decoder_blocks = nn.ModuleList(Block(block) for _ in range(decoder["depth"]))
        if "features" in decoder:
            self.decoderfeature_pred = Mlp(width, decoder["features"])
        else:
            self.decoder_norm = nn.LayerNorm(width, eps=1e-6)
            self.decoder_pred = nn.Linear(width, encoder["channels"] * encoder["patch"] ** 2)
        self.register_buffer("places", sine_positions(*self.grid, width), persistent=False)

    def decoded(self, images, kept):
        """Tokens of class and patches after each block of the decoder, [B, 1 + N, width], where the patches of `kept` [B, k] were seen."""
        seen = self.decoder_embed(self.norm(super().forward(images, kept=kept).blocks[-1])).float()
        width = seen.shape[-1]
        patches = self.mask_token.expand(len(seen), self.patches, width)
        patches = patches.scatter(1, kept[:, :, None].expand(-1, -1, width), seen[:, 1:]) + self.places
        x = torch.cat([seen[:, :1], patches], dim=1)
        tokens = []
        for block in self.decoder_blocks:
            x, _ = block(x)
            tokens.append(x)
        return tokens

    def forward(self, images, kept):
        """What all patches look like, [B, N, C P P]; or the features that all tokens tell, [B, 1 + N, features]."""
        x = self.decoded(images, kept)[-1]
        if "features" in self.whole["decoder"]:
            return self.decoderfeature_pred(x)
        return self.decoder_pred(self.decoder_norm(x[:, 1:]))

    def class_tokens(self, images):
        """What others use of it: the class token after the last norm, [B, D], of whole images."""
        return self.norm(super().forward(images).blocks[-1][:, 0])

    def encoder(self):
        """Its weights without the decoder."""
        names = ("mask_token", "decoder_")
        return {name: value for name, value in self.state_dict().items() if not name.startswith(names)}


class Mlp(nn.Module):
    """Two layers with GELU between them, both of the features' width."""

    def __init__(self, width, features):
        super().__init__()
        self.fc1 = nn.Linear(width, features)
        self.fc2 = nn.Linear(features, features)

    def forward(self, x):
        return self.fc2(nn.functional.gelu(self.fc1(x)))


def config_of(settings, channels, features=None):
    width, heads, side, patch = (settings[name] for name in ("width", "heads", "side", "patch"))
    preset = settings["preset"]
    decoder = {name: settings[f"{preset}.decoder{name.capitalize()}"] for name in ("width", "depth", "heads")}
    decoder = {**decoder, **({"features": features} if features else {})}
    if width % heads or decoder["width"] % decoder["heads"] or side % patch:
        fail("Widths are no multiples of their heads, or the side none of the patch.", "Make them multiples.")
    encoder = {
        "image": side, "patch": patch, "channels": channels, "classes": 0, "width": width, "depth": settings["depth"], "heads": heads,
        "headDim": width // heads, "mlp": 4 * width, "activation": "gelu", "qkvBias": True, "projBias": True, "eps": 1e-6,
    }  # fmt: skip
    return {"encoder": encoder, "decoder": decoder}


def fresh(config, seed):
    """A new network: matrices and tokens from a normal of 0.02 cut at two deviations, biases 0, norms 1, fixed positions."""
    torch.manual_seed(seed)
    model = Mae(config)
    for name, parameter in model.named_parameters():
        if name.endswith("bias"):
            nn.init.zeros_(parameter)
        elif name == "pos_embed":
            with torch.no_grad():
                parameter[0, 1:] = sine_positions(*model.grid, config["encoder"]["width"])
        elif "norm" not in name:
            nn.init.trunc_normal_(parameter, std=0.02, a=-0.04, b=0.04)
    return model
