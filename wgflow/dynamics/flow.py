"""The interface of a flow: a right-hand side that the time loop integrates."""

from __future__ import annotations

from abc import ABC, abstractmethod

from wgflow.dynamics.sums.sum_method import Floats


class Flow(ABC):
    """A system u' = rhs(t, u) on one float64 array u of any fixed shape.

    A flow may be random from step to step, never within a step: the loop asks for `drawn` at the start of each step.
    """

    random: bool  # whether `drawn` differs from step to step

    @abstractmethod
    def rhs(self, t: float, state: Floats) -> Floats:
        """Returns the velocity u', a new array of the shape of ``state``; ``state`` is left as it is."""

    @abstractmethod
    def drawn(self, step: int, t: float, state: Floats) -> Flow:
        """Returns the flow of the step number ``step``, which begins at (t, state); the flow itself where nothing is random."""
