"""Explicit Runge-Kutta methods as exact tables, and what follows from them: stability on the axis of real rates."""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property

import numpy as np

from wgflow.record import record

Row = tuple[Fraction, ...]


@record
class Tableau:
    """An explicit Runge-Kutta method: stages k_i = f(t + c_i dt, u + dt sum_j a_ij k_j), step u + dt sum_i b_i k_i."""

    name: str
    order: int
    a: tuple[Row, ...]  # row i has i entries
    b: Row
    embedded: Row | None = None  # weights of a second solution, of order `embedded_order`, for the error estimate
    embedded_order: int = 0

    @property
    def c(self) -> Row:
        return tuple(sum(row, Fraction(0)) for row in self.a)

    @property
    def ends_with_slope(self) -> bool:
        """Whether the last stage is the slope at the end of the step, so that it is the next step's first stage."""
        return len(self.a) > 1 and self.b[:-1] == self.a[-1] and self.b[-1] == 0

    @cached_property
    def stability(self) -> Row:
        """The coefficients of R(z), lowest first: one step multiplies a mode of rate lambda by R(lambda dt).

        R(z) = 1 + sum_j z^j b A^(j-1) 1.

        >>> HEUN.stability
        (Fraction(1, 1), Fraction(1, 1), Fraction(1, 2))
        """
        coefficients, stage = [Fraction(1)], [Fraction(1)] * len(self.b)
        for _ in self.b:
            coefficients.append(_dot(self.b, stage))
            stage = [_dot(row, stage) for row in self.a]
        while not coefficients[-1]:
            coefficients.pop()
        return tuple(coefficients)

    def factor(self, z: float) -> float:
        """Returns R(z) in float64."""
        return float(np.polynomial.polynomial.polyval(z, [float(x) for x in self.stability]))

    @cached_property
    def decay_interval(self) -> float:
        """The largest x with |R(z)| <= 1 for all -x <= z <= 0: a mode decays where it should if |rate| dt < x.

        >>> EULER.decay_interval, HEUN.decay_interval, round(RK4.decay_interval, 3)
        (2.0, 2.0, 2.785)
        """
        edges = [0.0, *self._crossings()]
        for x, beyond in zip(edges[1:], [*edges[2:], edges[-1] + 1], strict=True):
            if abs(self.factor(-(x + beyond) / 2)) > 1:
                return x
        raise AssertionError("a polynomial that is not constant is unbounded")

    def _crossings(self) -> list[float]:
        """Returns the x > 0, ascending, where R(-x) is 1 or -1."""
        signed = [float(x) * (-1) ** j for j, x in enumerate(self.stability)]
        found: list[float] = []
        for value in (1.0, -1.0):
            roots = [complex(z) for z in np.polynomial.Polynomial([signed[0] - value, *signed[1:]]).roots()]
            found += [z.real for z in roots if abs(z.imag) < 1e-9 * abs(z) and z.real > 1e-9]
        return sorted(found)


def _dot(a: Row, b: list[Fraction]) -> Fraction:
    return sum((x * y for x, y in zip(a, b, strict=False)), Fraction(0))


def _row(text: str) -> Row:
    return tuple(Fraction(part) for part in text.split())


def _tableau(name: str, order: int, a: str, b: str, embedded: str = "", embedded_order: int = 0) -> Tableau:
    rows = tuple(_row(line) for line in a.split(";"))
    return Tableau(name, order, rows, _row(b), _row(embedded) if embedded else None, embedded_order)


EULER = _tableau("euler", 1, "", "1")
HEUN = _tableau("heun", 2, "; 1", "1/2 1/2")
RK4 = _tableau("rk4", 4, "; 1/2; 0 1/2; 0 0 1", "1/6 1/3 1/3 1/6")
BOGACKI_SHAMPINE = _tableau(  # Bogacki and Shampine 1989
    "bs32", 3, "; 1/2; 0 3/4; 2/9 1/3 4/9", "2/9 1/3 4/9 0", "7/24 1/4 1/3 1/8", 2
)
DORMAND_PRINCE = _tableau(  # Dormand and Prince 1980
    "dp54",
    5,
    "; 1/5; 3/40 9/40; 44/45 -56/15 32/9; 19372/6561 -25360/2187 64448/6561 -212/729;"
    "9017/3168 -355/33 46732/5247 49/176 -5103/18656; 35/384 0 500/1113 125/192 -2187/6784 11/84",
    "35/384 0 500/1113 125/192 -2187/6784 11/84 0",
    "5179/57600 0 7571/16695 393/640 -92097/339200 187/2100 1/40",
    4,
)
