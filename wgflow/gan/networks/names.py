"""The networks by name."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from wgflow.arithmetic.number import InputError, integer, shown
from wgflow.gan.networks.dcgan import ConvolutionalDiscriminator, ConvolutionalGenerator
from wgflow.gan.networks.mlp import Perceptron
from wgflow.gan.networks.resnet import ResidualDiscriminator, ResidualGenerator
from wgflow.gan.options import Options

NAMES = ("mlp", "dcgan", "resnet")
MOST = 65536


def make_generator(name: str, shape: tuple[int, ...], latent: int, options: Mapping[str, object] | None = None) -> nn.Module:
    """Returns a generator (B, latent) -> (B, *shape): "mlp", "dcgan" or "resnet"; images lie in [-1, 1], points anywhere.

    shape: (n,) for points, (channels, size, size) for images. Options: "mlp" takes ``width`` (128), ``depth`` (3),
    ``activation`` and ``residual``; "dcgan" and "resnet" take ``width`` (64) and ``norm`` (group). Parameters are drawn from
    torch's global generator: call torch.manual_seed first. Raises InputError for an unknown name or option, a wrong value, or a
    shape that does not fit.

    >>> sum(p.numel() for p in make_generator("mlp", (2,), 2).parameters())
    33666
    """
    read = Options(f"generator {_checked(name)}", options)
    latent = integer(latent, "latent", 1, MOST)
    network: nn.Module
    match name:
        case "mlp":
            network = Perceptron((latent,), shape, read, discriminates=False)
        case "dcgan":
            network = ConvolutionalGenerator(shape, latent, read)
        case _:
            network = ResidualGenerator(shape, latent, read)
    read.finish()
    return network


def make_discriminator(
    name: str, shape: tuple[int, ...], features: int, options: Mapping[str, object] | None = None
) -> nn.Module:
    """Returns a discriminator (B, *shape) -> (B, features) that ends in a linear head: "mlp", "dcgan" or "resnet".

    Options: those of `make_generator` (``norm`` is none here) and ``spectral-norm`` (false; Miyato and others 2018).
    Raises InputError as `make_generator` does.

    >>> import torch
    >>> make_discriminator("dcgan", (1, 8, 8), 16, {"width": 8})(torch.zeros(5, 1, 8, 8)).shape
    torch.Size([5, 16])
    """
    read = Options(f"discriminator {_checked(name)}", options)
    features = integer(features, "features", 1, MOST)
    network: nn.Module
    match name:
        case "mlp":
            network = Perceptron(shape, (features,), read, discriminates=True)
        case "dcgan":
            network = ConvolutionalDiscriminator(shape, features, read)
        case _:
            network = ResidualDiscriminator(shape, features, read)
    read.finish()
    return network


def _checked(name: str) -> str:
    if name not in NAMES:
        raise InputError(f"network {shown(name)} is not known; type one of {', '.join(NAMES)}.")
    return name
