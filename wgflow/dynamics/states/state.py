"""States that a flow is linearized about: a density p0 as a function of position, or the samples of an empirical one."""

from __future__ import annotations

from collections.abc import Callable

from wgflow.dynamics.states.state_text import Floats
from wgflow.record import record


@record
class DensityState:
    """A density: ``values(points)`` takes points (..., n), on a grid (count..., n), and returns (...).

    extent: (low, high), (n,) each, of where it lives, or None.  period: of the torus that it is made for, or None.
    """

    text: str
    dim: int
    values: Callable[[Floats], Floats]
    extent: tuple[Floats, Floats] | None = None
    period: float | None = None


@record
class SampledState:
    """The empirical measure of weighted samples: points (N, n), weights (N,) of sum 1."""

    text: str
    dim: int
    points: Floats
    weights: Floats


BaseState = DensityState | SampledState
