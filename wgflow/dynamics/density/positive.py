"""Flows of densities that stay positive under Euler steps of bounded size, and the strongly stable steps made of these."""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from math import inf

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.density.density_flow import DensityFlow
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrators import Integrator, Memory, combined
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.dynamics.tableau import Tableau
from wgflow.record import record

SSP_RK3 = Tableau(
    "ssp-rk3",
    3,
    ((), (Fraction(1),), (Fraction(1, 4), Fraction(1, 4))),
    (Fraction(1, 6), Fraction(1, 6), Fraction(2, 3)),
)
ROSE = 2.0  # the error of a step whose energy goes the wrong way: it is made anew, at less than half the size


@record
class Slope:
    """What a positive flow does at a state.

    rate: u'.  bound: the largest dt for which u + dt u' >= 0, and for which decaying modes are not overshot.  descending: the
    energy that may only fall.  rounding: what of it is uncertain; infinite where it need not fall.
    """

    rate: Floats
    bound: float
    descending: float
    rounding: float


class PositiveFlow(DensityFlow):
    """A flow whose Euler steps up to a bound keep values nonnegative, and whose rate lowers an energy."""

    @abstractmethod
    def slope(self, state: Floats) -> Slope:
        """Returns the rate at a state of nonnegative values with what it promises."""

    def rhs(self, t: float, state: Floats) -> Floats:
        return self.slope(state).rate


@record
class StrongStability(Integrator):
    """SSP-RK3 (Shu and Osher 1988), adaptive: convex combinations of Euler steps, each within its bound.

    Written in increments, so that what is at rest stays so to the last bit. A step is accepted where dt is at most the bound of
    every stage, so that values stay nonnegative, and where the energy did not go the wrong way beyond rounding. The error that
    controls the size is dt / bound.  most: no step is longer.
    """

    most: float = inf

    @property
    def order(self) -> int:
        return 3

    @property
    def error_order(self) -> int:
        return 0

    def init(self, flow: Flow, t: float, state: Floats) -> Memory:
        slope = _positive(flow).slope(state)
        return {"dt": min(slope.bound / 2, self.most), **_kept(slope)}

    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        flow = _positive(flow)
        bound = min(float(memory["bound"]), self.most)
        rates, new = [np.asarray(memory["rate"])], state
        for row in (*SSP_RK3.a[1:], SSP_RK3.b):
            if dt > bound:
                return state, memory, dt / bound
            new = combined(state, dt, row, rates)
            end = flow.slope(new)
            rates.append(end.rate)
            bound = min(bound, end.bound) if len(rates) <= len(SSP_RK3.b) else bound  # the last one is the next step's
        rose = end.descending > float(memory["descending"]) + end.rounding + float(memory["rounding"])
        return new, _kept(end), ROSE if rose else dt / bound

    def describe(self) -> str:
        return "ssp-rk3: explicit, order 3, steps within the bound of positivity, energy monotone"


def _kept(slope: Slope) -> dict[str, float | Floats]:
    return {"rate": slope.rate, "bound": slope.bound, "descending": slope.descending, "rounding": slope.rounding}


def _positive(flow: Flow) -> PositiveFlow:
    if not isinstance(flow, PositiveFlow):
        raise InputError("ssp-rk3 needs a flow with a bound of positivity; type --solver volumes.")
    return flow
