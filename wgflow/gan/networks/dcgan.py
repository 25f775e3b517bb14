"""DCGAN: strided convolutions all the way (Radford, Metz and Chintala 2015), without batch normalization."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from wgflow.gan.networks.layers import LEAK, NORMS, image_size, limited, normalization
from wgflow.gan.options import Options


def channels(width: int, doublings: int) -> list[int]:
    """Returns the channels from the smallest layer to the largest: width is that of the largest, each smaller one doubles it.

    >>> channels(64, 3)
    [256, 128, 64]
    """
    return [width << (doublings - 1 - i) for i in range(doublings)]


class ConvolutionalGenerator(nn.Module):
    """Maps (B, latent) to images (B, channels, size, size) in [-1, 1]: a linear map, then transposed convolutions.

    Group normalization and ReLU between them, tanh at the end; weights start normal with deviation 0.02 (Radford and others
    2015, section 4).
    With c_0, c_1 ... the `channels`: (latent + 1) c_0 start^2 + sum of (16 c_i + 1) c_{i+1} + 2 c_i for the normalizations.
    """

    def __init__(self, shape: tuple[int, ...], latent: int, options: Options) -> None:
        super().__init__()
        size = image_size("dcgan", shape)
        widths = channels(options.integer("width", 64, 1, 4096), size.doublings)
        norm = options.word("norm", "group", NORMS)
        self.first = nn.Linear(latent, widths[0] * size.start**2)
        self.start = (widths[0], size.start, size.start)
        layers: list[nn.Module] = []
        for before, after in zip(widths, [*widths[1:], shape[0]], strict=True):
            layers += [normalization(norm, before), nn.ReLU(), nn.ConvTranspose2d(before, after, 4, 2, 1)]
        self.layers = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.ConvTranspose2d):
                nn.init.normal_(module.weight, std=0.02)
                unbias(module)

    def forward(self, z: Tensor) -> Tensor:
        return torch.tanh(self.layers(self.first(z).unflatten(1, self.start)))


class ConvolutionalDiscriminator(nn.Module):
    """Maps images to (B, features): strided convolutions with leaky ReLU, then a linear head.

    norm: "none" (the default: what limits a discriminator is then the objective alone, or spectral normalization), "group" or
    "layer" after every convolution but the first. Weights start normal with He's deviation, which keeps the scale from layer to
    layer where nothing normalizes it; 0.02 would not. With c_0, c_1 ... the `channels` from the image on, c the last of them:
    (16 channels + 1) c_0 + sum of (16 c_i + 1) c_{i+1} + (c start^2 + 1) features, and 2 c_i for every normalization.
    """

    def __init__(self, shape: tuple[int, ...], features: int, options: Options) -> None:
        super().__init__()
        size = image_size("dcgan", shape)
        widths = channels(options.integer("width", 64, 1, 4096), size.doublings)[::-1]
        norm = options.word("norm", "none", NORMS)
        spectral = options.switch("spectral-norm", False)
        layers: list[nn.Module] = []
        for before, after in zip([shape[0], *widths], widths, strict=False):
            convolution = limited(he(nn.Conv2d(before, after, 4, 2, 1)), spectral)
            layers += [convolution, normalization(norm if layers else "none", after), nn.LeakyReLU(LEAK)]
        self.layers = nn.Sequential(*layers)
        self.head = limited(nn.Linear(widths[-1] * size.start**2, features), spectral)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.layers(x).flatten(1))


def he(layer: nn.Conv2d) -> nn.Conv2d:
    """Returns the layer with He's normal weights for leaky ReLU (He, Zhang, Ren and Sun 2015) and no bias at the start."""
    nn.init.kaiming_normal_(layer.weight, a=LEAK)
    unbias(layer)
    return layer


def unbias(layer: nn.Linear | nn.Conv2d | nn.ConvTranspose2d) -> None:
    """Sets the bias to 0."""
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
