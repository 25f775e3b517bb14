"""Exponential Rosenbrock methods: stiff flows in large steps. The linear part is exact, by Krylov subspaces."""

from __future__ import annotations

import numpy as np

from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrators import FixedSteps, Integrator, Memory
from wgflow.dynamics.krylov import phi_sum
from wgflow.dynamics.step_control import first_step
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.dynamics.tolerance import Tolerance, spread
from wgflow.record import record

KRYLOV_SHARE = 0.01  # of the tolerance of a step, for the phi functions
INCREMENT = float(np.cbrt(np.finfo(np.float64).eps))  # central differences: rounding and curvature errors are then alike


@record
class ExponentialEuler(FixedSteps):
    """The exponential Rosenbrock-Euler method, order 2 for flows that do not depend on t within a step, with given steps:

        u + dt phi_1(dt J) f(u),    J = f'(u)

    (Hochbruck and Ostermann 2010, section 2.4). Modes are exact to first order about u, whatever their rates: a stiff
    decaying mode limits no step. J v is a central difference of the right-hand side: two evaluations a Krylov vector.

    tolerance: the phi function is computed to KRYLOV_SHARE of it.  increment: of the differences, over the state's spread;
    with sums of relative accuracy a, type about the cube root of a.
    """

    tolerance: Tolerance = Tolerance()
    increment: float = INCREMENT

    @property
    def order(self) -> int:
        return 2

    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        slope = flow.rhs(t, state)
        product = Linearization(flow, t, state, self.increment).times
        change = phi_sum(product, [slope], dt, KRYLOV_SHARE * self.tolerance.allowed(state))
        return state + change, {}, None

    def describe(self) -> str:
        return f"exponential-euler: exponential Rosenbrock, order 2, phi functions to {KRYLOV_SHARE * self.tolerance.rtol:g}"


@record
class ExponentialRosenbrock32(Integrator):
    """The exponential Rosenbrock pair exprb32, order 3 with an error estimate of order 2, adaptive, for the same flows:

        U = u + dt phi_1(dt J) f(u),    u + dt phi_1(dt J) f(u) + 2 dt phi_3(dt J) (f(U) - f(u) - J (U - u))

    (Hochbruck, Ostermann and Schweitzer 2009). Fields as in `ExponentialEuler`.
    """

    tolerance: Tolerance = Tolerance()
    increment: float = INCREMENT

    @property
    def order(self) -> int:
        return 3

    @property
    def error_order(self) -> int | None:
        return 2

    def init(self, flow: Flow, t: float, state: Floats) -> Memory:
        return {"dt": first_step(flow, t, state, 2, self.tolerance)}

    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        allowed = self.tolerance.allowed(state)
        slope = flow.rhs(t, state)
        product = Linearization(flow, t, state, self.increment).times
        change = phi_sum(product, [slope], dt, KRYLOV_SHARE * allowed)
        if not np.isfinite(change).all():
            return state + change, {}, np.inf
        rest = flow.rhs(t + dt, state + change) - slope - product(change)
        zero = np.zeros_like(state)
        correction = phi_sum(product, [zero, zero, (2 / dt**2) * rest], dt, KRYLOV_SHARE * allowed)
        return state + change + correction, {}, self.tolerance.norm.of(correction) / allowed

    def describe(self) -> str:
        t = self.tolerance
        return f"exprb32: exponential Rosenbrock, order 3, adaptive (rtol {t.rtol:g}, atol {t.atol:g}, {t.norm.value} norm)"


@record
class Linearization:
    """The derivative of a flow's right-hand side at (t, state), applied to directions by central differences."""

    flow: Flow
    t: float
    state: Floats
    increment: float

    def times(self, direction: Floats) -> Floats:
        """Returns f'(state) direction; shapes of the state."""
        largest = float(np.abs(direction).max(initial=0.0))
        if not largest:
            return np.zeros_like(direction)
        size = spread(self.state) or float(np.abs(self.state).max(initial=0.0)) or 1.0
        h = self.increment * size / largest
        ahead, behind = self.flow.rhs(self.t, self.state + h * direction), self.flow.rhs(self.t, self.state - h * direction)
        return (ahead - behind) / (2 * h)
