"""Quiet starts on a torus: a lattice carried to a density with prescribed modes, and silent at every other low mode."""

from __future__ import annotations

from math import fsum, pi

import numpy as np

from wgflow.arithmetic.number import InputError, shown
from wgflow.dynamics.modes import Mode
from wgflow.dynamics.particles.lattice import Floats, lattice
from wgflow.record import record

_TURN = 2 * np.pi
_MOST_STEPS = 100
_BLOCK = 1 << 16


@record
class Wave:
    """One term a cos(2 pi m . x / L + phase) of the relative density; a sine without a phase.

    Where all waves are sines, what two of them feed a third at second order in a is a cosine, perpendicular to it, whatever
    the kernel (parity). Growth rates of projections on the phases at t = 0 then deviate by O(a^2), not O(a).
    """

    mode: Mode
    amplitude: float
    phase: float = -pi / 2


def quiet_start(count: int, period: float, waves: tuple[Wave, ...], dim: int, between: bool = False) -> Floats:
    """Returns N equally weighted particles on [0, L)^n of density (1 + sum_m a_m cos(2 pi m . x / L + phase_m)) / L^n.

    A rank-1 lattice u (in n = 1 the midpoints) is carried by the Knothe-Rosenblatt map: the distribution function of x_1,
    then that of x_2 given x_1, and so on, each inverted by Newton's method to rounding. The density is exact, not of first
    order in a: a particle sum of exp(-i xi . x) is a lattice rule for an analytic periodic function of u, so that mode m is
    a_m exp(i phase_m) / 2, and every other mode 0, up to rounding and to powers of the amplitude with which harmonics
    of the waves reach the shortest dual vector (`wgflow.dynamics.particles.lattice.generator`: about N^(1/n)).

    count: N.  period: L.  waves: modes of n integers; sum of |a| below 1, so that the density is positive.  between: on the
    lattice's gaps, for a second species.  Returns (N, n).
    Raises InputError (n > 4, amplitudes too large).

    >>> x = quiet_start(1000, 1.0, (Wave((2,), 0.1, phase=0.0),), 1)
    >>> modes = np.array([np.exp(-2j * np.pi * m * x).mean() for m in (1, 2)])
    >>> bool(np.abs(modes - [0, 0.05]).max() < 1e-15)
    True
    """
    size = fsum(abs(wave.amplitude) for wave in waves)
    if not size < 1:
        raise InputError(f"the amplitudes sum to {shown(size)}; a density stays positive below 1: type a smaller --amplitude.")
    if any(len(wave.mode) != dim for wave in waves):
        raise InputError(f"every mode has {dim} components in dimension {dim}; type for example --modes 1{':0' * (dim - 1)}.")
    points = lattice(count, dim, between)
    for at in range(0, count, _BLOCK):
        block = points[at : at + _BLOCK]
        for axis in range(dim):
            block[:, axis] = _conditional(block[:, :axis], block[:, axis], waves)
    return _wrapped(points, period)


def _conditional(before: Floats, u: Floats, waves: tuple[Wave, ...]) -> Floats:
    """Returns s with G(s) = u, G the distribution function of the next coordinate given those ``before``, in periods.

    Waves that vary along later axes integrate to 0. Those constant along this axis add up to A, the others give
    (1 + A) G(s) = (1 + A) s + sum a (sin(theta + 2 pi m s) - sin theta) / (2 pi m), theta = 2 pi m . before + phase.
    """
    axis = before.shape[1]
    level = np.ones_like(u)
    moving = []
    for wave in waves:
        if any(wave.mode[axis + 1 :]):
            continue
        theta = _TURN * (before @ np.array(wave.mode[:axis], dtype=np.float64)) + wave.phase
        if wave.mode[axis]:
            moving.append((wave.amplitude, wave.mode[axis], theta))
        else:
            level += wave.amplitude * np.cos(theta)
    return _inverted(level, moving, u) if moving else u


def _inverted(level: Floats, waves: list[tuple[float, int, Floats]], u: Floats) -> Floats:
    """Solves level (s - u) + sum a (sin(theta + 2 pi m s) - sin theta) / (2 pi m) = 0: Newton, bisection where it leaves."""
    reach = sum(abs(a / (np.pi * m)) for a, m, _ in waves) / level
    low, high, s = u - reach, u + reach, u.copy()
    for _ in range(_MOST_STEPS):
        value, slope = level * (s - u), level.copy()
        for a, m, theta in waves:
            angle = theta + (_TURN * m) * s
            value += a / (_TURN * m) * (np.sin(angle) - np.sin(theta))
            slope += a * np.cos(angle)
        low, high = np.where(value < 0, s, low), np.where(value < 0, high, s)
        target = s - value / slope  # the slope is the density, which is positive
        target = np.where((target >= low) & (target <= high), target, (low + high) / 2)
        step, s = np.abs(target - s).max(), target
        if step <= 4e-16:
            break
    return s


def _wrapped(turns: Floats, period: float) -> Floats:
    """Returns positions in [0, period), also where the product rounds up to it."""
    points = period * (turns - np.floor(turns))
    return np.where(points < period, points, 0.0)
