"""Random numbers as a function of (seed, stream, step, index): Philox-4x32-10, the same bits as the run itself draws.

Source: J. K. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
"""
import torch

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
LOW = 0xFFFFFFFF


def mulhilo(a, b):
    """Upper and lower 32 bits of a times b (b an int64 tensor below 2^32), by 16-bit halves so that nothing overflows."""
    low = (a & 0xFFFF) * b  # below 2^48
    high = (a >> 16) * b
    middle = high + (low >> 16)
    return middle >> 16, ((middle << 16) | (low & 0xFFFF)) & LOW


def uniform(seed, stream, step, count):
    """`count` numbers in [0, 1) with 24 bits each, float32 [count]."""
    c0 = torch.arange(count, dtype=torch.int64)
    c1, c2, c3 = (torch.full_like(c0, value & LOW) for value in (step, stream, 0))
    k0, k1 = seed & LOW, 0
    for _ in range(ROUNDS):
        high0, low0 = mulhilo(MULTIPLIERS[0], c0)
        high1, low1 = mulhilo(MULTIPLIERS[1], c2)
        c0, c1, c2, c3 = high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0
        k0, k1 = (k0 + WEYL[0]) & LOW, (k1 + WEYL[1]) & LOW
    return (c0 >> 8).to(torch.float32) * 2.0**-24


class Draws:
    """The draws of one step. A process that holds only a part of the batch draws what the whole batch would and takes its part."""

    def __init__(self, seed, step, batch, part=None, device="cpu"):
        self.seed, self.step, self.batch, self.device = seed, step, batch, device
        self.part = part if part is not None else slice(0, batch)

    def views(self, count):
        """The same for `count` views of each image, view after view."""
        mine = range(self.batch)[self.part]
        part = [view * self.batch + image for view in range(count) for image in mine]
        return Draws(self.seed, self.step, count * self.batch, part, self.device)

    def per_image(self, stream, count):
        """[images, count]."""
        drawn = uniform(self.seed, stream, self.step, self.batch * count).reshape(self.batch, count)
        return drawn[self.part].to(self.device)

    def per_row(self, stream, rows):
        """[rows, images]: a number for each image in each of so many rows."""
        drawn = uniform(self.seed, stream, self.step, rows * self.batch).reshape(rows, self.batch)
        return drawn[:, self.part].to(self.device)

    def flat(self, stream, count):
        """[count], the same in every process."""
        return uniform(self.seed, stream, self.step, count).to(self.device)
