"""Averages of a radial kernel over the cells of a grid, singular ones included."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.polynomial.legendre import leggauss

from wgflow.arithmetic.floating import OPS, quiet
from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.kernels.kernel import Kernel

NEAR, NEAR_NODES, FAR_NODES = 6, 8, 2  # cells this close to 0 get more nodes an axis
CENTRE_NODES = 32, 48  # two rules, which agree where the mean exists
AGREEMENT = 1e-5
FLATTENING = 6  # distances are s^6 in the cell around 0: an integrable singularity becomes smooth


def kernel_averages(kernel: Kernel, dim: int, spacing: float, count: int) -> Floats:
    """Returns the means of e over the cells with centres h d, 0 <= d_a < count; (count,) * dim.

    The rule has two Gauss nodes an axis, eight near the origin; the cell around 0 is cut into pyramids, whose apex is at 0,
    which makes radial powers and logarithms smooth. Convolution with these means is exact for densities that are constant on
    each cell, and of order 2 in h for smooth densities, also where e(0) is infinite. Raises InputError where the mean around 0
    is not finite.

    >>> from wgflow.kernels.text import parse
    >>> kernel_averages(parse("log"), 1, 2.0, 1).round(9)  # -log r over (-1, 1)
    array([1.])
    """
    out = np.zeros((count,) * dim)
    _add_means(out, kernel, spacing, FAR_NODES)
    near = out[(slice(0, min(NEAR, count)),) * dim]
    near[:] = 0
    _add_means(near, kernel, spacing, NEAR_NODES)
    out[(0,) * dim] = centre_average(kernel, dim, spacing)
    if not np.isfinite(out).all():
        raise InputError(f"{kernel} is not finite at every r > 0; type another kernel.")
    return out


def _add_means(out: Floats, kernel: Kernel, spacing: float, nodes: int) -> None:
    """Adds the Gauss rule's means; one combination of nodes at a time, each multiset of offsets for all its orders."""
    at, weight = leggauss(nodes)
    dim = out.ndim
    for picked in product(range(nodes), repeat=dim):
        r2: Floats = np.zeros((1,) * dim)
        for axis, node in enumerate(picked):
            shape = [1] * dim
            shape[axis] = -1
            r2 = r2 + ((np.arange(out.shape[axis]) + at[node] / 2) * spacing).reshape(shape) ** 2
        with quiet():
            out += np.prod(weight[list(picked)] / 2) * kernel.profile(OPS, r2, dim)


def centre_average(kernel: Kernel, dim: int, spacing: float) -> float:
    """Returns the mean of e over the cube of side ``spacing`` around 0: n times the mean over the pyramids toward x_1 > 0.

    With x = (h/2) z (1, t), |t_a| < 1, the cube's mean is n times the integral over 0 < z < 1 of z^(n-1) times the mean over t
    of e((h/2) z sqrt(1 + |t|^2)). Raises InputError where two rules differ: e is not integrable at 0.
    """
    rough, fine = (_pyramids(kernel, dim, spacing, nodes) for nodes in CENTRE_NODES)
    if not abs(rough - fine) <= AGREEMENT * abs(fine):
        raise InputError(f"{kernel} has no finite mean around r = 0 in dim {dim}; type a kernel that is integrable there.")
    return fine


def _pyramids(kernel: Kernel, dim: int, spacing: float, nodes: int) -> float:
    s, weight = leggauss(nodes)
    s, weight = (s + 1) / 2, weight / 2
    z = s**FLATTENING
    jacobian = FLATTENING * s ** (FLATTENING - 1) * z ** (dim - 1)
    squares: Floats = np.ones((1, 1))
    share: Floats = np.ones((1, 1))
    for _ in range(dim - 1):  # |t_a| < 1 is even: its positive half
        squares = (squares[..., None] + s**2).reshape(1, -1)
        share = (share[..., None] * weight).reshape(1, -1)
    with quiet():
        values = kernel.profile(OPS, (spacing / 2 * z[:, None]) ** 2 * squares, dim)
    return float(dim * ((weight * jacobian)[:, None] * share * values).sum())
