"""Krasny's filter: modes below a floor are rounding, and are set to 0 before they grow."""

from __future__ import annotations

import numpy as np

from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrators import AfterSteps, Integrator, Memory
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record


@record
class Filtered(AfterSteps):
    """Steps of ``inner``, after each of which the modes c_m with |c_m| < floor are set to 0 (Krasny 1986).

    The state holds modes as pairs (..., 2) (`wgflow.dynamics.density.spectral`); the floor is absolute.
    """

    inner: Integrator
    floor: float

    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        new, kept, error = self.inner.step(flow, t, dt, state, memory)
        new[np.hypot(new[..., 0], new[..., 1]) < self.floor] = 0
        return new, kept, error

    def describe(self) -> str:
        return f"{self.inner.describe()}; modes below {self.floor:g} set to 0 after each step"
