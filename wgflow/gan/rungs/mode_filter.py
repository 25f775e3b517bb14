"""How much of a mode's velocity the tangent kernel lets through."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from wgflow.conventions import Role
from wgflow.gan.rungs.tangent_kernel import TangentKernel
from wgflow.gan.rungs.torus_game import TorusGame
from wgflow.record import record

Floats = NDArray[np.float64]


@record
class ModeFilter:
    """A player's tangent kernel at the start, as the followed modes feel it.

    largest: largest eigenvalue of Theta.  shares: (K, K); row i, column j: the part of the velocity of mode j that arrives
    in mode i, over ``largest``: a Galerkin matrix. Its diagonal lies between 0 and 1 (a Rayleigh quotient of a positive
    semidefinite matrix over its largest eigenvalue); it is 1 for free features, whose Theta is 1.
    """

    largest: float
    shares: Floats


def velocity_fields(features: Tensor, count: int, wavevectors: Floats, phases: Floats, role: Role) -> Tensor:
    """Returns the unit velocity fields of K waves a cos(xi . x + phase) of the relative density of p - q, (K, N + M, n).

    The flow of a wave moves features along its gradient, -xi sin(xi . x + phase) up to a factor. The discriminator moves the two
    species apart, the generator moves that of the first ``count`` features alone.

    wavevectors: (K, n).  phases: (K,), in radians.
    """
    xi = torch.as_tensor(wavevectors, dtype=features.dtype)
    phase = torch.as_tensor(phases, dtype=features.dtype)
    waves = torch.sin(features.detach() @ xi.T + phase).T[:, :, None] * xi[:, None, :]
    waves[:, count:] *= -1 if role is Role.DISCRIMINATOR else 0
    return waves / waves.flatten(1).norm(dim=1)[:, None, None]


def mode_filter(game: TorusGame, role: Role, wavevectors: Floats, phases: Floats, seed: int = 0) -> ModeFilter:
    """Returns the filter of the player's tangent kernel for K waves, at the game's present parameters.

    Only parameters of that player count. See `velocity_fields`.
    """
    theta = TangentKernel(game, prefix=f"{role.text}.")
    fields = velocity_fields(theta.at, len(game.latent), wavevectors, phases, role)
    largest = theta.largest_eigenvalue(seed)
    return ModeFilter(largest, theta.gram(fields) / largest)
