"""Alternating training: n_D discriminator steps, then n_G generator steps, on the same feature particles."""

from __future__ import annotations

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrators import FixedSteps, Memory, RungeKutta
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.dynamics.tableau import EULER
from wgflow.record import record, replace


@record
class Alternation(Flow):
    """Two flows on one state, to be run with `Cycle`: one step of the loop is one cycle.

    Time counts cycles: with dt = 1 a discriminator step is u + discriminator_rate * v_D(u), as in gradient ascent with that
    learning rate, and a smaller dt divides both rates. As dt -> 0 the cycle becomes the flow of ``rhs``, the weighted sum
    n_D rate_D v_D + n_G rate_G v_G, which any other integrator may run: simultaneous training.
    """

    discriminator: Flow
    generator: Flow
    discriminator_steps: int = 1
    generator_steps: int = 1
    discriminator_rate: float = 1.0
    generator_rate: float = 1.0
    first: int = 0  # the number of the first step of the cycle under way, for flows that draw normals

    @property
    def random(self) -> bool:  # type: ignore[override]
        return self.discriminator.random or self.generator.random

    @property
    def phases(self) -> tuple[tuple[Flow, int, float], ...]:
        """(flow, steps, rate) in the order in which they train."""
        return (
            (self.discriminator, self.discriminator_steps, self.discriminator_rate),
            (self.generator, self.generator_steps, self.generator_rate),
        )

    def rhs(self, t: float, state: Floats) -> Floats:
        total = 0 * state
        for flow, steps, rate in self.phases:
            if steps:
                total += (steps * rate) * flow.rhs(t, state)
        return total

    def drawn(self, step: int, t: float, state: Floats) -> Flow:
        length = self.discriminator_steps + self.generator_steps
        discriminator, generator = (flow.drawn(step * length, t, state) for flow, _, _ in self.phases)
        return replace(self, discriminator=discriminator, generator=generator, first=step * length)


@record
class Cycle(FixedSteps):
    """One cycle of an `Alternation`, each step by ``inner``; forward Euler is gradient descent. Of order 1 toward the sum of
    the flows (Lie's splitting), whatever ``inner`` is. For learning rates as they are, ask for whole numbers as times and dt = 1.
    """

    inner: RungeKutta = RungeKutta(EULER)

    @property
    def order(self) -> int:
        return 1

    def step(self, flow: Flow, t: float, dt: float, state: Floats, memory: Memory) -> tuple[Floats, Memory, float | None]:
        if not isinstance(flow, Alternation):
            raise InputError("the integrator 'cycle' runs an alternation of two flows; type --integrator euler for one flow.")
        number = flow.first
        for part, steps, rate in flow.phases:
            for _ in range(steps):
                state, _, _ = self.inner.step(part.drawn(number, t, state), t, rate * dt, state, {})
                number += 1
        return state, {}, None

    def describe(self) -> str:
        return f"cycle: alternating steps by {self.inner.tableau.name}"


def alternating(discriminator: Flow, generator: Flow, steps: tuple[int, int], rates: tuple[float, float]) -> Alternation:
    """Returns the alternation of ``steps`` (n_D, n_G) with ``rates`` (eta_D, eta_G), both flows on the same state.

    Raises InputError for negative counts or rates, and for cycles without a step.
    """
    if min(steps) < 0 or sum(steps) < 1:
        raise InputError(f"a cycle of {steps[0]} and {steps[1]} steps is not one; type counts such as 5 and 1.")
    if not all(0 <= rate < float("inf") for rate in rates):
        raise InputError(f"learning rates {rates[0]:g} and {rates[1]:g} must be finite and not negative; type 0.1, say.")
    return Alternation(discriminator, generator, *steps, *rates)
