"""A spatial pyramid over maps [B, C, H, W]: `sides` lists its levels by cells per side, such as (1, 2, 4). Cells have their edges
at floor(i H / side). Regions are numbered level by level, row by row; R = sum of side^2.
"""
import torch


def usable(sides, x):
    """The levels whose cells are two pixels or more each way: a cell of one pixel attends to itself alone."""
    return [side for side in sides if min(x.shape[-2:]) >= 2 * side]


def edges(side, length):
    return [i * length // side for i in range(side + 1)]


def cells(side, x):
    """(rows, columns) of every cell of one level, as slices."""
    rows, columns = edges(side, x.shape[-2]), edges(side, x.shape[-1])
    return [
        (slice(rows[i], rows[i + 1]), slice(columns[j], columns[j + 1])) for i in range(side) for j in range(side)
    ]


def region_means(x, sides):
    """Mean over the pixels of every region, [B, R, C]."""
    return torch.stack([x[..., rows, columns].mean(dim=(-2, -1)) for side in sides for rows, columns in cells(side, x)], dim=1)


def in_cells(x, side, change):
    """The map with each cell of one level changed by itself."""
    out = x.clone()
    for rows, columns in cells(side, x):
        out[..., rows, columns] = change(x[..., rows, columns])
    return out


def over_mean(v):
    """v over its mean; exactly 1 where it is the mean."""
    # Of differences from the first pixel, so that a constant region gives 1.
    first = v[..., :1, :1]
    mean = first + (v - first).mean(dim=(-2, -1), keepdim=True)
    return torch.where(v == mean, torch.ones_like(v), v / mean)


def softmax_of_pixels(v):
    return v.flatten(-2).softmax(dim=-1).reshape(v.shape) * v.shape[-2] * v.shape[-1]


def spatial_attention(x, side, tau, phi, unit):
    """SAMKD Eq. 1 within the cells of one level, [B, H, W]: phi(sigmoid(|F_p|^2 / (tau C)))."""
    if phi == "softmax":  # FGD's reading
        return in_cells(x.abs().mean(dim=1) / tau, side, softmax_of_pixels)
    strength = x.square().mean(dim=1)
    score = ((over_mean(strength) if unit == "relative" else strength) / tau).sigmoid()
    return in_cells(score, side, over_mean) if phi == "mean" else score


def spread(values, side, x):
    """Numbers per cell of one level [B, side^2, C] at the pixels of a map, [B, C, H, W]."""
    out = torch.empty_like(x)
    for number, (rows, columns) in enumerate(cells(side, x)):
        out[..., rows, columns] = values[:, number, :, None, None]
    return out
