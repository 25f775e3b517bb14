"""Uniform grids of a torus or of a box, on which densities have values."""

from __future__ import annotations

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record

MOST_VALUES = 2**26
LEAST_POINTS = 4


@record
class Grid:
    """``points`` values along each of ``dim`` axes, ``length`` / ``points`` apart.

    periodic: the torus of period ``length``, values at 0, h, 2h, ...  Else a box around the origin with the cells' centres at
    -length/2 + h/2, ..., through whose walls nothing flows. Make one with `make_grid`, which checks.
    """

    dim: int
    points: int
    length: float
    periodic: bool

    @property
    def spacing(self) -> float:
        """h, in length."""
        return self.length / self.points

    @property
    def cell(self) -> float:
        """The volume h^n of a cell."""
        return self.spacing**self.dim

    @property
    def volume(self) -> float:
        return self.length**self.dim

    @property
    def shape(self) -> tuple[int, ...]:
        return (self.points,) * self.dim

    @property
    def axis(self) -> Floats:
        """The coordinates along one axis, (points,).

        >>> make_grid(1, 4, 2, periodic=True).axis.tolist(), make_grid(1, 4, 2, periodic=False).axis.tolist()
        ([0.0, 0.5, 1.0, 1.5], [-0.75, -0.25, 0.25, 0.75])
        """
        cells = np.arange(self.points)
        return np.asarray(cells * self.spacing if self.periodic else (cells + 0.5) * self.spacing - self.length / 2)

    def mesh(self) -> list[Floats]:
        """The coordinates of all values: ``dim`` arrays that broadcast to the grid's shape."""
        return list(np.meshgrid(*[self.axis] * self.dim, indexing="ij", sparse=True))

    def values(self, array: object, what: str) -> Floats:
        """Returns a finite array of the grid's shape, a copy; raises InputError for another shape. Numbers are spread."""
        found = np.asarray(array, dtype=np.float64)
        if found.ndim and found.shape != self.shape:
            raise InputError(f"{what} has the shape {found.shape}; this grid needs {self.shape}.")
        if not np.isfinite(found).all():
            raise InputError(f"{what} contains NaN or infinity; give finite values.")
        return np.array(np.broadcast_to(found, self.shape))


def make_grid(dim: int, points: int, length: float, periodic: bool) -> Grid:
    """Returns the grid; raises InputError where it has too few or too many values, or no positive length."""
    if not 1 <= dim <= 3:
        raise InputError(f"densities are computed on grids for dim 1 to 3, not {dim}; type `wgflow simulate particles`.")
    if points < LEAST_POINTS or points**dim > MOST_VALUES:
        most = int(MOST_VALUES ** (1 / dim) + 1e-9)
        raise InputError(
            f"points {points} along an axis are outside {LEAST_POINTS} ... {most} for dim {dim}; type --points 64, say."
        )
    if not 0 < length < float("inf"):
        raise InputError(f"the length {length:g} of an axis must be positive and finite; type --period 2*pi, say.")
    return Grid(dim, points, float(length), periodic)
