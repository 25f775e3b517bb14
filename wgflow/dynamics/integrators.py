"""Integrators: one step of a flow. The explicit Runge-Kutta methods, with and without an error estimate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping

import numpy as np

from wgflow.dynamics.flow import Flow
from wgflow.dynamics.step_control import first_step
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.dynamics.tableau import Row, Tableau
from wgflow.dynamics.tolerance import Tolerance
from wgflow.record import record

Memory = Mapping[str, "float | Floats"]  # what a step leaves to the next one: numbers and arrays, so that it can be stored


class Integrator(ABC):
    """A method that makes one step. The time loop owns time, the size of steps, and failure."""

    @property
    @abstractmethod
    def order(self) -> int:
        """The order of the method."""

    @property
    @abstractmethod
    def error_order(self) -> int | None:
        """The order of the solution whose error is estimated; None where steps give no estimate."""

    @abstractmethod
    def init(self, flow: Flow, t: float, state: Floats) -> Memory:
        """Returns what the first step needs to find in its memory; an adaptive method puts a first step size there, "dt"."""

    @abstractmethod
    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        """Returns (state at t + dt, memory, error): new arrays; error <= 1 is within the tolerance, None where there is none."""

    @abstractmethod
    def describe(self) -> str:
        """Returns one line for people."""


class FixedSteps(Integrator):
    """An integrator that gives no error estimate and remembers nothing; implementations add `order`, `step`, `describe`."""

    @property
    def error_order(self) -> int | None:
        return None

    def init(self, flow: Flow, t: float, state: Floats) -> Memory:
        return {}


class AfterSteps(Integrator):
    """An integrator that does something after each step of ``inner``; implementations add that field, `step`, `describe`."""

    inner: Integrator

    @property
    def order(self) -> int:
        return self.inner.order

    @property
    def error_order(self) -> int | None:
        return self.inner.error_order

    def init(self, flow: Flow, t: float, state: Floats) -> Memory:
        return self.inner.init(flow, t, state)


@record
class RungeKutta(FixedSteps):
    """An explicit Runge-Kutta method with steps of given size.

    >>> from wgflow.dynamics.tableau import RK4
    >>> RungeKutta(RK4).describe()
    'rk4: explicit, order 4'
    """

    tableau: Tableau

    @property
    def order(self) -> int:
        return self.tableau.order

    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        stages = _stages(self.tableau, flow, t, dt, state, None)
        return combined(state, dt, self.tableau.b, stages), {}, None

    def describe(self) -> str:
        return f"{self.tableau.name}: explicit, order {self.tableau.order}"


@record
class EmbeddedRungeKutta(Integrator):
    """An explicit Runge-Kutta pair: the higher order is kept, its distance to the lower one is the error estimate."""

    tableau: Tableau
    tolerance: Tolerance = Tolerance()

    @property
    def order(self) -> int:
        return self.tableau.order

    @property
    def error_order(self) -> int:
        return self.tableau.embedded_order

    def init(self, flow: Flow, t: float, state: Floats) -> Memory:
        return {"dt": first_step(flow, t, state, self.error_order, self.tolerance)}

    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        first = None if flow.random else memory.get("slope")  # with noise, the last step's slope is of other normals
        stages = _stages(self.tableau, flow, t, dt, state, first)  # type: ignore[arg-type]
        new = combined(state, dt, self.tableau.b, stages)
        difference = tuple(x - y for x, y in zip(self.tableau.b, self.tableau.embedded or (), strict=True))
        estimate = combined(np.zeros_like(state), dt, difference, stages)
        error = self.tolerance.norm.of(estimate) / self.tolerance.allowed(state)
        keep = self.tableau.ends_with_slope and not flow.random
        return new, ({"slope": stages[-1]} if keep else {}), error

    def describe(self) -> str:
        t = self.tolerance
        return (
            f"{self.tableau.name}: explicit, order {self.order}, adaptive (rtol {t.rtol:g}, atol {t.atol:g}, {t.norm.value} norm)"
        )


def _stages(tableau: Tableau, flow: Flow, t: float, dt: float, state: Floats, first: Floats | None) -> list[Floats]:
    stages: list[Floats] = []
    for row, c in zip(tableau.a, tableau.c, strict=True):
        if not stages and first is not None:
            stages.append(first)
        else:
            stages.append(flow.rhs(t + float(c) * dt, combined(state, dt, row, stages)))
    return stages


def combined(state: Floats, dt: float, coefficients: Row, slopes: list[Floats]) -> Floats:
    """Returns state + dt * sum_i coefficients_i slopes_i, a new array, summed in the order given."""
    out = np.array(state)
    for coefficient, slope in zip(coefficients, slopes, strict=True):
        if coefficient:
            out += (dt * float(coefficient)) * slope
    return out
