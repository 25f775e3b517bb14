"""Sums of powers of the distance in R^n, as averages over directions of exact sums on a line.

|x|^m is, up to a constant, the average of |<theta, x>|^m over the sphere (Hertrich, Wald, Altekrueger and Hagemann 2024,
Generative sliced MMD flows with Riesz kernels). With random directions a sum is right in expectation and has an error
that does not fall with the number of particles: it is used only where it is asked for.
"""

from __future__ import annotations

from math import exp, lgamma, pi, sqrt

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.directions import direction_batches, mean_and_error
from wgflow.dynamics.sums.sorted_parts import Part, power_part
from wgflow.dynamics.sums.sorted_sums import PartSums
from wgflow.dynamics.sums.sum_method import SumMethod
from wgflow.kernels.kernel import Kernel

Floats = NDArray[np.float64]

REMEMBERED = 1 << 24  # positions in all directions together whose order is kept for the next call


def mean_power(power: int, dim: int) -> float:
    """Returns the average of |theta_1|^power over the unit sphere: Gamma(n/2) Gamma((m+1)/2) / (sqrt(pi) Gamma((n+m)/2)).

    >>> abs(mean_power(2, 3) - 1 / 3) < 1e-15, abs(mean_power(1, 2) - 2 / pi) < 1e-15
    (True, True)
    """
    return exp(lgamma(dim / 2) + lgamma((power + 1) / 2) - lgamma((dim + power) / 2)) / sqrt(pi)


class Sliced(SumMethod):
    """Sums a kernel of whole powers of r, such as energy, along ``directions``; n >= 2.

    In the plane the directions are equispaced (no chance), beyond they are random (Philox(seed)) and orthogonal in batches.
    `error` is the estimated error of the last result: the root mean square over the points, in the result's unit.

    >>> from wgflow.kernels.text import parse
    >>> sums = Sliced(parse("energy"), 2, directions=1000)
    >>> apart = np.array([[0.0, 0.0], [3.0, 4.0]])
    >>> np.round(sums.potential(apart, apart, np.ones(2)), 3).tolist(), sums.error < 1e-2
    ([-5.0, -5.0], True)
    """

    def __init__(self, kernel: Kernel, dim: int, directions: int = 128, seed: int = 0) -> None:
        if dim < 2:
            raise InputError(f"slicing is for dim 2 and more, got {dim}; type --method sorted for exact sums.")
        part = power_part(kernel, dim)
        scale = np.array([1.0, *(mean_power(m, dim) for m in range(1, part.coefficients.size))])
        self._part = Part(0.0, part.coefficients / scale)
        self._dim, self._seed = dim, seed
        self._batches = direction_batches(dim, directions, seed)
        self._remembered: dict[tuple[int, int], PartSums] = {}
        self.error = 0.0

    def gradient(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        """Returns the average over directions of theta times the slope along it; see `gradient_and_error`."""
        return self.gradient_and_error(points, sources, weights)[0]

    def potential(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        """Returns the average over directions of the sums along them; see `potential_and_error`."""
        return self.potential_and_error(points, sources, weights)[0]

    def gradient_and_error(self, points: Floats, sources: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Returns the gradient (P, n) and the estimated standard error of each entry (P, n)."""
        return self._averaged(True, points, sources, weights)

    def potential_and_error(self, points: Floats, sources: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Returns the potential (P,) and the estimated standard error of each value (P,)."""
        return self._averaged(False, points, sources, weights)

    def describe(self) -> str:
        """Returns one line: the algorithm and what it promises."""
        count = sum(map(len, self._batches))
        kind = "equispaced" if self._dim == 2 else f"random orthogonal (seed {self._seed})"
        return f"slicing along {count} {kind} directions, each summed exactly by sorting: error estimated from their spread"

    def _averaged(self, slope: bool, points: Floats, sources: Floats, weights: Floats) -> tuple[Floats, Floats]:
        x, s = self._positions(points, "points"), self._positions(sources, "sources")
        mean, error = mean_and_error(self._batch_mean(b, slope, x, s, weights) for b in range(len(self._batches)))
        self.error = float(np.sqrt((error**2).sum() / max(len(x), 1)))
        return mean, error

    def _batch_mean(self, batch: int, slope: bool, x: Floats, s: Floats, weights: Floats) -> Floats:
        total = np.zeros(x.shape if slope else len(x))
        for i, direction in enumerate(self._batches[batch]):
            sums = self._sums(batch, i, len(s))
            along = (x @ direction, s @ direction, weights)
            total += np.multiply.outer(sums.slope(*along), direction) if slope else sums.value(*along)
        return total / len(self._batches[batch])

    def _sums(self, batch: int, i: int, sources: int) -> PartSums:
        fresh = PartSums((self._part,))
        if sources * sum(map(len, self._batches)) > REMEMBERED:
            return fresh
        return self._remembered.setdefault((batch, i), fresh)

    def _positions(self, values: Floats, what: str) -> Floats:
        array = np.asarray(values, dtype=np.float64)
        if array.ndim != 2 or array.shape[1] != self._dim:
            raise InputError(f"{what} have the shape {array.shape}; slicing in dim {self._dim} takes (N, {self._dim}).")
        return array
