"""The flow linearized about a state that is not constant, in flux form, on a grid.

With v = -div(sqrt(p0) w), v_t = -/+ div(p0 grad(e * v)) becomes

    w_t = role * A w,    A w = sqrt(p0) (-grad grad^T e) * (sqrt(p0) w)

and A is symmetric for every even kernel, also an indefinite e - eps s: rates are real. w has n components; what it has beyond v
(sqrt(p0) w without divergence) has the rate 0. The trace of A is the mass of p0 times -Laplacian e(0).
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from wgflow.dynamics.states.state_text import Floats
from wgflow.dynamics.sums.lattice_modes import transform_values
from wgflow.kernels.kernel import Kernel
from wgflow.record import record


@record
class Grid:
    """Points low + h i, i_a = 0..count-1, in n dimensions; on a torus of period count * h, an odd number of points an axis."""

    low: Floats
    step: float
    count: tuple[int, ...]

    @property
    def dim(self) -> int:
        return len(self.count)

    @property
    def cell(self) -> float:
        """The volume that a point stands for."""
        return float(self.step**self.dim)

    @cached_property
    def points(self) -> Floats:
        """(count..., n)."""
        axes = [low + self.step * np.arange(size) for low, size in zip(self.low, self.count, strict=True)]
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1)


def wavenumbers(shape: tuple[int, ...], step: float) -> list[Floats]:
    """Returns k along each axis of an FFT grid, each shaped to broadcast."""
    axes = [2 * np.pi * np.fft.fftfreq(size, step) for size in shape]
    return list(np.meshgrid(*axes, indexing="ij", sparse=True))


def transform_on(kernel: Kernel, shape: tuple[int, ...], step: float) -> Floats:
    """Returns F(e)(k) on an FFT grid, 0 at k = 0, which no perturbation has."""
    k2 = sum(k * k for k in wavenumbers(shape, step))
    present, where = np.unique(np.asarray(k2), return_inverse=True)
    values = np.concatenate(([0.0], transform_values(kernel, len(shape), np.sqrt(present[1:]))[0]))
    return values[where].reshape(shape)


def torus_symbol(kernel: Kernel, grid: Grid) -> Floats:
    """Returns k k^T F(e)(k) on the modes of the grid's torus, (n, n, count...): the symbol of -grad grad^T e *."""
    k = wavenumbers(grid.count, grid.step)
    values = transform_on(kernel, grid.count, grid.step)
    return np.array([[a * b * values for b in k] for a in k])


@record
class FluxOperator:
    """A at the points of a grid: root = sqrt(p0), (count...); symbol: (n, n, S...), S >= count, of the convolution.

    S = count on a torus; in the whole space S is so long that nothing wraps around.
    """

    grid: Grid
    root: Floats
    symbol: Floats

    @property
    def unknowns(self) -> int:
        return self.grid.dim * self.root.size

    def apply(self, w: NDArray) -> NDArray:
        """Returns A w, (..., n * points) -> (..., n * points)."""
        size, axes = self.symbol.shape[2:], tuple(range(2, self.grid.dim + 2))
        inside = (slice(None), slice(None), *(slice(count) for count in self.grid.count))
        spectrum = fft.fftn(self.root * w.reshape(-1, self.grid.dim, *self.grid.count), size, axes)
        moved = fft.ifftn(np.einsum("ab...,sb...->sa...", self.symbol, spectrum), axes=axes).real[inside]
        return (self.root * moved).reshape(w.shape)

    def matrix(self) -> Floats:
        """Returns A as a symmetric matrix (n * points, n * points)."""
        size = self.symbol.shape[2:]
        table = fft.ifftn(self.symbol, axes=tuple(range(2, 2 + self.grid.dim))).real
        indices = np.indices(self.grid.count).reshape(self.grid.dim, -1)
        differences = tuple((i[:, None] - i[None, :]) % length for i, length in zip(indices, size, strict=True))
        blocks = table[(slice(None), slice(None), *differences)]
        root = self.root.reshape(-1)
        blocks *= root[:, None] * root[None, :]
        full = blocks.transpose(0, 2, 1, 3).reshape(self.unknowns, self.unknowns)
        return (full + full.T) / 2

    def trace(self) -> float:
        """Returns the sum of all eigenvalues."""
        diagonal = sum(self.symbol[a, a].mean() for a in range(self.grid.dim))
        return float(diagonal * np.sum(self.root**2))

    def density_mode(self, w: Floats) -> Floats:
        """Returns v = -div(sqrt(p0) w), (count...), the density of an eigenvector, scaled to max |v| = 1."""
        size = self.symbol.shape[2:]
        flux = self.root * w.reshape(self.grid.dim, *self.grid.count)
        k = wavenumbers(size, self.grid.step)
        spectrum = sum(-1j * k[a] * fft.fftn(flux[a], size) for a in range(self.grid.dim))
        v = fft.ifftn(spectrum).real[tuple(slice(count) for count in self.grid.count)]
        largest = v.reshape(-1)[np.argmax(np.abs(v))]
        return v / largest if largest else v
