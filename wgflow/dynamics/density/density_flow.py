"""What all density flows have in common: a state, the densities it stands for, and the signs of who moves."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.dynamics.density.grid import Grid
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.modes import Mode
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record

Complexes = NDArray[np.complex128]


@record
class Densities:
    """p and q as values on a grid; (*grid)."""

    p: Floats
    q: Floats


class DensityFlow(Flow):
    """A flow of one density p, or of two, p and q. Mass is conserved."""

    grid: Grid

    @abstractmethod
    def state_of(self, densities: Densities) -> Floats:
        """Returns the state that stands for these densities."""

    @abstractmethod
    def densities(self, state: Floats) -> Densities:
        """Returns the densities that a state stands for."""

    @abstractmethod
    def mode_masses(self, state: Floats, modes: tuple[Mode, ...]) -> Complexes:
        """Returns the integrals of (p - q) exp(-2 pi i m.x / L) over a torus, (K,) for K integer vectors m."""

    @abstractmethod
    def energy(self, state: Floats) -> float:
        """Returns the energy that the flow descends or ascends."""

    @abstractmethod
    def describe(self) -> str:
        """Returns one line for people: the discretization in space."""


def masses_on_cells(grid: Grid, difference: Floats, modes: tuple[Mode, ...]) -> Complexes:
    """Returns the sums over cells of h^n difference exp(-2 pi i m.x / L), (K,)."""
    every = fft.fftn(difference) * grid.cell
    return np.array([every[tuple(m % grid.points for m in mode)] for mode in modes], dtype=np.complex128)


def sign_of(role: Role) -> int:
    """Returns s in p_t = -s div(p grad(e * (p - q))): mass of p moves with the velocity s grad(e * (p - q)), as particles do."""
    return role.value


def checked(grid: Grid, p: object, q: object, positive: bool) -> Densities:
    """Returns both densities on the grid; q may be a number. Raises InputError for wrong shapes, negative values, no mass."""
    found = Densities(grid.values(p, "p"), grid.values(q, "q"))
    for name, values in (("p", found.p), ("q", found.q)):
        if positive and (values < 0).any():
            raise InputError(f"{name} has the negative value {values.min():g}; a density is at least 0.")
    if not np.any(found.p):
        raise InputError("p is 0 everywhere; give a density with mass.")
    return found
