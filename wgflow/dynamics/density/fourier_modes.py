"""Truncated Fourier series on a torus, with products that have no aliasing error (the 2/3 rule)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from wgflow.dynamics.density.grid import Grid
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.fourier.values import transform
from wgflow.kernels.kernel import Kernel
from wgflow.record import record

Complexes = NDArray[np.complex128]


def radial(kernel: Kernel, dim: int, length: float, squares: Floats, noise: float = 0.0) -> Floats:
    """Returns F(e)(k) exp(-noise^2 k^2 / 2), k = 2 pi |m| / length, for these |m|^2, of their shape.

    0 at m = 0, where it never matters (mass is conserved).
    """
    distinct, place = np.unique(squares, return_inverse=True)
    values = np.zeros(distinct.size)
    positive = distinct > 0
    if kernel.terms and positive.any():
        values[positive] = transform(kernel, 2 * np.pi / length * np.sqrt(distinct[positive]), dim)
    values *= np.exp(-distinct * (2 * np.pi / length * noise) ** 2 / 2)
    return values[place].reshape(squares.shape)


@record
class Modes:
    """The Fourier modes |m_a| <= M = floor((points - 1) / 3) of real functions on a periodic grid.

    Coefficients c_m of sum_m c_m exp(2 pi i m.x / L) have the shape (2M + 1, ..., 2M + 1, M + 1): along the last axis only
    m >= 0, the others being complex conjugates; along the rest 0, ..., M, -M, ..., -1. Products of two such functions have
    modes up to 2M, which reach the kept ones by aliasing only from beyond points - M > 2M (Orszag 1971): none do.
    """

    grid: Grid

    @property
    def most(self) -> int:
        """M."""
        return (self.grid.points - 1) // 3

    @property
    def shape(self) -> tuple[int, ...]:
        return (2 * self.most + 1,) * (self.grid.dim - 1) + (self.most + 1,)

    @property
    def vectors(self) -> list[Floats]:
        """The integers m along each axis: ``dim`` arrays that broadcast to the shape."""
        m = np.arange(self.most + 1.0)
        both = np.concatenate([m, np.arange(-self.most, 0.0)])
        return list(np.meshgrid(*[both] * (self.grid.dim - 1), m, indexing="ij", sparse=True))

    @property
    def squares(self) -> Floats:
        """|m|^2 in the shape of the coefficients."""
        return np.asarray(sum(np.broadcast_to(m * m, self.shape) for m in self.vectors))

    def coefficients(self, values: Floats) -> Complexes:
        """Returns c_m of functions on the grid, (..., *grid) -> (..., *shape), other modes dropped.

        >>> from wgflow.dynamics.density.grid import make_grid
        >>> modes = Modes(make_grid(1, 8, 2 * np.pi, periodic=True))
        >>> modes.coefficients(1 + np.cos(modes.grid.axis)).real.round(12).tolist()
        [1.0, 0.5, 0.0]
        """
        out = fft.rfft(values, axis=-1, norm="forward")[..., : self.most + 1]
        for axis in range(-2, -self.grid.dim - 1, -1):
            out = self._cut(fft.fft(out, axis=axis, norm="forward"), axis)
        return np.ascontiguousarray(out)

    def values(self, coefficients: Complexes) -> Floats:
        """Returns the functions on the grid, (..., *shape) -> (..., *grid)."""
        if self.grid.dim == 1:  # NumPy's call costs less, SciPy's work on many rows is faster
            return np.fft.irfft(coefficients, n=self.grid.points, axis=-1, norm="forward")
        out = coefficients
        for axis in range(-self.grid.dim, -1):
            out = fft.ifft(self._widened(out, axis), axis=axis, norm="forward", overwrite_x=True)
        return np.asarray(fft.irfft(out, n=self.grid.points, axis=-1, norm="forward"))

    def _cut(self, array: Complexes, axis: int) -> Complexes:
        low, high = _ends(array.ndim, axis, self.most)
        return np.concatenate([array[low], array[high]], axis=axis)

    def _widened(self, array: Complexes, axis: int) -> Complexes:
        shape = list(array.shape)
        shape[axis] = self.grid.points
        out = np.zeros(shape, dtype=np.complex128)
        low, high = _ends(array.ndim, axis, self.most)
        out[low], out[high] = array[low], array[high]
        return out


def _ends(ndim: int, axis: int, most: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """Returns the indices of m = 0, ..., M and of m = -M, ..., -1 along an axis."""
    low, high = [slice(None)] * ndim, [slice(None)] * ndim
    low[axis], high[axis] = slice(0, most + 1), slice(-most, None)
    return tuple(low), tuple(high)
