"""Layers that the networks share: normalization within each sample, spectral normalization, image sizes."""

from __future__ import annotations

from math import gcd

from torch import nn
from torch.nn.utils.parametrizations import spectral_norm

from wgflow.arithmetic.number import InputError
from wgflow.record import record

NORMS = ("none", "group", "layer")
LEAK = 0.2  # slope of LeakyReLU for negative arguments (Radford and others 2015)


def normalization(kind: str, channels: int) -> nn.Module:
    """Returns a normalization of (B, channels, ...): "none", "group" (Wu and He 2018; up to 8 groups), "layer" (one group).

    None of them is a batch normalization: with that a sample's output would depend on the others of its batch, gradient penalties
    would mean something else (Gulrajani and others 2017, section 4), and results would depend on the number of processes.
    """
    if kind == "none":
        return nn.Identity()
    return nn.GroupNorm(gcd(channels, 8) if kind == "group" else 1, channels)


def limited(layer: nn.Module, on: bool) -> nn.Module:
    """Returns the layer with its weight divided by its largest singular value, where ``on`` (Miyato and others 2018, equation 8).

    The value is estimated by one power iteration in each call while training; the iterates are part of state_dict, so that a
    resumed run continues them, and they depend on the weights and the number of calls only, which all processes share.
    A convolution's weight counts as the matrix (out, in * height * width).
    """
    return spectral_norm(layer) if on else layer


@record
class ImageSize:
    """How an image is built up: from ``start`` x ``start`` by doubling it ``doublings`` times."""

    start: int
    doublings: int


SIZES = {8: ImageSize(2, 2), 16: ImageSize(4, 2), 28: ImageSize(7, 2), 32: ImageSize(4, 3)}


def image_size(network: str, shape: tuple[int, ...]) -> ImageSize:
    """Returns how images (channels, size, size) are built up. Raises InputError for shapes that the networks are not made for."""
    if len(shape) != 3 or shape[0] not in (1, 3) or shape[1] != shape[2] or shape[1] not in SIZES:
        raise InputError(
            f"{network} makes square images of {', '.join(map(str, SIZES))} pixels with 1 or 3 channels, not shape "
            f'{tuple(shape)}; type network = "mlp" for other shapes.'
        )
    return SIZES[shape[1]]
