"""The interface of a way to sum a kernel over particles."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class SumMethod(ABC):
    """Sums of one kernel e over weighted sources, at points: made once for a kernel, called at every step.

    A difference x_i - s_j = 0 contributes nothing to the gradient (by symmetry, or because a singular kernel's self term
    is excluded), and e(0) to the potential where e(0) is finite, else nothing. On a torus e is the periodized kernel
    without its mean, and positions are taken modulo the period. Results do not depend on the number of threads.
    """

    @abstractmethod
    def gradient(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        """Returns g_i = sum_j w_j grad e(x_i - s_j).

        points: (P, n).  sources: (S, n), S = 0 allowed.  weights: (S,), any sign.  Returns (P, n), length unit of e / length.
        """

    @abstractmethod
    def potential(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        """Returns u_i = sum_j w_j e(x_i - s_j), shapes as in `gradient`; (P,)."""

    @abstractmethod
    def describe(self) -> str:
        """Returns one line for people: the algorithm and the accuracy it promises."""
