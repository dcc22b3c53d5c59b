"""Pictures fitted whole into squares, and augmentation that boxes and masks can follow: mirrored, zoomed into a random window, lit at random."""
import torch
import torch.nn.functional as F

# Zoom factors, drawn evenly on a logarithmic scale; contrast and brightness stray by a share, single channels by less.
ZOOM, LIGHT, TINT = (0.7, 1.4), 0.2, 0.06


class Fit:
    """Where a picture of (width, height) lies on its square: pixels of the square per pixel, left, top, and its size there."""

    def __init__(self, size, side):
        self.scale = side / max(size)
        self.size = tuple(max(1, round(length * self.scale)) for length in size)
        self.left, self.top = ((side - length) // 2 for length in self.size)

    def put(self, picture, square):
        """Puts a picture [.., height, width] of its size on a square [.., side, side]."""
        width, height = self.size
        square[..., self.top : self.top + height, self.left : self.left + width] = picture
        return square


def fitted(picture, side, mean, std, bilinear):
    """A Pillow picture, RGB, normalised on its square [3, side, side], with the mean colour around it; and how it fits."""
    fit = Fit(picture.size, side)
    width, height = fit.size
    pixels = torch.frombuffer(bytearray(picture.resize(fit.size, bilinear).tobytes()), dtype=torch.uint8)
    return fit.put((pixels.reshape(height, width, 3).permute(2, 0, 1) / 255 - mean) / std, torch.zeros(3, side, side)), fit


class Jitter:
    """What happens to one picture, as `draws` say."""

    def __init__(self, side, draws):
        around = lambda spread: spread * (2 * draws.random() - 1)  # noqa: E731
        self.side = side
        self.zoom = ZOOM[0] * (ZOOM[1] / ZOOM[0]) ** draws.random()
        room, self.flip = side - side / self.zoom, draws.random() < 0.5
        self.left, self.top = room * draws.random(), room * draws.random()
        self.contrast, self.brightness = 1 + around(LIGHT), around(LIGHT / 2)
        self.tint = torch.tensor([1 + around(TINT), 1, 1 + around(TINT)]).reshape(-1, 1, 1)

    def image(self, image, mean, std):
        """A normalised image; what is around its picture stays the mean colour."""
        lit = ((image * std + mean - 0.5) * self.contrast + 0.5 + self.brightness) * self.tint
        return self.moved(torch.where(image != 0, (lit - mean) / std, image), "bilinear")

    def moved(self, planes, mode):
        """Planes [C, side, side] where they are afterwards, 0 where nothing is."""
        x, y = (((torch.arange(self.side) + 0.5) / self.zoom + start) / self.side * 2 - 1 for start in (self.left, self.top))
        grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], dim=-1)
        planes = F.grid_sample(planes[None], grid[None].float(), mode=mode, align_corners=False)[0]
        return planes.flip(-1) if self.flip else planes
