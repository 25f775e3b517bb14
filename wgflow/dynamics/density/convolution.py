"""Potentials e * w of densities on a grid: on a torus, in a box of the whole space, and for e = delta."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from scipy import fft

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role, growth_rate
from wgflow.dynamics.density.cell_averages import kernel_averages
from wgflow.dynamics.density.fourier_modes import radial
from wgflow.dynamics.density.grid import Grid
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.kernels.kernel import Kernel
from wgflow.record import record


class Convolution(ABC):
    """A symmetric linear map from densities to potentials on one grid."""

    @abstractmethod
    def potential(self, density: Floats) -> Floats:
        """Returns e * density at the cells, a new array of the grid's shape; ``density`` may be signed."""

    @abstractmethod
    def decay(self, role: Role) -> float:
        """Returns the largest rate at which a mode decays about the density 1, differences taken over one cell; 0 for none."""

    @abstractmethod
    def describe(self) -> str:
        """Returns one line for people."""


@record
class Periodic(Convolution):
    """Convolution on a torus: each mode of the grid is multiplied by F(e)(k), m = 0 by 0. Spectrally accurate for smooth w."""

    grid: Grid
    multiplier: Floats  # of the modes that a real transform keeps

    def potential(self, density: Floats) -> Floats:
        modes = fft.rfftn(density)
        modes *= self.multiplier
        return np.asarray(fft.irfftn(modes, s=self.grid.shape, overwrite_x=True))

    def decay(self, role: Role) -> float:
        return _fastest_decay(role, self.multiplier, self.grid.spacing)

    def describe(self) -> str:
        return "kernel by its Fourier transform on the torus"


@record
class FreeSpace(Convolution):
    """Convolution over the whole space of a density that vanishes outside the box: of order 2 (see `kernel_averages`).

    The kernel's means over cells, with as many zeros behind the density as it has values: nothing wraps around.
    """

    grid: Grid
    multiplier: Floats  # of the doubled grid

    def potential(self, density: Floats) -> Floats:
        doubled = (2 * self.grid.points,) * self.grid.dim
        modes = fft.rfftn(density, s=doubled)
        modes *= self.multiplier
        whole = fft.irfftn(modes, s=doubled, overwrite_x=True)
        return np.ascontiguousarray(whole[(slice(0, self.grid.points),) * self.grid.dim])

    def decay(self, role: Role) -> float:
        return _fastest_decay(role, self.multiplier, self.grid.spacing)

    def describe(self) -> str:
        return "kernel's means over cells, zero-padded convolution over the whole space"


@record
class Local(Convolution):
    """e = strength * delta: the potential is the density itself (porous medium equation)."""

    grid: Grid
    strength: float

    def potential(self, density: Floats) -> Floats:
        return self.strength * density

    def decay(self, role: Role) -> float:
        return max(0.0, float(-growth_rate(role, 4 * self.grid.dim / self.grid.spacing**2, self.strength)))

    def describe(self) -> str:
        return f"e = {self.strength:g} delta"


def _fastest_decay(role: Role, multiplier: Floats, spacing: float) -> float:
    """The rate of a mode is that of the central difference Laplacian, (2/h)^2 sum of sin^2(k_a h / 2) in place of k^2."""
    *whole, half = multiplier.shape
    angles = [np.pi * np.arange(n) / n for n in whole] + [np.pi / 2 * np.arange(half) / max(half - 1, 1)]
    squares = [(2 / spacing * np.sin(angle)) ** 2 for angle in angles]
    k2 = sum(np.meshgrid(*squares, indexing="ij", sparse=True))
    return max(0.0, -float(np.min(growth_rate(role, k2, multiplier))))


def convolution(kernel: Kernel, grid: Grid, noise: float = 0.0) -> Convolution:
    """Returns the convolution with a kernel on a grid, on a torus smoothed by a Gaussian of width ``noise``.

    Raises InputError for kernels without finite values there.

    >>> from wgflow.dynamics.density.grid import make_grid
    >>> from wgflow.kernels.text import parse
    >>> torus, box = make_grid(1, 8, 2 * np.pi, periodic=True), make_grid(1, 4, 4, periodic=False)
    >>> bool(abs(convolution(parse("coulomb"), torus).potential(np.cos(torus.axis)) - 2 * np.cos(torus.axis)).max() < 1e-15)
    True
    >>> convolution(parse("energy"), box).potential(np.array([1.0, 0, 0, 0])).round(9)  # -|x|; the cell's own mean is -h/4
    array([-0.25, -1.  , -2.  , -3.  ])
    """
    kernel.check_dimension(grid.dim)
    found = _periodic(kernel, grid, noise) if grid.periodic else _free(kernel, grid)
    if not np.isfinite(found.multiplier).all():
        raise InputError(f"{kernel} has no finite transform on this grid; type another kernel or fewer --points.")
    return found


def _periodic(kernel: Kernel, grid: Grid, noise: float) -> Periodic:
    whole = fft.fftfreq(grid.points, 1 / grid.points)
    half = np.arange(grid.points // 2 + 1.0)
    axes = np.meshgrid(*[whole] * (grid.dim - 1), half, indexing="ij", sparse=True)
    shape = np.broadcast_shapes(*(m.shape for m in axes))
    squares = np.asarray(sum(np.broadcast_to(m * m, shape) for m in axes))
    return Periodic(grid, radial(kernel, grid.dim, grid.length, squares, noise))


def _free(kernel: Kernel, grid: Grid) -> FreeSpace:
    means = kernel_averages(kernel, grid.dim, grid.spacing, grid.points)
    place = np.abs(fft.fftfreq(2 * grid.points, 1 / (2 * grid.points))).astype(int)
    inside = place < grid.points  # the displacement of half the doubled period never occurs
    whole = np.where(inside, place, 0)
    even = means[np.ix_(*[whole] * grid.dim)]
    for axis in range(grid.dim):
        even = even * inside.reshape([-1 if a == axis else 1 for a in range(grid.dim)])
    return FreeSpace(grid, grid.cell * fft.rfftn(even).real)
