"""Gradient steps of free features: x and y are parameters, and a distance is the loss."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from wgflow.conventions import Role
from wgflow.gan.distances.distance import Distance


def player_loss(distance: Distance, role: Role, real: Tensor, fake: Tensor) -> Tensor:
    """Returns what the player of this role minimizes."""
    return distance.discriminator_loss(real, fake) if role is Role.DISCRIMINATOR else distance.generator_loss(real, fake)


def plain_descent(features: list[nn.Parameter], interval: float, momentum: float = 0.0) -> torch.optim.SGD:
    """Returns gradient descent whose steps take the flow time ``interval`` for every species: the rate is N interval for N
    features, whose gradients are those of means; with momentum, (1 - momentum) times that."""
    groups = [{"params": [each], "lr": interval * len(each) * (1 - momentum)} for each in features]
    return torch.optim.SGD(groups, lr=1.0, momentum=momentum)


def descend(
    distance: Distance, role: Role, real: nn.Parameter, fake: nn.Parameter, optimizer: torch.optim.Optimizer, steps: int
) -> Iterator[None]:
    """Trains the features that require gradients; yields before the first step and after each, steps + 1 times."""
    yield
    for _ in range(steps):
        optimizer.zero_grad(set_to_none=True)
        player_loss(distance, role, real, fake).backward()
        optimizer.step()
        yield
