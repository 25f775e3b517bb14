"""The part of the spectrum that is not discrete, from the kernel's transform toward infinity.

About p0, -grad grad^T e * has the symbol k k^T F(e)(k). Where k^2 F -> 0 the linearized flow is compact: eigenvalues that
accumulate at 0 alone. Where k^2 F -> c it is c p0 plus something compact, and by Weyl's theorem every number between
c min p0 and c max p0 belongs to the spectrum: a continuous part, at most some discrete eigenvalues beside it. Where
k^2 F -> infinity rates have no bound.
"""

from __future__ import annotations

from math import log

import numpy as np

from wgflow.arithmetic import ball
from wgflow.dynamics.sums.lattice_modes import transform_values
from wgflow.fourier.asymptotics import End, Undecidable, expand
from wgflow.fourier.spectral_sum import transform
from wgflow.kernels.kernel import Kernel
from wgflow.record import record
from wgflow.stability import confined

COMPACT, BAND, UNBOUNDED = "compact", "band", "unbounded"


@record
class Toward:
    """k^2 F(e)(k) ~ limit * k^power as k -> infinity; kind: "compact", "band" or "unbounded".

    limit: the number c for a band; of an unbounded kernel only its sign counts, 0 where it changes sign without end.
    exact: read off the exact expansion, not off values at large k.
    """

    kind: str
    limit: float
    exact: bool


def toward_infinity(kernel: Kernel, dim: int) -> Toward:
    """Returns how k^2 F(e)(k) behaves as k -> infinity.

    >>> from wgflow.kernels.text import parse
    >>> [toward_infinity(parse(name), 1).kind for name in ("rbf", "energy", "elastic")]
    ['compact', 'band', 'unbounded']
    >>> toward_infinity(parse("energy"), 1).limit
    2.0
    """
    if not kernel.terms:
        return Toward(COMPACT, 0.0, True)
    if not confined.is_needed(kernel):
        try:
            leading = expand(transform(kernel, dim), End.INFINITY, 2).leading
        except Undecidable:
            leading = None
        if leading is not None:
            rate, power, logs, coefficient = leading
            with ball.precision(64):
                c = float(ball.real(coefficient).mid())
            if rate[0] > 0 or power < -2:
                return Toward(COMPACT, 0.0, True)
            return Toward(BAND if power == -2 and logs == 0 else UNBOUNDED, c, True)
    return _from_values(kernel, dim)


def _from_values(kernel: Kernel, dim: int) -> Toward:
    """The same from the largest values around k = 1e2, 1e3, 1e4 in units of the shortest length."""
    k = (np.array([1e2, 1e3, 1e4])[:, None] + np.linspace(0, 7, 9)) / _shortest(kernel)
    values, error = (each.reshape(k.shape) for each in transform_values(kernel, dim, k.ravel()))
    at = np.argmax(np.abs(values), axis=1)
    if any(abs(values[i, j]) <= 10 * error[i, j] for i, j in enumerate(at)):  # as good as 0: it decays faster than powers
        return Toward(COMPACT, 0.0, False)
    scaled = np.array([k[i, j] ** 2 * values[i, j] for i, j in enumerate(at)])
    changes = bool((values[2] > 0).any() and (values[2] < 0).any())
    power = log(abs(scaled[2] / scaled[1])) / log(10)
    if power < -0.2:
        return Toward(COMPACT, 0.0, False)
    if power < 0.2 and not changes:
        return Toward(BAND, float(scaled[2]), False)
    return Toward(UNBOUNDED, 0.0 if changes else float(scaled[2]), False)


def _shortest(kernel: Kernel) -> float:
    return min((float(term.scale2) for term in kernel.terms), default=1.0) ** 0.5
