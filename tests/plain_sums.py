"""Sums over particles as one would write them on a blackboard: the twins that flows and integrators are tested with."""

import numpy as np

from wgflow.dynamics.sums.sum_method import SumMethod


class PlainSum(SumMethod):
    """e and its gradient as functions of difference vectors (..., n)."""

    def __init__(self, value, slope):
        self.value, self.slope, self.calls = value, slope, 0

    def gradient(self, points, sources, weights):
        self.calls += 1
        return np.einsum("psn,s->pn", self.slope(points[:, None] - sources), weights)

    def potential(self, points, sources, weights):
        return (self.value(points[:, None] - sources) * weights).sum(axis=1)

    def describe(self):
        return "plain NumPy"


def gaussian(length=1.0):
    """e(x) = exp(-|x|^2 / (2 l^2))."""

    def value(d):
        return np.exp(-(d**2).sum(axis=-1) / (2 * length**2))

    return PlainSum(value, lambda d: -d / length**2 * value(d)[..., None])


def logarithm():
    """e(x) = -log |x|, nothing at coincident points."""

    def squared(d):
        r2 = (d**2).sum(axis=-1)
        return np.where(r2 == 0, np.inf, r2), r2 == 0

    def value(d):
        r2, same = squared(d)
        return np.where(same, 0, -np.log(np.where(same, 1, r2)) / 2)

    return PlainSum(value, lambda d: -d / squared(d)[0][..., None])


def parabola():
    """e(x) = -|x|^2 / 2: all particles of p follow the difference of the means."""
    return PlainSum(lambda d: -(d**2).sum(axis=-1) / 2, lambda d: -d)


def cosines(modes, amplitudes):
    """e(x) = sum_m a_m cos(m x), n = 1, period 2 pi: mode m of a near-uniform p has the rate role * m^2 a_m / 2."""
    m, a = np.asarray(modes, dtype=float), np.asarray(amplitudes, dtype=float)
    return PlainSum(
        lambda d: np.cos(d * m) @ a,
        lambda d: -(np.sin(d * m) @ (a * m))[..., None],
    )
