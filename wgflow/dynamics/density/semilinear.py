"""Flows u' = L u + N(t, u) with a diagonal real L, and exponential steps for them in which L is exact."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrators import FixedSteps, Memory
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record

CONTOUR = 32  # points on the upper half of the circle: the mean of analytic functions converges geometrically
BLOCK = 4096
MOST_TABLES = 4  # steps of different sizes


class SemilinearFlow(Flow):
    """u' = L u + N(t, u)."""

    @abstractmethod
    def linear_symbol(self) -> Floats:
        """Returns the diagonal of L, of the shape of the state, in 1/time."""

    @abstractmethod
    def nonlinear(self, t: float, state: Floats) -> Floats:
        """Returns N(t, state), a new array of the shape of ``state``."""

    def rhs(self, t: float, state: Floats) -> Floats:
        out = self.nonlinear(t, state)
        out += self.linear_symbol() * state
        return out


Table = tuple[Floats, Floats, Floats, Floats, Floats, Floats]


@record
class ExponentialRK4(FixedSteps):
    """ETDRK4 (Cox and Matthews 2002, equations 26 to 29) with given steps: exact for N = 0, order 4 else.

    Its coefficients, which cancel for small L dt, are means over a circle about L dt (Kassam and Trefethen 2005).
    """

    @property
    def order(self) -> int:
        return 4

    @cached_property
    def _tables(self) -> dict[float, tuple[Floats, Table]]:
        return {}

    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        if not isinstance(flow, SemilinearFlow):
            raise InputError("etdrk4 needs a flow with a linear part; type --solver etdrk4 with --period.")
        whole, half, q, f1, f2, f3 = self._table(flow.linear_symbol(), dt)
        start = flow.nonlinear(t, state)
        middle = half * state
        a = middle + q * start
        at_a = flow.nonlinear(t + dt / 2, a)
        b = middle + q * at_a
        at_b = flow.nonlinear(t + dt / 2, b)
        c = half * a
        c += q * (2 * at_b - start)
        at_c = flow.nonlinear(t + dt, c)
        new = whole * state
        new += f1 * start
        at_a += at_b
        new += f2 * at_a
        new += f3 * at_c
        return new, {}, None

    def _table(self, symbol: Floats, dt: float) -> Table:
        found = self._tables.get(dt)
        if found is None or found[0] is not symbol:
            while len(self._tables) >= MOST_TABLES:
                self._tables.pop(next(iter(self._tables)))
            found = self._tables[dt] = symbol, coefficients(symbol, dt)
        return found[1]

    def describe(self) -> str:
        return "etdrk4: exponential, order 4, linear part exact"


def coefficients(symbol: Floats, dt: float) -> Table:
    """Returns exp(z), exp(z/2), dt Q, dt f1, 2 dt f2, dt f3 for z = symbol * dt, of the shape of the symbol:

        Q  = (exp(z/2) - 1) / z                                 f1 = (-4 - z + exp(z) (4 - 3z + z^2)) / z^3
        f2 = (2 + z + exp(z) (z - 2)) / z^3                     f3 = (-4 - 3z - z^2 + exp(z) (4 - z)) / z^3

    >>> [float(x[0].round(12)) for x in coefficients(np.zeros(1), 1.0)]  # limits: 1, 1, 1/2, 1/6, 2/6, 1/6
    [1.0, 1.0, 0.5, 0.166666666667, 0.333333333333, 0.166666666667]
    """
    distinct, place = np.unique(symbol, return_inverse=True)
    if not np.isfinite(distinct).all():
        raise InputError("a rate is infinite or not a number; type fewer --points, or a kernel whose transform is finite.")
    means = [_means(distinct[i : i + BLOCK] * dt) for i in range(0, distinct.size, BLOCK)]
    q, f1, f2, f3 = (np.concatenate(parts)[place].reshape(symbol.shape) for parts in zip(*means, strict=True))
    z = symbol * dt
    return np.exp(z), np.exp(z / 2), dt * q, dt * f1, 2 * dt * f2, dt * f3


def _means(z: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Real parts of the means over the upper half circle of radius 1 about z: the lower half is their conjugate."""
    w: NDArray[np.complex128] = z[:, None] + np.exp(1j * np.pi * (np.arange(CONTOUR) + 0.5) / CONTOUR)
    e, cube = np.exp(w), w**3
    q = (np.exp(w / 2) - 1) / w
    f1 = (-4 - w + e * (4 - 3 * w + w**2)) / cube
    f2 = (2 + w + e * (w - 2)) / cube
    f3 = (-4 - 3 * w - w**2 + e * (4 - w)) / cube
    first, second, third, fourth = (each.real.mean(axis=1) for each in (q, f1, f2, f3))
    return first, second, third, fourth
