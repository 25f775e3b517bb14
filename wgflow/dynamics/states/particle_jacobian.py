"""The linearized flow about the empirical measure of samples: the Jacobian of the particles' velocities at p = q.

    x_i' = role * [sum_j w_j grad e(x_i - x_j) - sum_j w_j grad e(x_i - y_j)],   at x = y:
    J_ij = role * w_j (-grad grad^T e)(x_i - x_j)

what the terms of the particles and of the target have beyond it cancels. sqrt(w_i) J / sqrt(w_j) is symmetric, and it is the flux
form of the density's linearization with the integral over p0 replaced by the sum over the samples.
"""

from __future__ import annotations

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.states.curvature import curvature, slope_at_zero
from wgflow.dynamics.states.state_text import Floats
from wgflow.dynamics.sums.lattice_modes import transform_values
from wgflow.kernels.kernel import Kernel

MOST_UNKNOWNS = 4000
_MOST_RADIUS = {1: 2000, 2: 40, 3: 10}
_TAIL = 1e-14


def flux_matrix(kernel: Kernel, points: Floats, weights: Floats, period: float | None = None) -> Floats:
    """Returns sqrt(w_i) (-grad grad^T e)(x_i - x_j) sqrt(w_j), symmetric, (N n, N n), particle by particle.

    points: (N, n).  weights: (N,).  Its eigenvalues times the role are the growth rates. On a torus e is the periodized kernel.
    Raises InputError for a kernel whose second derivatives are not finite at r = 0, and for more than 4,000 unknowns.

    >>> from wgflow.kernels.text import parse
    >>> flux_matrix(parse("rbf"), np.zeros((2, 1)), np.full(2, 0.5)).round(12).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    count, dim = points.shape
    if count * dim > MOST_UNKNOWNS:
        raise InputError(f"{count} samples in dimension {dim} have {count * dim} unknowns; at most {MOST_UNKNOWNS} are computed.")
    at_zero = slope_at_zero(kernel, dim)
    if at_zero is None:
        raise InputError(
            f"{kernel} has no finite curvature at r = 0, so particles have no Jacobian; type --bandwidth H to smooth the samples."
        )
    if period is None:
        blocks = curvature(kernel, points[:, None] - points[None, :], at_zero)
    else:
        blocks = _periodic(kernel, points, period)
    root = np.sqrt(weights)
    blocks = blocks * (root[:, None] * root[None, :])[..., None, None]
    matrix = blocks.transpose(0, 2, 1, 3).reshape(count * dim, count * dim)
    return np.asarray((matrix + matrix.T) / 2)


def _periodic(kernel: Kernel, points: Floats, period: float) -> Floats:
    """sum over m of k k^T F(e)(k) cos(k.z) / L^n: (N, N, n, n)."""
    count, dim = points.shape
    vectors, strength = _modes(kernel, dim, period)
    angles = points @ vectors.T
    waves = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
    out = np.empty((count, count, dim, dim))
    for a in range(dim):
        for b in range(a + 1):
            weight = np.tile(strength * vectors[:, a] * vectors[:, b], 2)
            out[:, :, a, b] = out[:, :, b, a] = (waves * weight) @ waves.T
    return out


def _modes(kernel: Kernel, dim: int, period: float) -> tuple[Floats, Floats]:
    """Wavevectors (K, n) and F / L^n (K,), as many as matter."""
    radius = 8
    while True:
        axes = [np.arange(-radius, radius + 1)] * dim
        modes = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, dim)
        squares = np.sum(modes**2, axis=1)
        present, where = np.unique(squares, return_inverse=True)
        values = np.concatenate(([0.0], transform_values(kernel, dim, 2 * np.pi / period * np.sqrt(present[1:]))[0]))[where]
        size = np.abs(values * squares)
        outer = np.max(np.abs(modes), axis=1) > radius // 2
        if size[outer].sum() <= _TAIL * size.sum():
            return np.asarray(2 * np.pi / period * modes), np.asarray(values / period**dim)
        if radius >= _MOST_RADIUS.get(dim, 0):
            raise InputError(f"{kernel} takes more than {radius} Fourier modes an axis on this torus; type a smoother kernel.")
        radius *= 2
