"""Training a `TorusGame` by gradient descent while the modes of its features are followed."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from wgflow.conventions import Role
from wgflow.dynamics.modes import Mode, torus_modes
from wgflow.gan.distances.distance import Distance
from wgflow.gan.rungs.torus_game import TorusGame
from wgflow.record import record

Complexes = NDArray[np.complex128]


@record
class Turn:
    """A player's share of a training cycle: ``updates`` steps of gradient descent of rate ``rate``."""

    role: Role
    updates: int
    rate: float


def train_game(
    game: TorusGame, distance: Distance, turns: tuple[Turn, ...], cycles: int, modes: tuple[Mode, ...], period: float
) -> Complexes:
    """Trains the game's players in turn on the whole batch; returns the modes at the start and after each cycle, (cycles + 1, K).

    The modes are those of the features, generated ones less real ones; the losses are the distance's, the optimizer is
    torch.optim.SGD.
    """
    optimizers = {turn.role: torch.optim.SGD(_trained(game, turn.role), lr=turn.rate) for turn in turns}
    updates = [turn.role for turn in turns for _ in range(turn.updates)]
    series = []
    for _ in range(cycles):
        for index, role in enumerate(updates):
            fake, real = game.features()
            if index == 0:
                series.append(_modes(fake, real, modes, period))
            optimizers[role].zero_grad(set_to_none=True)
            _loss(distance, role, real, fake).backward()
            optimizers[role].step()
    with torch.no_grad():
        series.append(_modes(*game.features(), modes, period))
    return np.array(series)


def _trained(game: TorusGame, role: Role) -> list[nn.Parameter]:
    player = game.discriminator if role is Role.DISCRIMINATOR else game.generator
    return [p for p in player.parameters() if p.requires_grad]


def _loss(distance: Distance, role: Role, real: Tensor, fake: Tensor) -> Tensor:
    return distance.discriminator_loss(real, fake) if role is Role.DISCRIMINATOR else distance.generator_loss(real, fake)


def _modes(fake: Tensor, real: Tensor, modes: tuple[Mode, ...], period: float) -> Complexes:
    p, q = (features.detach().cpu().numpy() for features in (fake, real))
    return np.asarray(torus_modes(p, modes, period) - torus_modes(q, modes, period))
