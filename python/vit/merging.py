"""Merging tokens that are alike, in a frozen network. Needs nothing but torch.

Bolya et al., "Token Merging: Your ViT But Faster", ICLR 2023: the r tokens at even places that are most like one at an odd place join it,
by the keys of the attention before. Tokens before the patches neither join nor are joined.
"""
import torch


def mergeable(tokens, r, lead):
    return min(r, (tokens - lead) // 2)


def merge(x, keys, sizes, r, lead):
    """
    r tokens of each image of x [B, n, D] merged, by keys [B, H, n, d]; sizes [B, n] say how many each stands for. Returns the tokens
    [B, n - r, D], those at even places before those at odd ones, and their sizes.
    """
    metric = torch.nn.functional.normalize(keys.mean(dim=1), dim=-1)
    alike = metric[:, ::2] @ metric[:, 1::2].transpose(-2, -1)
    alike[:, :, : lead - 1] = -torch.inf
    best, partner = alike.max(dim=-1)
    best[:, 0] = -torch.inf
    order = torch.sort(-best, dim=1, stable=True).indices
    gone, stay = order[:, :r], order[:, r:].sort(dim=1).values
    take = lambda of, at: of.gather(1, at[..., None].expand(-1, -1, of.shape[-1]))  # noqa: E731
    mass = torch.cat([x * sizes[..., None], sizes[..., None]], dim=-1)
    even, odd = mass[:, ::2], mass[:, 1::2]
    to = partner.gather(1, gone)[..., None].expand(-1, -1, mass.shape[-1])
    odd = odd.scatter_add(1, to, take(even, gone))
    even = take(even, stay)
    parts = [even, odd] if lead == 1 else [even[:, :1], odd[:, :1], even[:, 1:], odd[:, 1:]]
    merged = torch.cat(parts, dim=1)
    return merged[..., :-1] / merged[..., -1:], merged[..., -1]
