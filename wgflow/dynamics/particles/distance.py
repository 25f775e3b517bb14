"""Distances between two weighted samples: the kernel's own, Wasserstein-1 on a line, sliced Wasserstein-2."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError
from wgflow.conventions import HALF_IN_ENERGY
from wgflow.dynamics.sums.directions import direction_batches, mean_and_error
from wgflow.dynamics.sums.sum_method import SumMethod
from wgflow.record import record

Floats = NDArray[np.float64]


@record
class KernelDistance:
    """An estimate of D_e[p, q]. ``estimator``: "V" (all pairs: biased up for a positive definite e, exact for the particles
    as measures) or "U" (no particle with itself: unbiased for samples of p and q, and may be negative)."""

    squared: float
    estimator: str

    @property
    def energy(self) -> float:
        """HALF_IN_ENERGY * D_e, which the flows descend and ascend."""
        return float(HALF_IN_ENERGY * Fraction(self.squared))

    @property
    def mmd(self) -> float:
        """sqrt(max(D_e, 0)): the maximum mean discrepancy for a positive definite e; 0 where a "U" estimate is negative."""
        return sqrt(max(self.squared, 0.0))


@record
class SlicedDistance:
    """Sliced Wasserstein-2 with its estimated standard error (0 on a line, where it is exact), and how it was sliced."""

    value: float
    error: float
    directions: int
    seed: int


def kernel_distance(
    method: SumMethod, x: Floats, y: Floats, wx: Floats | None = None, wy: Floats | None = None, estimator: str = "V"
) -> KernelDistance:
    """Returns D_e[p, q] = sum over i, j of w_i w_j e(z_i - z_j), z = x and y, w = wx and -wy (Gretton et al. 2012, JMLR 13).

    method: the sums of e.  x: (N, n), y: (M, n).  wx, wy: weights that add up to 1, equal ones where None.
    For "U" the pairs i = j within x and within y are left out and the rest is divided by 1 - sum w_i^2 in place of 1; that
    takes two particles on both sides. A singular e has no value at 0, and its coincident pairs count nothing in either.

    >>> from wgflow.dynamics.sums.sorted import Sorted
    >>> from wgflow.kernels.text import parse
    >>> kernel_distance(Sorted(parse("energy"), 1), np.array([[0.0]]), np.array([[3.0]]))
    KernelDistance(squared=6.0, estimator='V')
    """
    wx, wy = sample_weights(x, wx, "x"), sample_weights(y, wy, "y")
    if estimator == "V":
        w, z = np.concatenate([wx, -wy]), np.concatenate([x, y])
        return KernelDistance(float(w @ method.potential(z, z, w)), "V")
    if estimator != "U":
        raise InputError(f"estimator {estimator!r} is not known; type V (all pairs) or U (no particle with itself).")
    mixed = float(wx @ method.potential(x, y, wy))
    return KernelDistance(_without_diagonal(method, x, wx) + _without_diagonal(method, y, wy) - 2 * mixed, "U")


def _without_diagonal(method: SumMethod, x: Floats, w: Floats) -> float:
    own = float(w @ w)
    if np.count_nonzero(w) < 2:
        raise InputError("the U estimator needs two particles on both sides; type V, or give more particles.")
    at_zero = float(method.potential(x[:1], x[:1], np.ones(1))[0])
    return (float(w @ method.potential(x, x, w)) - own * at_zero) / (1 - own)


def wasserstein_1(x: Floats, y: Floats, wx: Floats | None = None, wy: Floats | None = None) -> float:
    """Returns W_1(p, q) = integral of |F_p - F_q| on the line, exactly, by sorting (SciPy).

    x: (N,) or (N, 1).  y: (M,) or (M, 1).  wx, wy: nonnegative weights, equal ones where None; only their ratios count.

    >>> wasserstein_1(np.array([0.0, 1.0]), np.array([3.0]))
    2.5
    """
    from scipy.stats import wasserstein_distance

    a, b = _on_a_line(x, "x"), _on_a_line(y, "y")
    return float(wasserstein_distance(a, b, sample_weights(a, wx, "x"), sample_weights(b, wy, "y")))


def sliced_wasserstein_2(
    x: Floats, y: Floats, directions: int = 128, seed: int = 0, wx: Floats | None = None, wy: Floats | None = None
) -> SlicedDistance:
    """Returns the square root of the average over directions of W_2^2 along them (Bonneel, Rabin, Peyre and Pfister 2015).

    x: (N, n), y: (M, n); n = 1 gives W_2 itself. Weights as in `wasserstein_1`. Directions as in `direction_batches`.

    >>> sliced_wasserstein_2(np.array([[0.0], [1.0]]), np.array([[3.0], [4.0]])).value
    3.0
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if x.ndim != 2 or y.ndim != 2 or x.shape[1] != y.shape[1]:
        raise InputError(f"samples have the shapes {x.shape} and {y.shape}; give (N, n) and (M, n).")
    a, b = sample_weights(x, wx, "x"), sample_weights(y, wy, "y")
    batches = direction_batches(x.shape[1], directions, seed)
    means = (np.array(np.mean([_squared_w2(x @ t, y @ t, a, b) for t in batch])) for batch in batches)
    mean, error = mean_and_error(means)
    value = sqrt(mean)
    return SlicedDistance(value, float(error) / (2 * value) if value else 0.0, sum(map(len, batches)), seed)


def _squared_w2(x: Floats, y: Floats, wx: Floats, wy: Floats) -> float:
    """Returns W_2^2 on a line: the integral over 0 < t < 1 of the squared difference of the quantiles."""
    i, j = np.argsort(x, kind="stable"), np.argsort(y, kind="stable")
    if len(x) == len(y) and (wx == wx[0]).all() and (wy == wy[0]).all():
        return float(np.mean((x[i] - y[j]) ** 2))
    p, q = np.cumsum(wx[i]), np.cumsum(wy[j])
    p[-1] = q[-1] = 1.0
    levels = np.concatenate([p, q])
    levels.sort()
    share = np.diff(levels, prepend=0.0)
    middle = levels - share / 2
    left = np.minimum(np.searchsorted(p, middle), len(x) - 1)
    right = np.minimum(np.searchsorted(q, middle), len(y) - 1)
    return float(share @ (x[i][left] - y[j][right]) ** 2)


def sample_weights(sample: Floats, weights: Floats | None, name: str) -> Floats:
    """Returns weights that add up to 1, equal ones for None; raises InputError for what is no sample.

    >>> sample_weights(np.zeros((2, 1)), np.array([1.0, 3.0]), "x").tolist()
    [0.25, 0.75]
    """
    if not len(sample):
        raise InputError(f"sample {name} is empty; a distance takes one particle at least on both sides.")
    if not np.isfinite(sample).all():
        raise InputError(f"sample {name} has a position that is not finite.")
    if weights is None:
        return np.full(len(sample), 1 / len(sample))
    w = np.asarray(weights, dtype=np.float64)
    if w.shape != (len(sample),) or not (w >= 0).all() or not 0 < w.sum() < np.inf:
        raise InputError(f"weights of {name} must be {len(sample)} numbers >= 0 that are not all 0.")
    return w / w.sum()


def _on_a_line(sample: Floats, name: str) -> Floats:
    array = np.asarray(sample, dtype=np.float64)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array[:, 0]
    if array.ndim != 1:
        raise InputError(f"sample {name} has the shape {array.shape}; W_1 is computed on a line: type sliced W_2 elsewhere.")
    return array
