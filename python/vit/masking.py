"""MaskedKD's mask: the student's attention selects the patches its teacher sees.

Son et al., "The Role of Masking for Efficient Supervised Knowledge Distillation of Vision Transformers", ECCV 2024.
score_i = mean over heads of the last block's class-token attention to patch i. No gradient flows through score or choice.
"""
import math

import torch
import torch.nn.functional as F

# Whose attention scores the patches.
SCORERS = {
    "student": "student", "bottom": "student", "late-random": "student", "teacher": "teacher",
    "guide": "guide", "guide-late-random": "guide", "random": "draws",
}  # fmt: skip
STREAM = {"random": 0x200, "late": 0x201}
# Two scores nearer than this are equal up to rounding: either of two such patches may be kept.
TIE = 1e-5
# Share of the kept patches that late randomness still takes by score: 78 of 98.
STILL_HIGHEST = 0.8


def half_up(x):
    return math.floor(x + 0.5)


def count_kept(settings, patches):
    """Number k of patches that are shown."""
    return min(patches, max(1, half_up(settings["keep"] * patches)))


def block_of(settings, depth):
    """Index (from 0) of the student's block whose attention is read; the setting counts from 1, and 0 is the last."""
    block = settings["block"]
    return (depth if block == 0 else min(block, depth)) - 1


def saliency(scores, settings, lead, patches):
    """
    Attention each of N `patches` receives, [B, N], from scores [B, H, n, n]: of the class token, or the mean of all patches' queries,
    or of those of the tokens before the patches, `lead` of them, or behind them, where detection tokens are.
    """
    end = lead + patches
    asked = {"cls": slice(0, 1), "lead": slice(0, lead), "patches": slice(lead, end), "det": slice(end, None)}[settings["queries"]]
    rows = scores[:, :, asked]
    if settings["softmaxOver"] == "eq2":  # Eq. 2: over the patches alone
        return rows[..., lead:end].softmax(dim=-1).mean(dim=(1, 2))
    return rows.softmax(dim=-1)[..., lead:end].mean(dim=(1, 2))  # the published code: over all tokens, then the patches' share


def on_grid(score, own, grid):
    """Scores of one grid of patches (rows, columns), resized bilinearly to another."""
    if own == grid:
        return score
    image = score.reshape(len(score), 1, *own)
    return F.interpolate(image, size=grid, mode="bilinear", align_corners=False).reshape(len(score), -1)


def order_of(score, highest_first=True):
    """Indices in order of rank; ties go to the lower index."""
    return torch.sort(-score if highest_first else score, dim=1, stable=True).indices


def select(settings, grid, draws, step, score_of):
    """
    Indices [B, k] of the patches that are shown, and the scores [B, N] they were chosen by; (None, None) where all are.
    `score_of(who)` gives the attention of "student", "teacher" or "guide" on whole images, for the patches of `grid` (rows, columns).
    """
    patches = grid[0] * grid[1]
    criterion, k = settings["criterion"], count_kept(settings, patches)
    if k >= patches:
        return None, None
    who = SCORERS[criterion]
    score = draws.per_image(STREAM["random"], patches) if who == "draws" else score_of(who)
    order = order_of(score, criterion != "bottom")
    if not criterion.endswith("late-random"):
        return order[:, :k], score
    highest = k if 2 * step < settings["steps"] else half_up(STILL_HIGHEST * k)
    rest = order[:, highest:]
    drawn = draws.per_image(STREAM["late"], patches).gather(1, rest)
    return torch.cat([order[:, :highest], rest.gather(1, order_of(drawn))[:, : k - highest]], dim=1), score


class Settler:
    """Where two patches' scores tie up to rounding, takes the patch that the run took; counts how often."""

    def __init__(self):
        self.chosen, self.ties, self.others = None, 0, 0

    def __call__(self, kept, score):
        ours, theirs = (torch.zeros_like(score, dtype=torch.bool).scatter_(1, one, True) for one in (kept, self.chosen))
        differing = ours != theirs
        for row in differing.any(dim=1).nonzero().flatten():
            between = score[row][differing[row]]
            tie = between.max() - between.min() <= TIE * score[row].max()
            self.ties += int(tie)
            self.others += int(not tie)
            if tie:
                kept[row] = self.chosen[row]
        return kept
