"""Networks that map a torus to itself and start as the identity: f(x) = x + u(x) - u_0(x), u_0 the network at its start."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from math import pi

import torch
from torch import Tensor, nn


def embedding(samples: Tensor, dim: int, period: float) -> Tensor:
    """Returns what a network sees of samples (B, n + labels): (cos, sin)(2 pi x_i / L) of the n coordinates, and the labels.

    Returns (B, 2 n + labels). The map is periodic in x, and one to one on the torus.

    >>> embedding(torch.tensor([[0.0, 5.0]]), 1, 1.0).tolist()
    [[1.0, 0.0, 5.0]]
    """
    angles = samples[:, :dim] * (2 * pi / period)
    return torch.cat([torch.cos(angles), torch.sin(angles), samples[:, dim:]], dim=1)


class TorusMap(nn.Module):
    """Maps samples (B, n + labels) to x + u(x) - u_0(x), (B, n); u the network that is trained, u_0 a frozen copy of its start.

    The density of the features is then at first the density of the samples, the one that theory linearizes about, while the
    tangent kernel is that of a network at its usual random start (Chizat, Oyallon and Bach 2019 subtract the start for the same
    reason).
    network: (B, 2 n + labels) -> (B, n), on the `embedding`.
    """

    def __init__(self, network: nn.Module, dim: int, period: float) -> None:
        super().__init__()
        self.dim, self.period = dim, period
        self.network = network
        self.start = deepcopy(network).requires_grad_(False)

    def forward(self, samples: Tensor) -> Tensor:
        seen = embedding(samples, self.dim, self.period)
        return samples[:, : self.dim] + (self.network(seen) - self.start(seen))


class Identity(nn.Module):
    """The first ``dim`` coordinates of the samples: features, or generated samples, that no network moves."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim

    def forward(self, samples: Tensor) -> Tensor:
        return samples[:, : self.dim]


def wide_map(dim: int, period: float, labels: int, seed: int, purpose: str, options: Mapping[str, object]) -> TorusMap:
    """Returns a `TorusMap` of the product's own perceptron in float64, initialized from the seed and the purpose alone.

    options: as for the network "mlp": width, depth, activation. Raises InputError.
    """
    from wgflow.dynamics.random_streams import stream
    from wgflow.gan.networks.names import make_discriminator

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(int(stream(seed, purpose).integers(2**62)))
        network = make_discriminator("mlp", (2 * dim + labels,), dim, options)
    return TorusMap(network.double(), dim, period)
