"""Exact sums on a line or a circle in O(N log N), for kernels that are polynomials in r times exponentials.

Energy (beta = 1), Coulomb, Laplace, Matern with half-integer smoothness, Yukawa, expressions such as r*exp(-2*r), and sums
of these with either sign.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.sorted_parts import circle_parts, line_parts
from wgflow.dynamics.sums.sorted_sums import PartSums
from wgflow.dynamics.sums.sum_method import SumMethod
from wgflow.kernels.kernel import Kernel

Floats = NDArray[np.float64]


class Sorted(SumMethod):
    """Sums a kernel over particles on a line by sorting them, to rounding.

    kernel: a sum of terms that are polynomials in r times exp(-a r), a >= 0.  dim: 1.  period: of a circle, or None.
    Raises InputError for other kernels; the message names the term. A position that is not finite makes all values NaN.

    >>> from wgflow.kernels.text import parse
    >>> two = np.array([[0.0], [3.0]])
    >>> sums = Sorted(parse("energy"), 1)
    >>> sums.potential(two, two, np.ones(2)).tolist(), sums.gradient(two, two, np.ones(2)).tolist()
    ([-3.0, -3.0], [[1.0], [-1.0]])
    """

    def __init__(self, kernel: Kernel, dim: int = 1, period: float | None = None) -> None:
        if period is not None and not 0 < period < np.inf:
            raise InputError(f"period {period} is not a length; type a positive number such as 6.28.")
        self._sums = PartSums(line_parts(kernel, dim) if period is None else circle_parts(kernel, dim, float(period)), period)

    def gradient(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        """Returns g_i = sum_j w_j e'(|x_i - s_j|) sign(x_i - s_j); coincident ones contribute 0. (P, 1), e / length."""
        return self._sums.slope(_line(points, "points"), _line(sources, "sources"), weights)[:, np.newaxis]

    def potential(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        """Returns u_i = sum_j w_j e(|x_i - s_j|), coincident ones included. (P,)."""
        return self._sums.value(_line(points, "points"), _line(sources, "sources"), weights)

    def describe(self) -> str:
        """Returns one line: the algorithm and what it promises."""
        where = "the line" if self._sums.period is None else "the circle, all images included"
        return f"sorting on {where}: O(N log N) and exact to rounding, {len(self._sums.parts)} recurrences a side"


def _line(values: Floats, what: str) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 2 or array.shape[1] != 1:
        raise InputError(f"{what} have the shape {array.shape}; sorting takes (N, 1).")
    return np.ascontiguousarray(array[:, 0])


def sortable(kernel: Kernel, dim: int, period: float | None = None) -> bool:
    """Tells whether `Sorted` sums a kernel.

    >>> from wgflow.kernels.text import parse
    >>> sortable(parse("energy - 0.2*matern(5/2)"), 1), sortable(parse("rbf"), 1), sortable(parse("energy"), 2)
    (True, False, False)
    """
    try:
        Sorted(kernel, dim, period)
    except InputError:
        return False
    return True
