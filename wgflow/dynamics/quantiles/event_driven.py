"""The exact step of quantiles under a kernel c r: from event to event, whatever the size of the step."""

from __future__ import annotations

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrators import FixedSteps, Integrator, Memory, RungeKutta
from wgflow.dynamics.quantiles.line_law import LineLaw, levels
from wgflow.dynamics.quantiles.line_motion import Curve, independent
from wgflow.dynamics.quantiles.merging_motion import sticky
from wgflow.dynamics.quantiles.quantile import QuantileFlow
from wgflow.dynamics.quantiles.quantile_order import Ordered
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.dynamics.tableau import RK4
from wgflow.record import record

EXACT = 1000  # as an order: the error is rounding for every step


@record
class EventDriven(FixedSteps):
    """The exact flow of quantiles for energy or coulomb where q is made of points and uniform pieces, for any dt.

    Between the knots of F_q a quantile's velocity g (u - F_q(x)) is linear in x: the times at which it passes knots, and at
    which neighbours meet, are logarithms. Generator: each of the N quantiles by itself, O(log M + knots passed). Discriminator:
    quantiles that meet merge, by a tournament of next events, O(log N) each.

    >>> from wgflow.dynamics.quantiles.quantile import quantile_flow
    >>> flow, start = quantile_flow("energy", "generator", "point(at=0)", [1.0, 5.0], 4)
    >>> EventDriven().step(flow, 0.0, 100.0, start, {})[0].T
    array([[1., 1., 5., 5.]])
    """

    @property
    def order(self) -> int:
        return EXACT

    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        if not isinstance(flow, QuantileFlow) or not is_explicit(flow):
            raise InputError(
                "events are explicit for energy and coulomb, toward points and uniform pieces; use quantile_integrator(flow)."
            )
        curve = _curve(flow.law)
        x = np.ascontiguousarray(state[:, 0])
        if flow.is_sticky:
            new = sticky(x, flow.strength, curve, dt)
        else:
            # What is proved to be in order is put in order: neighbours that come near each other differ by roundings.
            new = np.maximum.accumulate(independent(x, levels(x.size), flow.strength, curve, dt))
        return new[:, np.newaxis], {}, None

    def describe(self) -> str:
        return "event-driven: exact for every step"


def is_explicit(flow: QuantileFlow) -> bool:
    """Tells whether `EventDriven` advances a flow."""
    return flow.kernel.remainder is None and (flow.law is None or flow.law.is_piecewise)


def quantile_integrator(flow: QuantileFlow) -> Integrator:
    """Returns the integrator for a flow: exact where there is one, else rk4 that keeps the order.

    >>> from wgflow.dynamics.quantiles.quantile import quantile_flow
    >>> for kernel in ("energy", "laplace"):
    ...     print(quantile_integrator(quantile_flow(kernel, "generator", "gaussian", "point", 10)[0]).describe())
    event-driven: exact for every step
    rk4: explicit, order 4; order kept by merging
    """
    return EventDriven() if is_explicit(flow) else Ordered(RungeKutta(RK4))


def _curve(law: LineLaw | None) -> Curve:
    """Returns the distribution function as `line_motion` reads it."""
    if law is None:  # no force: F = 1/2 leaves the one between the quantiles
        return np.zeros(0), np.full(1, 0.5), np.full(1, 0.5)
    return law.knots, np.append(0.0, law.above), np.append(law.below, law.above[-1])
