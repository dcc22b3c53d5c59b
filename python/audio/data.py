"""Sounds in folders that are named after their classes, as WAV files at 16 kHz, and the pictures that a transformer sees of them.

DATA/train/CLASS/.. and DATA/val/CLASS/.. (or valid, test); without a folder "train", DATA/CLASS/.. is learned from. Everything
random is a function of seed, step and place in the batch: any number of processes hears the same sounds.
"""
import functools
import math
import os
import random
import wave

import torch
from torch.utils.data import Dataset

from run import fail

HELD = ("val", "valid", "validation", "test")
AUGMENTATIONS = ("none", "spec")
# Of Kaldi's filterbanks with AST's options: samples a second, of a frame, and from one to the next; points of the transform.
RATE, FRAME, HOP, POINTS = 16_000, 400, 160, 512
PREEMPHASIS, LOWEST, FLOOR = 0.97, 20, 2.0**-23


def folders(root):
    """The folder to learn from, and the one that is held out or None."""
    train = os.path.join(root, "train")
    held = next((path for path in (os.path.join(root, name) for name in HELD) if os.path.isdir(path)), None)
    return (train, held) if os.path.isdir(train) else (root, None)


def classes_of(folder):
    names = sorted(entry.name for entry in os.scandir(folder) if entry.is_dir()) if os.path.isdir(folder) else []
    return names or fail(f"{folder} has no folders of classes.", "Give data=FOLDER with a folder for each class.")


def samples(path):
    """The mean of a file's channels, -1 to 1, float64 [n]."""
    try:
        with wave.open(path) as file:
            rate, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
            raw = bytearray(file.readframes(file.getnframes()))
    except (wave.Error, EOFError) as error:
        fail(f"{path} cannot be read ({error}).", "Save it as WAV with 16 bits.")
    if width != 2 or rate != RATE:
        fail(f"{path} has {8 * width} bits and {rate} samples a second.", f"Save it with 16 bits at {RATE}: ffmpeg -i IN -ar {RATE} OUT.wav")
    if not raw:
        return torch.zeros(0, dtype=torch.float64)
    return torch.frombuffer(raw, dtype=torch.int16).reshape(-1, channels).double().mean(dim=1) / 2**15


def mel(hertz):
    return 1127 * torch.log(1 + torch.as_tensor(hertz, dtype=torch.float64) / 700)


@functools.lru_cache(maxsize=None)
def filters(bands):
    """Triangles [points, bands] whose corners lie evenly on the mel scale from 20 Hz to half the rate."""
    low, high = mel(LOWEST), mel(RATE / 2)
    step = (high - low) / (bands + 1)
    at = mel(torch.arange(POINTS // 2, dtype=torch.float64) * RATE / POINTS)[:, None]
    left = low + torch.arange(bands, dtype=torch.float64) * step
    return torch.minimum((at - left) / step, (left + 2 * step - at) / step).clamp(min=0)


def fbank(sound, bands, frames):
    """Logarithms [frames, bands] of the power in bands of the first `frames` frames; fewer of a shorter sound."""
    if len(sound) < FRAME:
        return torch.zeros(0, bands)
    cut = (sound - sound.mean()).unfold(0, FRAME, HOP)[:frames]
    cut = cut - cut.mean(dim=1, keepdim=True)
    before = torch.cat([cut[:, :1], cut[:, :-1]], dim=1)
    window = torch.hann_window(FRAME, periodic=False, dtype=torch.float64)
    power = torch.fft.rfft((cut - PREEMPHASIS * before) * window, POINTS).abs()[:, : POINTS // 2] ** 2
    return (power @ filters(bands)).clamp(min=FLOOR).log().float()


def spectrogram(sound, bands, frames):
    """A picture [1, bands, frames], the highest band first, with zeros behind a shorter sound."""
    found = fbank(sound, bands, frames)
    picture = torch.zeros(1, bands, frames)
    picture[0, :, : len(found)] = found.t().flip(0)
    return picture


class Sounds(Dataset):
    """Normalised spectrograms [1, bands, frames] with their classes; `settings` augment them where there are any."""

    def __init__(self, folder, classes, size, moments, settings=None):
        if settings and settings["augment"] not in AUGMENTATIONS:
            fail(f"train.py does not augment={settings['augment']}.", f"Use one of {', '.join(AUGMENTATIONS)}.")
        self.size, self.settings = size, settings
        self.mean, self.std = moments["mean"][0], moments["std"][0]
        self.files = [
            (os.path.join(at, name), label)
            for label, one in enumerate(classes)
            for at, _, names in sorted(os.walk(os.path.join(folder, one)))
            for name in sorted(names)
            if name.lower().endswith(".wav")
        ]
        if not self.files:
            fail(f"{folder} has no sounds.", "They have to end in .wav.")

    def __len__(self):
        return len(self.files)

    def __getitem__(self, asked):
        """`asked` is (index, step, place): which sound, and for which place of which batch."""
        index, step, place = asked
        path, label = self.files[index]
        picture = (spectrogram(samples(path), *self.size) - self.mean) / self.std
        if self.settings and self.settings["augment"] == "spec":
            self.mask(picture, random.Random(f"{self.settings['seed']} {step} {place}"))
        return picture, label

    def mask(self, picture, draws):
        """SpecAugment (Park et al. 2019): a range of bands and one of frames become what a logarithm of 0 is."""
        for axis, most in ((1, self.settings["maskedBands"]), (2, self.settings["maskedFrames"])):
            length = min(math.floor(draws.random() * most), picture.shape[axis])
            start = math.floor(draws.random() * (picture.shape[axis] - length))
            picture.narrow(axis, start, length).fill_(-self.mean / self.std)
