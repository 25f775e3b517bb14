"""The growth rates that theory predicts for the modes of a particle run on a torus."""

from __future__ import annotations

import numpy as np

from wgflow.arithmetic import ball
from wgflow.conventions import Role, both_moving, growth_rate
from wgflow.dynamics.modes import Mode
from wgflow.dynamics.particles.particle_settings import ParticleSettings
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.fourier.domain import Period
from wgflow.fourier.values import transform
from wgflow.kernels.kernel import ZERO
from wgflow.record import replace
from wgflow.stability import confined
from wgflow.stability.claim import Claim

_BITS = 80


def certified_rates(claim: Claim, squares: Floats) -> Floats:
    """Returns role * k^2 * F(e - eps s)(k) at unit density for the modes of a torus with these |m|^2, (K,).

    Named kernels from balls, correct to the last digits; expressions by the numeric transform, whose errors are far below
    what particles can show.
    """
    period = claim.domain
    assert isinstance(period, Period)
    if confined.is_needed(claim.kernel, claim.stabilizer):
        k = np.array([float(period.wavenumber(int(m2))) for m2 in squares])
        value = transform(claim.kernel - claim.eps * claim.stabilizer, k, claim.dim)
        return np.asarray(growth_rate(claim.role, k * k, value))
    with ball.precision(_BITS):
        return np.array([float(claim.rate(period.wavenumber(int(m2))).mid()) for m2 in squares])


def predicted_rates(settings: ParticleSettings, squares: Floats) -> Floats:
    """Returns the rates of the modes of p - q with these |m|^2 about p = q = 1 / period^n, in 1/time, (K,).

    A smoothed kernel has the transform F(k) exp(-H^2 k^2 / 2), and so, on average, has one whose force is taken at displaced
    particles. Alternating updates have the rate of their sum, which a cycle of small steps approaches.
    """
    claim, length = settings.claim, settings.length
    assert length is not None
    k2 = squares * (2 * np.pi / length) ** 2
    width2 = settings.number("softening") ** 2 + settings.number("noise") ** 2
    factor = np.exp(-width2 * k2 / 2) / length**settings.dim
    rates = certified_rates(claim, squares) * factor
    if settings.moves == "both":
        rates = both_moving(rates)
    if settings.alternate is None:
        return np.asarray(rates)
    generator = certified_rates(replace(claim, role=Role.GENERATOR, stabilizer=ZERO, eps=claim.eps * 0), squares) * factor
    (d, g), (rate_d, rate_g) = settings.alternate, settings.learning_rates
    return np.asarray(d * rate_d * rates + g * rate_g * generator)


def mode_squares(modes: tuple[Mode, ...]) -> Floats:
    """Returns |m|^2 of each mode, (K,)."""
    return np.array([sum(m * m for m in mode) for mode in modes], dtype=np.float64)


def resolved_rates(settings: ParticleSettings, modes: tuple[Mode, ...]) -> Floats:
    """Returns the rates that limit a step: of the followed modes, and of those up to the particles' mean spacing."""
    resolved = max(1, round(settings.count ** (1 / settings.dim) / 2))
    axis = np.unique(np.geomspace(1, resolved, 24).round())
    return predicted_rates(settings, np.union1d(axis**2, mode_squares(modes)))
