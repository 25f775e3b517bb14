"""Free features on the line, under the loss itself: a wave packet on a long interval grows at the certified rate of its wave.

No torus and no periodized kernel: features of uniform density C on [-R, R], of which some near 0 are displaced,

    x(u) = u + a sin(k0 u) exp(-u^2 / 2 s^2) / k0,   u the resting places.

About a constant density every mode grows at its own rate, so that the packet's mode at k0 grows at that of k0, whatever the
others do. The ends do not disturb it: the packet has no mass and no moments but for a share exp(-s^2 k0^2 / 2), so that its field
far away is as small, for kernels of any range. Displacements that are odd in u feed the mode k0 at third order only.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from wgflow.arithmetic.number import InputError, integer
from wgflow.conventions import Role
from wgflow.dynamics.fitted_rate import fit
from wgflow.dynamics.growth import GrowthTable, compare
from wgflow.gan.distances.distance import Distance
from wgflow.gan.probing.feature_modes import Complexes, Floats, feature_modes
from wgflow.gan.probing.predicted_modes import Theory, predicted_modes
from wgflow.gan.rungs.descent import descend, plain_descent
from wgflow.record import record

WAVES, WIDTH, AMPLITUDE = 10, 6.0, 1e-3  # R is so many half wavelengths, on which uniform features are silent; s k0; a
COUNT, STEPS, FASTEST = 400, 20, 1 / 400


@record
class PacketGrowth:
    """``growth``: the one mode k0, measured beside the certified rate.  times: (T,), flow time.  modes: (T,), of p - q."""

    growth: GrowthTable
    times: Floats
    modes: Complexes


def packet_growth(
    distance: Distance,
    wavenumber: float = 2.0,
    role: Role = Role.DISCRIMINATOR,
    both: bool = False,
    count: int = COUNT,
    steps: int = STEPS,
    amplitude: float = AMPLITUDE,
) -> PacketGrowth:
    """Returns the growth of a packet's mode while plain gradient descent trains free features with a distance on the line.

    distance: such as ParticleDistance("rbf(1)", dim=1); what is certified is its `moving_kernel`, softening included.
    count: N features a side on [-R, R], R ten half wavelengths pi/k0, s = 6/k0.  A kernel whose force jumps at r = 0, such as
    energy, is not for this: a feature that moves between two others feels nothing of it, and the packet would have to move by
    many spacings. Give it smoothed: '0.2*multiquadric(1/5)' is energy with r^2 + 1/25 in place of r^2.
    A step takes the time t with |rate| t = 1/400. Raises InputError.

    >>> from wgflow.gan.distances.particle_distance import ParticleDistance
    >>> packet_growth(ParticleDistance("rbf(1)", dim=1), count=200, steps=10).growth.passes(0.01)
    True
    """
    n = integer(count, "count", 16 * WAVES, 10**6)
    radius, width = WAVES * np.pi / wavenumber, WIDTH / wavenumber
    rate = _predicted(distance, wavenumber, role, both, 1 / (2 * radius))
    interval = FASTEST / abs(rate)
    u: Floats = (2 * np.arange(n, dtype=np.float64) + 1 - n) * (radius / n)
    moved: Floats = u + amplitude * np.sin(wavenumber * u) * np.exp(-(u**2) / (2 * width**2)) / wavenumber
    x, y = nn.Parameter(_column(moved)), nn.Parameter(_column(u), requires_grad=both)
    optimizer = plain_descent([each for each in (x, y) if each.requires_grad], interval)
    wave = torch.tensor([[wavenumber]], dtype=torch.float64)
    taken = descend(distance, role, y, x, optimizer, integer(steps, "steps", 8, 10**6))
    series = np.array([_mode(x, y, wave) for _ in taken])
    times: Floats = interval * np.arange(len(series), dtype=np.float64)
    found = fit(times, series)
    return PacketGrowth(compare([(1,)], [wavenumber], [rate], [found]), times, series)


def _predicted(distance: Distance, wavenumber: float, role: Role, both: bool, density: float) -> float:
    theory = Theory(distance.moving_kernel(role), role=role)
    (found,) = predicted_modes([wavenumber], theory, 1, density, both=both)
    if not found.rate:
        raise InputError(f"the mode k = {wavenumber:g} of {distance.moving_kernel(role)} neither grows nor decays; type another.")
    return found.rate


def _mode(x: Tensor, y: Tensor, wave: Tensor) -> complex:
    return complex((feature_modes(x, wave) - feature_modes(y, wave))[0])


def _column(points: Floats) -> Tensor:
    return torch.from_numpy(points)[:, None]
