"""The blocks of a transformer with timm's names: pre-norm, attention and MLP. Needs nothing but torch."""
import torch
import torch.nn.functional as F
from torch import nn

# Of fresh layer scale, as DeiT-III's code has it.
INIT_GAMMA = 1e-4


class Attention(nn.Module):
    def __init__(self, width, heads, head_dim, qkv_bias, proj_bias):
        super().__init__()
        self.heads, self.head_dim = heads, head_dim
        self.qkv = nn.Linear(width, 3 * heads * head_dim, bias=qkv_bias)
        self.proj = nn.Linear(heads * head_dim, width, bias=proj_bias)

    def forward(self, x, sizes=None, more=None):
        """
        x [B, n, D] -> the same, the scores before the softmax [B, H, n, n], and the keys [B, H, n, d]. With `sizes` [B, n] tokens are attended to as so
        many. `more(attention, q)` is added to the scores of queries [B, H, n, d].
        """
        batch, tokens, _ = x.shape
        q, k, v = self.qkv(x).reshape(batch, tokens, 3, self.heads, self.head_dim).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * self.head_dim**-0.5
        if more:
            scores = scores + more(self, q)
        weighed = scores if sizes is None else scores + sizes.log()[:, None, None]
        out = weighed.softmax(dim=-1) @ v
        return self.proj(out.transpose(1, 2).reshape(batch, tokens, -1)), scores, k


def quick_gelu(x):
    """CLIP's."""
    return x * torch.sigmoid(1.702 * x)


ACTIVATIONS = {"gelu": F.gelu, "relu": F.relu, "quick_gelu": quick_gelu}


class Mlp(nn.Module):
    def __init__(self, width, hidden, activation):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.activation = ACTIVATIONS[activation]

    def forward(self, x):
        return self.fc2(self.activation(self.fc1(x)))


class LayerScale(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.gamma = nn.Parameter(torch.full((width,), INIT_GAMMA))

    def forward(self, x):
        return x * self.gamma


class Block(nn.Module):
    """`c`: width, heads, headDim, qkvBias, projBias, mlp (0: none), activation, eps; `scaled` with layer scale."""

    def __init__(self, c, scaled=False):
        super().__init__()
        self.norm1 = nn.LayerNorm(c["width"], eps=c["eps"])
        self.attn = Attention(c["width"], c["heads"], c["headDim"], c["qkvBias"], c["projBias"])
        self.ls1 = LayerScale(c["width"]) if scaled else nn.Identity()
        # Some small networks have attention alone.
        self.norm2 = nn.LayerNorm(c["width"], eps=c["eps"]) if c["mlp"] else None
        self.mlp = Mlp(c["width"], c["mlp"], c["activation"]) if c["mlp"] else None
        self.ls2 = LayerScale(c["width"]) if scaled and c["mlp"] else nn.Identity()

    def forward(self, x, drop=lambda branch, i: branch, sizes=None, merge=None, more=None):
        """
        x [B, n, D] -> the same and the attention's scores. `drop(branch, i)` may leave a branch out. `merge(x, keys)` may merge tokens between
        attention and MLP; `sizes` [B, n] say how many each stands for before. `more` is attention's.
        """
        out, scores, keys = self.attn(self.norm1(x), sizes, more)
        x = x + drop(self.ls1(out), 0)
        if merge:
            x = merge(x, keys)
        return (x + drop(self.ls2(self.mlp(self.norm2(x))), 1) if self.mlp else x), scores
