"""The obvious slow version of each compiled sum, written for reading. Formulas of kernels are typed anew, from the literature."""

import math

import mpmath as mp
import numpy as np


def naive_gradient(slope, points, sources, weights):
    """sum_j w_j grad e(x_i - s_j) with slope = de/d(r^2); a pair at distance 0 gives 0.  (P, n), (S, n), (S,) -> (P, n)."""
    return np.array([[math.fsum(column) for column in _terms(slope, x, sources, weights).T] for x in points])


def naive_potential(value, points, sources, weights):
    """sum_j w_j e(x_i - s_j) with e as a function of r^2.  (P,)."""
    return np.array([math.fsum(w * value(((x - s) ** 2).sum()) for s, w in zip(sources, weights, strict=True)) for x in points])


def size_of_gradient(slope, points, sources, weights):
    """The largest sum of absolute values of the terms: what errors are measured by."""
    return max(float(np.linalg.norm(_terms(slope, x, sources, weights), axis=1).sum()) for x in points)


def _terms(slope, x, sources, weights):
    rows = np.zeros(sources.shape)
    for j, (s, w) in enumerate(zip(sources, weights, strict=True)):
        q = float(((x - s) ** 2).sum())
        if q > 0:
            rows[j] = 2 * w * slope(q) * (x - s)
    return rows


def _matern(nu):
    """2^(1-nu)/Gamma(nu) z^nu K_nu(z), z = sqrt(2 nu) r; its derivative by r^2 is -nu 2^(1-nu)/Gamma(nu) z^(nu-1) K_(nu-1)(z)."""
    c = mp.mpf(2) ** (1 - nu) / mp.gamma(nu)
    return (
        lambda q: float(c * mp.sqrt(2 * nu * q) ** nu * mp.besselk(nu, mp.sqrt(2 * nu * q))) if q else 1.0,
        lambda q: float(-c * nu * mp.sqrt(2 * nu * q) ** (nu - 1) * mp.besselk(nu - 1, mp.sqrt(2 * nu * q))),
    )


def _mixed(*parts):
    """A sum of weight * (value, slope)."""
    return (
        lambda q: sum(weight * value(q) for weight, (value, _) in parts),
        lambda q: sum(weight * slope(q) for weight, (_, slope) in parts),
    )


def _rbf(length=1.0):
    return lambda q: math.exp(-q / (2 * length**2)), lambda q: -math.exp(-q / (2 * length**2)) / (2 * length**2)


ENERGY = (lambda q: -math.sqrt(q), lambda q: -0.5 / math.sqrt(q))
KERNELS = {  # text: (e, de/d(r^2)) as functions of r^2
    "rbf": _rbf(),
    "energy": ENERGY,
    "laplace": (lambda q: math.exp(-math.sqrt(q)), lambda q: -math.exp(-math.sqrt(q)) / (2 * math.sqrt(q))),
    "rq(2)": (lambda q: (1 + q / 4) ** -2, lambda q: -0.5 * (1 + q / 4) ** -3),
    "matern(6/5)": _matern(mp.mpf(6) / 5),
    "riesz(1)": (lambda q: q**-0.5 if q else 0.0, lambda q: -0.5 * q**-1.5),
    "energy - 1/5*rbf(1/2) + 2*rbf(3)": _mixed((1, ENERGY), (-0.2, _rbf(0.5)), (2, _rbf(3.0))),
    "0": (lambda q: 0.0, lambda q: 0.0),
}
