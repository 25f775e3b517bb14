"""Exact solutions of density flows, against which solvers converge."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role, growth_rate
from wgflow.dynamics.sums.sum_method import Floats

NEWTON_STEPS = 60


def logistic(role: Role, start: Floats, mean: float, strength: float, time: float) -> Floats:
    """Returns p(t) along characteristics of a flow whose potential solves Lap phi = -strength (p - C), q = C constant:

        dp/dt = s strength p (p - C),    p(t) = C / (1 - (1 - C/p(0)) exp(s strength C t))

    coulomb has the strengths 2, 2 pi, 4 pi for n = 1, 2, 3; the generator has s = -1.

    >>> float(logistic(Role.GENERATOR, np.array(2.0), 1.0, 2.0, 100.0))
    1.0
    """
    grown = np.exp(growth_rate(role, 1, strength, mean) * time)
    return np.asarray(mean / (1 - (1 - mean / start) * grown))


def coulomb_on_circle(role: Role, amplitude: float, mean: float, time: float) -> Callable[[Floats], Floats]:
    """Returns p(x, t) of the 1-D coulomb flow on the circle of length 2 pi from p(x, 0) = C (1 + A cos x), with q = C.

    By characteristics: with S the mass between 0 and a particle, its distance to S/C is multiplied by exp(s 2 C t), and p
    follows `logistic`. Raises InputError at and beyond the time at which characteristics meet.
    """
    grown = float(np.exp(growth_rate(role, 1, 2.0, mean) * time))
    if grown * abs(amplitude) >= 1:
        raise InputError(f"the solution is singular before time {time:g}; give a smaller time.")

    def density(x: Floats) -> Floats:
        label = np.array(x, dtype=np.float64)  # where the particle that is at x came from
        for _ in range(NEWTON_STEPS):
            mass = label + amplitude * np.sin(label)
            here = mass - grown * amplitude * np.sin(label)
            slope = 1 + (1 - grown) * amplitude * np.cos(label)
            label -= (here - x) / slope
        return logistic(role, mean * (1 + amplitude * np.cos(label)), mean, 2.0, time)

    return density


def barenblatt(dim: int, mass: float, time: float) -> Callable[[Floats], Floats]:
    """Returns p(r, t) = t^-a (b - (a/2n) r^2 t^(-2a/n))_+, a = n/(n+2), which solves p_t = div(p grad p): e = delta, q = 0.

    Barenblatt 1952. The mass fixes b: n = 1 and 2 alone.

    >>> r = np.linspace(-5, 5, 100001)
    >>> bool(abs(barenblatt(1, 2.0, 1.5)(r).sum() * 1e-4 - 2) < 1e-6)
    True
    """
    if dim not in (1, 2):
        raise InputError(f"this solution is for dim 1 and 2, not {dim}.")
    a = dim / (dim + 2)
    c = a / (2 * dim)
    # The mass is b^(1 + n/2) c^(-n/2) times the integral of 1 - |y|^2 over the unit ball: 4/3 and pi/2.
    ball = 4 / 3 if dim == 1 else np.pi / 2
    b = (mass * c ** (dim / 2) / ball) ** (2 / (dim + 2))
    return lambda r: np.asarray(time**-a * np.maximum(b - c * r**2 * time ** (-2 * a / dim), 0))


def gaussian(dim: int, std: float) -> Callable[[Floats], Floats]:
    """Returns the normal density of r. Under e = c r^2 alone (q = 0) its deviation grows as exp(2 c s t), s the role's sign."""
    return lambda r: np.asarray(np.exp(-((r / std) ** 2) / 2) / (2 * np.pi * std**2) ** (dim / 2))
