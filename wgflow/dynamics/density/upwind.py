"""Semi-implicit steps that keep densities positive for any dt: the mass walks, and only its velocities are of the old time."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.density.density_flow import DensityFlow
from wgflow.dynamics.density.walk_loops import implicit_walks
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrators import FixedSteps, Memory
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record


class WalkingFlow(DensityFlow):
    """A flow whose mass goes from cell to neighbouring cell at rates that depend on the state."""

    @abstractmethod
    def walks(self, state: Floats, axis: int) -> tuple[Floats, Floats]:
        """Returns (left, right): the rates, in 1/time, at which the mass in each cell goes down and up an axis; of the shape of
        the state. At the walls of a box they are 0."""


@record
class ImplicitUpwind(FixedSteps):
    """One linear solve an axis: u_new = u + dt (what arrives - what leaves of u_new), with the rates of the old state.

    Order 1. Values stay nonnegative and mass is kept for any dt (Bailo, Carrillo and Hu 2020, section 2.3; axes in turn, their
    section 3). For a discriminator with F(e) > 0, E is convex and ascended, so that it never falls for any dt either: the old
    velocities are the implicit scheme's. A generator descends E for small dt.
    """

    @property
    def order(self) -> int:
        return 1

    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        if not isinstance(flow, WalkingFlow):
            raise InputError("implicit steps need a flow on cells; type --solver implicit.")
        for axis in range(1, state.ndim):
            left, right = flow.walks(state, axis)
            state = _solved(state, dt * left, dt * right, axis)
        return state, {}, None

    def describe(self) -> str:
        return "implicit upwind: order 1, positive for any step"


def _solved(state: Floats, left: Floats, right: Floats, axis: int) -> Floats:
    n = state.shape[axis]
    density, down, up = (np.ascontiguousarray(np.moveaxis(a, axis, -1)).reshape(-1, n) for a in (state, left, right))
    out = np.empty_like(density)
    implicit_walks(density, down, up, out)
    moved = np.moveaxis(state, axis, -1).shape
    return np.ascontiguousarray(np.moveaxis(out.reshape(moved), -1, axis))


def walks_from(velocity: Floats, axis: int, spread: float) -> tuple[Floats, Floats]:
    """Returns the rates (left, right) of upwind steps from velocities / h at the faces above the cells, plus ``spread`` each.

    velocity: (..., n, ...); NaN at a wall, through which nothing goes.
    """
    wall = np.isnan(velocity)
    up, down = np.maximum(velocity, 0) + spread, np.maximum(-velocity, 0) + spread
    up[wall], down[wall] = 0, 0
    return np.roll(down, 1, axis), up  # the face above the cell j - 1 is that below the cell j
