"""Density flows by finite volumes: positive, with exact mass and monotone energy (Carrillo, Chertock and Huang 2015)."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np

from wgflow.arithmetic.number import InputError, shown
from wgflow.conventions import HALF_IN_ENERGY, Role
from wgflow.dynamics.density.convolution import Convolution
from wgflow.dynamics.density.density_flow import Complexes, Densities, masses_on_cells, sign_of
from wgflow.dynamics.density.grid import Grid
from wgflow.dynamics.density.memory import keep_freed_memory
from wgflow.dynamics.density.positive import SSP_RK3, PositiveFlow, Slope
from wgflow.dynamics.density.upwind import WalkingFlow, walks_from
from wgflow.dynamics.density.volume_loops import MINMOD, POSITIVE, VAN_LEER, moments, transport
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.modes import Mode
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record

LIMITERS = {"positive": POSITIVE, "minmod": MINMOD, "van-leer": VAN_LEER}
MOST_DIM = 2
MARGIN = 1 - 1e-10  # of the bound of positivity, for rounding
DECAY_SPAN = SSP_RK3.decay_interval * 0.99
ROUNDINGS = 16 * float(np.finfo(np.float64).eps)


@record
class VolumeFlow(PositiveFlow, WalkingFlow):
    """p_t = -s div(p grad phi) + nu Lap p, phi = e * (p - q), s = role's sign, for means over cells; (1 or 2, *grid).

    Lines in each cell, bounded by a limiter, are carried upwind by u = s (phi_{j+1} - phi_j) / h (Carrillo, Chertock and Huang
    2015, section 2): order 2 where the solution is smooth, mass to rounding, and E monotone while time is continuous. Values stay
    nonnegative for Euler steps of dt (2 sum_a max|u_a| / h + 2 n nu / h^2) <= 1, the sum over axes.
    Without ``target`` q moves too, with the opposite sign. Make one with `volume_flow`.
    """

    grid: Grid
    role: Role
    convolution: Convolution
    target: Floats | None
    diffusion: float
    limiter: int
    decay: float  # at unit density, per unit of time

    random = False

    def slope(self, state: Floats) -> Slope:
        p, q = self._pair(state)
        difference = p - q
        phi = self.convolution.potential(difference)
        rates, speeds = zip(*(self._moved(rho, phi, sign) for rho, sign in self._carried(state)), strict=True)
        spread = 2 * self.grid.dim * self.diffusion / self.grid.spacing**2
        outflow = 2 * max(speeds) + spread
        work, potential2, p2, q2, largest = moments(p.ravel(), q.ravel(), phi.ravel())
        stiff = self.decay * largest * len(state) + 2 * spread
        bound = min(MARGIN / outflow if outflow > 0 else inf, DECAY_SPAN / stiff if stiff > 0 else inf)
        energy = float(HALF_IN_ENERGY) * self.grid.cell * work
        size = self.grid.cell * sqrt(potential2) * (sqrt(p2) + sqrt(q2))
        rounding = inf if self.diffusion else ROUNDINGS * size
        return Slope(np.stack(rates) if len(rates) > 1 else rates[0][None], bound, -sign_of(self.role) * energy, rounding)

    def walks(self, state: Floats, axis: int) -> tuple[Floats, Floats]:
        p, q = self._pair(state)
        phi = self.convolution.potential(p - q)
        steps = (np.roll(phi, -1, axis - 1) - phi) / self.grid.spacing**2
        if not self.grid.periodic:
            steps[(slice(None),) * (axis - 1) + (-1,)] = np.nan
        velocities = np.array([sign * steps for _, sign in self._carried(state)])
        return walks_from(velocities, axis, self.diffusion / self.grid.spacing**2)

    def _carried(self, state: Floats) -> list[tuple[Floats, int]]:
        """The densities that move, with the signs of their velocities."""
        return list(zip(state, (sign_of(self.role), -sign_of(self.role)), strict=False))

    def _moved(self, rho: Floats, phi: Floats, sign: int) -> tuple[Floats, float]:
        return transport(rho, phi, sign, self.grid.spacing, self.diffusion, self.limiter, self.grid.periodic)

    def _pair(self, state: Floats) -> tuple[Floats, Floats]:
        return (state[0], self.target) if self.target is not None else (state[0], state[1])

    def state_of(self, densities: Densities) -> Floats:
        return np.array([densities.p] if self.target is not None else [densities.p, densities.q])

    def densities(self, state: Floats) -> Densities:
        return Densities(*self._pair(state))

    def mode_masses(self, state: Floats, modes: tuple[Mode, ...]) -> Complexes:
        found = self.densities(state)
        return masses_on_cells(self.grid, found.p - found.q, modes)

    def energy(self, state: Floats) -> float:
        """E = 1/2 D_e[p, q] as the sum over cells; on a torus without the mean of e."""
        p, q = self._pair(state)
        return float(HALF_IN_ENERGY) * self.grid.cell * float(((p - q) * self.convolution.potential(p - q)).sum())

    def drawn(self, step: int, t: float, state: Floats) -> Flow:
        return self

    def describe(self) -> str:
        name = next(name for name, code in LIMITERS.items() if code == self.limiter)
        cells = " x ".join(map(str, self.grid.shape))
        return f"finite volumes, {cells} cells, {name} limiter; {self.convolution.describe()}"


def volume_flow(
    grid: Grid,
    convolution: Convolution,
    role: Role,
    densities: Densities,
    moves_both: bool = False,
    diffusion: float = 0.0,
    limiter: str = "van-leer",
) -> tuple[VolumeFlow, Floats]:
    """Returns (flow, the state to start from). Raises InputError for dim 3 and limiters that are not in LIMITERS.

    >>> from wgflow.dynamics.density.convolution import Local
    >>> from wgflow.dynamics.density.grid import make_grid
    >>> grid = make_grid(1, 4, 4, periodic=False)
    >>> flow, state = volume_flow(grid, Local(grid, 1.0), Role.GENERATOR, Densities(np.array([0, 1.0, 1, 0]), np.zeros(4)))
    >>> flow.slope(state).rate.tolist()
    [[1.0, -1.0, -1.0, 1.0]]
    """
    if grid.dim > MOST_DIM:
        raise InputError(f"finite volumes exist for dim 1 and 2, not {grid.dim}; type --solver etdrk4 with --period.")
    if limiter not in LIMITERS:
        raise InputError(f"limiter {shown(limiter)} is not known; type one of {', '.join(LIMITERS)}.")
    keep_freed_memory()
    target = None if moves_both else np.ascontiguousarray(densities.q)
    flow = VolumeFlow(grid, role, convolution, target, diffusion, LIMITERS[limiter], convolution.decay(role))
    return flow, flow.state_of(densities)
