"""CaiT's blocks, under timm's names: heads that talk to each other, then class attention. Needs nothing but torch.

Touvron et al., "Going deeper with image transformers", ICCV 2021; talking heads after Shazeer et al. 2020.
"""
import torch
from blocks import Mlp
from torch import nn


def scale_of(depth):
    """Layer scale of a fresh network, section 2.2."""
    return 0.1 if depth <= 18 else 1e-5 if depth <= 24 else 1e-6


def heads_of(x, heads):
    """[B, n, H d] -> [B, H, n, d]."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


class TalkingHeads(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, heads, inner = c["width"], c["heads"], c["heads"] * c["headDim"]
        self.heads, self.scale = heads, c["headDim"] ** -0.5
        self.qkv = nn.Linear(width, 3 * inner, bias=c["qkvBias"])
        self.proj_l, self.proj_w = nn.Linear(heads, heads), nn.Linear(heads, heads)
        self.proj = nn.Linear(inner, width, bias=c["projBias"])

    def forward(self, x):
        q, k, v = (heads_of(one, self.heads) for one in self.qkv(x).chunk(3, dim=-1))
        talk = lambda layer, scores: layer(scores.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)  # noqa: E731
        attention = talk(self.proj_l, q @ k.transpose(-2, -1) * self.scale).softmax(dim=-1)
        return self.proj((talk(self.proj_w, attention) @ v).transpose(1, 2).flatten(2))


class ClassAttention(nn.Module):
    def __init__(self, c):
        super().__init__()
        width, inner = c["width"], c["heads"] * c["headDim"]
        self.heads, self.scale = c["heads"], c["headDim"] ** -0.5
        self.q, self.k, self.v = (nn.Linear(width, inner, bias=c["qkvBias"]) for _ in range(3))
        self.proj = nn.Linear(inner, width, bias=c["projBias"])

    def forward(self, x):
        """x [B, 1 + n, D], the class token first -> [B, 1, D], and its scores before the softmax [B, H, 1, 1 + n]."""
        q, k, v = (heads_of(one, self.heads) for one in (self.q(x[:, :1]), self.k(x), self.v(x)))
        scores = q @ k.transpose(-2, -1) * self.scale
        return self.proj((scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2)), scores


class Scaled(nn.Module):
    """A block of either attention; `gamma_1` and `gamma_2` weigh its branches."""

    def __init__(self, c, attention):
        super().__init__()
        self.norm1, self.norm2 = (nn.LayerNorm(c["width"], eps=c["eps"]) for _ in range(2))
        self.attn, self.mlp = attention(c), Mlp(c["width"], c["mlp"], c["activation"])
        gamma = lambda: nn.Parameter(torch.full((c["width"],), scale_of(c["depth"])))  # noqa: E731
        self.gamma_1, self.gamma_2 = gamma(), gamma()


class TalkingBlock(Scaled):
    def __init__(self, c):
        super().__init__(c, TalkingHeads)

    def forward(self, x, drop=lambda branch, i: branch):
        x = x + drop(self.gamma_1 * self.attn(self.norm1(x)), 0)
        return x + drop(self.gamma_2 * self.mlp(self.norm2(x)), 1)


class ClassBlock(Scaled):
    def __init__(self, c):
        super().__init__(c, ClassAttention)

    def forward(self, token, x):
        """The class token [B, 1, D] and patches [B, n, D] -> the class token, and its scores [B, H, 1, 1 + n]."""
        out, scores = self.attn(self.norm1(torch.cat([token, x], dim=1)))
        token = token + self.gamma_1 * out
        return token + self.gamma_2 * self.mlp(self.norm2(token)), scores
