"""The Jensen-Shannon flow p_t = 1/2 div((q grad p - p grad q) / (p + q)) by finite volumes (Huang and Zhang 2023)."""

from __future__ import annotations

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.density.density_flow import Complexes, Densities, masses_on_cells
from wgflow.dynamics.density.grid import Grid
from wgflow.dynamics.density.positive import PositiveFlow, Slope
from wgflow.dynamics.density.upwind import WalkingFlow
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.modes import Mode
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record

HALF = 0.5  # of the flow's definition
MARGIN = 1 - 1e-10
ROUNDINGS = 64 * float(np.finfo(np.float64).eps)


@record
class JensenShannonFlow(PositiveFlow, WalkingFlow):
    """p_t = 1/2 div((q grad p - p grad q) / (p + q)) with a fixed q, for means over cells; (1, *grid).

    With means at faces, q grad p - p grad q is exactly (q_j p_{j+1} - p_j q_{j+1}) / h: the flux has the sign of the change of
    p/q, of which delta JSD / delta p = 1/2 log(2p/(p+q)) is an increasing function. So the divergence falls, p = q is at rest
    to the last bit, mass is kept, and where q or p vanish nothing is divided by 0. Order 2 for smooth positive densities.
    Euler steps of dt <= h^2 / 2n keep p nonnegative.
    """

    grid: Grid
    target: Floats

    random = False

    def slope(self, state: Floats) -> Slope:
        q = self.target[None]
        rate = np.zeros_like(state)
        for axis in range(1, state.ndim):
            across = self._scale(state, axis) * (np.roll(q, -1, axis) * state - q * np.roll(state, -1, axis))
            rate += np.roll(across, 1, axis) - across
        size = self.grid.cell * float(state.sum() + self.target.sum())
        bound = MARGIN * self.grid.spacing**2 / (2 * self.grid.dim)
        return Slope(rate, bound, self.energy(state), ROUNDINGS * size)

    def walks(self, state: Floats, axis: int) -> tuple[Floats, Floats]:
        """The mass p_j goes to the cell j + 1 at the rate 1/2 q_{j+1} / (h^2 times the mean of p + q)."""
        q, scale = self.target[None], self._scale(state, axis)
        return np.roll(scale * q, 1, axis), scale * np.roll(q, -1, axis)

    def _scale(self, state: Floats, axis: int) -> Floats:
        """1 / (2 h^2 times the mean of p + q) at the faces above the cells; 0 where both vanish, and at walls."""
        total = state + self.target[None]
        mean = HALF * (total + np.roll(total, -1, axis))
        scale = np.divide(HALF / self.grid.spacing**2, mean, out=np.zeros_like(mean), where=mean > 0)
        if not self.grid.periodic:
            scale[(slice(None),) * axis + (-1,)] = 0
        return scale

    def state_of(self, densities: Densities) -> Floats:
        return densities.p[None].copy()

    def densities(self, state: Floats) -> Densities:
        return Densities(state[0], self.target)

    def mode_masses(self, state: Floats, modes: tuple[Mode, ...]) -> Complexes:
        found = self.densities(state)
        return masses_on_cells(self.grid, found.p - found.q, modes)

    def energy(self, state: Floats) -> float:
        """JSD = 1/2 KL(p | (p+q)/2) + 1/2 KL(q | (p+q)/2), natural logarithms; with r log r = 0 at r = 0."""
        p, q = state[0], self.target
        middle = HALF * (p + q)
        return HALF * self.grid.cell * float(_relative(p, middle).sum() + _relative(q, middle).sum())

    def drawn(self, step: int, t: float, state: Floats) -> Flow:
        return self

    def describe(self) -> str:
        return f"Jensen-Shannon flow, finite volumes, {' x '.join(map(str, self.grid.shape))} cells"


def _relative(p: Floats, middle: Floats) -> Floats:
    ratio = np.divide(p, middle, out=np.ones_like(p), where=p > 0)
    return np.asarray(p * np.log(ratio))


def jensen_shannon_flow(grid: Grid, densities: Densities) -> tuple[JensenShannonFlow, Floats]:
    """Returns (flow, the state to start from). Raises InputError for dim 3.

    >>> from wgflow.dynamics.density.grid import make_grid
    >>> q = np.array([1.0, 2, 3, 4])
    >>> flow, state = jensen_shannon_flow(make_grid(1, 4, 1, periodic=True), Densities(2 * q, q))
    >>> float(abs(flow.slope(state).rate).max())
    0.0
    """
    if grid.dim > 2:
        raise InputError(f"the Jensen-Shannon flow is computed for dim 1 and 2, not {grid.dim}.")
    flow = JensenShannonFlow(grid, densities.q)
    return flow, flow.state_of(densities)
