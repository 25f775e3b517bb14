"""A small residual network for images, after Gulrajani and others 2017 and Miyato and others 2018 (table 4)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from wgflow.gan.networks.layers import NORMS, image_size, limited, normalization
from wgflow.gan.options import Options


def doubled(x: Tensor) -> Tensor:
    """Returns an image of twice the size by repeating pixels."""
    return interpolate(x, scale_factor=2, mode="nearest")


def halved(x: Tensor) -> Tensor:
    """Returns an image of half the size by averaging four pixels."""
    return avg_pool2d(x, 2)


class GrowingBlock(nn.Module):
    """Twice the size: convolution(doubled(x)) twice, beside a shortcut."""

    def __init__(self, before: int, after: int, norm: str) -> None:
        super().__init__()
        self.first_norm, self.second_norm = normalization(norm, before), normalization(norm, after)
        self.first, self.second = nn.Conv2d(before, after, 3, padding=1), nn.Conv2d(after, after, 3, padding=1)
        self.shortcut = nn.Conv2d(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        out = self.first(doubled(torch.relu(self.first_norm(x))))
        return self.second(torch.relu(self.second_norm(out))) + doubled(self.shortcut(x))


class ShrinkingBlock(nn.Module):
    """Half the size, or the same: two convolutions beside a shortcut; ``bare``: the first block, which meets the image itself."""

    def __init__(self, before: int, after: int, norm: str, spectral: bool, *, halves: bool, bare: bool = False) -> None:
        super().__init__()
        self.halves, self.bare = halves, bare
        self.first_norm = normalization("none" if bare else norm, before)
        self.second_norm = normalization(norm, after)
        self.first = limited(nn.Conv2d(before, after, 3, padding=1), spectral)
        self.second = limited(nn.Conv2d(after, after, 3, padding=1), spectral)
        self.shortcut = limited(nn.Conv2d(before, after, 1), spectral) if halves or before != after else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        out = self.first(x if self.bare else torch.relu(self.first_norm(x)))
        out = self.second(torch.relu(self.second_norm(out)))
        beside = self.shortcut(x)
        return halved(out) + halved(beside) if self.halves else out + beside


class ResidualGenerator(nn.Module):
    """Maps (B, latent) to images (B, channels, size, size) in [-1, 1] through growing blocks of ``width`` channels.

    With w the width and group normalization: (latent + 1) w start^2 + doublings (19 w^2 + 7 w) + 2 w + (9 w + 1) channels
    parameters.
    """

    def __init__(self, shape: tuple[int, ...], latent: int, options: Options) -> None:
        super().__init__()
        size = image_size("resnet", shape)
        width = options.integer("width", 64, 1, 4096)
        norm = options.word("norm", "group", NORMS)
        self.first = nn.Linear(latent, width * size.start**2)
        self.start = (width, size.start, size.start)
        self.blocks = nn.Sequential(*[GrowingBlock(width, width, norm) for _ in range(size.doublings)])
        self.norm = normalization(norm, width)
        self.last = nn.Conv2d(width, shape[0], 3, padding=1)

    def forward(self, z: Tensor) -> Tensor:
        out = self.blocks(self.first(z).unflatten(1, self.start))
        return torch.tanh(self.last(torch.relu(self.norm(out))))


class ResidualDiscriminator(nn.Module):
    """Maps images to (B, features): two blocks that halve the size, two that keep it, the mean over pixels, a linear head.

    norm: "none" (as with spectral normalization), "group" or "layer" (as with a gradient penalty). With w the width, no norm:
    (10 channels + 9 w + 3) w + (19 w + 3) w + 2 (18 w + 2) w + (w + 1) features parameters.
    """

    def __init__(self, shape: tuple[int, ...], features: int, options: Options) -> None:
        super().__init__()
        image_size("resnet", shape)
        width = options.integer("width", 64, 1, 4096)
        norm = options.word("norm", "none", NORMS)
        spectral = options.switch("spectral-norm", False)
        self.blocks = nn.Sequential(
            ShrinkingBlock(shape[0], width, norm, spectral, halves=True, bare=True),
            ShrinkingBlock(width, width, norm, spectral, halves=True),
            ShrinkingBlock(width, width, norm, spectral, halves=False),
            ShrinkingBlock(width, width, norm, spectral, halves=False),
        )
        self.head = limited(nn.Linear(width, features), spectral)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(torch.relu(self.blocks(x)).mean((2, 3)))
