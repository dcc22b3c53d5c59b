"""Parts of pictures to learn from, as (left, upper, right, lower), and which files are pictures."""
import math

ENDINGS = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".ppm", ".pgm", ".gif", ".tif", ".tiff")
HELD = ("val", "valid", "validation", "test")


def middle(size):
    """The largest square in the middle."""
    side = min(size)
    left, upper = (size[0] - side) / 2, (size[1] - side) / 2
    return left, upper, left + side, upper + side


def window(size, least, draws, most=1):
    """torchvision's RandomResizedCrop: a share of the area from `least` to `most`, as wide as high by up to 4 : 3."""
    width, height = size
    for _ in range(10):
        area = draws.uniform(least, most) * width * height
        shape = math.exp(draws.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = round((area * shape) ** 0.5), round((area / shape) ** 0.5)
        if 0 < w <= width and 0 < h <= height:
            left, upper = draws.randint(0, width - w), draws.randint(0, height - h)
            return left, upper, left + w, upper + h
    return middle(size)
