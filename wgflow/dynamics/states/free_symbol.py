"""The convolution with -grad grad^T e in the whole space, between points of a grid, as a symbol on a longer periodic grid.

One dimension: the Fourier series of the kernel repeated with a period L, less its images. With g = -e'',

    sum over modes m != 0 of k^2 F(e)(k) exp(i k z) / L = sum over |j| <= J of g(z + j L) + (L / 24) [g'(R + z) + g'(R - z)]
                                                          + (1 / L) [e'(R + z) + e'(R - z)] + ...,   R = (J + 1/2) L

(Poisson; Euler and Maclaurin for the images beyond R, whose integral cancels the mean but for the forces at R). It holds for
every kernel, singular ones too: what is singular at z = 0 stays in the Fourier series. Higher dimensions: -grad grad^T e at
the grid's differences, for kernels where it is finite.
"""

from __future__ import annotations

import numpy as np
from scipy import fft

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.states.curvature import curvature, force, slope_at_zero
from wgflow.dynamics.states.linearized import Grid, transform_on, wavenumbers
from wgflow.dynamics.states.state_text import Floats
from wgflow.kernels.kernel import Kernel

PERIODS = 4  # L in lengths of the grid
_IMAGES = 100


def free_symbol(kernel: Kernel, grid: Grid) -> Floats:
    """Returns the symbol (n, n, S...) for `linearized.FluxOperator`; raises InputError where there is none."""
    size = tuple(fft.next_fast_len(2 * count - 1) for count in grid.count)
    if grid.dim == 1:
        table = _line(kernel, grid)
        wrapped = np.zeros(size)
        wrapped[: len(table)] = table
        wrapped[size[0] - len(table) + 1 :] = table[:0:-1]
        return fft.fft(wrapped).real[None, None]
    at_zero = slope_at_zero(kernel, grid.dim)
    if at_zero is None:
        raise InputError(
            f"{kernel} has no finite curvature at r = 0, which modes in the whole space need in dimension {grid.dim}; "
            "type --period L for a torus, or a smooth kernel such as rbf, rq or matern(2.5)."
        )
    axes = [grid.step * np.minimum(i, s - i) * np.where(i <= s - i, 1, -1) for s in size for i in [np.arange(s)]]
    z = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)
    table = np.moveaxis(curvature(kernel, z, at_zero), (-2, -1), (0, 1)) * grid.cell
    return fft.fftn(table, axes=tuple(range(2, 2 + grid.dim))).real


def _line(kernel: Kernel, grid: Grid) -> Floats:
    """h g(z) at z = 0, h, ..., (count - 1) h."""
    count, h = grid.count[0], grid.step
    length = PERIODS * count | 1
    period = length * h
    symbol = wavenumbers((length,), h)[0] ** 2 * transform_on(kernel, (length,), h)
    z: Floats = h * np.arange(count, dtype=np.float64)[:, None]
    table = fft.ifft(symbol).real[:count]
    shifts = period * np.arange(1, _IMAGES + 1)
    images = _g(kernel, z + shifts) + _g(kernel, shifts - z)
    edge = (_IMAGES + 0.5) * period
    ends = np.concatenate([edge + z, edge - z], axis=1)
    forces = force(kernel, ends[..., None])[..., 0].sum(axis=1)
    bit = edge / 256
    slopes = (_g(kernel, ends + bit) - _g(kernel, ends - bit)).sum(axis=1) / (2 * bit)
    return table - h * (images.sum(axis=1) + forces / period + slopes * period / 24)


def _g(kernel: Kernel, z: Floats) -> Floats:
    return curvature(kernel, z[..., None])[..., 0, 0]
