"""Perceptrons, for points and for flattened images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from math import prod

import torch
from torch import Tensor, nn

from wgflow.arithmetic.number import InputError
from wgflow.gan.networks.layers import LEAK, limited
from wgflow.gan.options import Options

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "relu": nn.ReLU,
    "leaky-relu": lambda: nn.LeakyReLU(LEAK),
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "softplus": nn.Softplus,
    "tanh": nn.Tanh,
}


class Perceptron(nn.Module):
    """Maps (B, *inputs) to (B, *outputs) through ``depth`` hidden layers of ``width`` units; images end in tanh.

    residual: x + network(x), with the last layer 0 at the start, so that the map starts as the identity; needs as many outputs as
    inputs. spectral: every layer is divided by its largest singular value (except the last one of a residual map, which is 0).
    Parameters: (inputs + 1) width + (depth - 1)(width + 1) width + (width + 1) outputs, PyTorch's uniform initialization.
    """

    def __init__(self, inputs: Sequence[int], outputs: Sequence[int], options: Options, *, discriminates: bool) -> None:
        super().__init__()
        width = options.integer("width", 128, 1, 65536)
        depth = options.integer("depth", 3, 1, 64)
        activation = options.word("activation", "leaky-relu" if discriminates else "relu", tuple(ACTIVATIONS))
        self.residual = options.switch("residual", False)
        spectral = discriminates and options.switch("spectral-norm", False)
        self.outputs = tuple(outputs)
        sizes = [prod(inputs), *[width] * depth]
        if self.residual and (sizes[0] != prod(outputs) or len(outputs) != 1):
            raise InputError(
                f"{options.says('residual')} = true needs points with as many outputs as inputs, not {sizes[0]} and "
                f"{prod(outputs)}; type latent or features = {sizes[0] if discriminates else prod(outputs)}, or residual = false."
            )
        layers: list[nn.Module] = []
        for before, after in pairwise(sizes):
            layers += [limited(nn.Linear(before, after), spectral), ACTIVATIONS[activation]()]
        self.hidden = nn.Sequential(*layers)
        last = nn.Linear(width, prod(outputs))
        if self.residual:
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        self.last = limited(last, spectral and not self.residual)

    def forward(self, x: Tensor) -> Tensor:
        out = self.last(self.hidden(x.flatten(1)))
        if self.residual:
            return x.flatten(1) + out
        return torch.tanh(out.unflatten(1, self.outputs)) if len(self.outputs) == 3 else out
