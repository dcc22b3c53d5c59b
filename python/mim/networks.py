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
        self.decoder_norm = nn.LayerNorm(width, eps=1e-6)
        self.decoder_pred = nn.Linear(width, encoder["channels"] * encoder["patch"] ** 2)
        self.register_buffer("places", sine_positions(*self.grid, width), persistent=False)

    def forward(self, images, kept):
        """What all patches look like, [B, N, C P P], where those of `kept` [B, k] were seen."""
        seen = self.decoder_embed(self.norm(super().forward(images, kept=kept).blocks[-1])).float()
        width = seen.shape[-1]
        patches = self.mask_token.expand(len(seen), self.patches, width)
        patches = patches.scatter(1, kept[:, :, None].expand(-1, -1, width), seen[:, 1:]) + self.places
        x = torch.cat([seen[:, :1], patches], dim=1)
        for block in self.decoder_blocks:
            x, _ = block(x)
        return self.decoder_pred(self.decoder_norm(x[:, 1:]))

    def class_tokens(self, images):
        """What others use of it: the class token after the last norm, [B, D], of whole images."""
        return self.norm(super().forward(images).blocks[-1][:, 0])

    def encoder(self):
        """Its weights without the decoder."""
        names = ("mask_token", "decoder_")
        return {name: value for name, value in self.state_dict().items() if not name.startswith(names)}


def config_of(settings, channels):
    width, heads, side, patch = (settings[name] for name in ("width", "heads", "side", "patch"))
    decoder = {"width": settings["mim.decoderWidth"], "depth": settings["mim.decoderDepth"], "heads": settings["mim.decoderHeads"]}
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
