"""The parts of an answer about training, as data."""

from __future__ import annotations

import enum
from fractions import Fraction

from wgflow.arithmetic import ball
from wgflow.fourier.domain import NODE_BITS
from wgflow.record import record
from wgflow.stability.answer import rounded

SCHEMA = "wgflow.learning-rate/1"


class Outcome(enum.Enum):
    """What is proved about a training. The truth of UNDECIDED is not known, so asking for it raises."""

    STABLE = "STABLE"
    UNSTABLE = "UNSTABLE"
    UNDECIDED = "UNDECIDED"

    def __bool__(self) -> bool:
        if self is Outcome.UNDECIDED:
            raise ValueError("the verdict is UNDECIDED: neither true nor false; compare with its value instead")
        return self is Outcome.STABLE


@record
class UnstableMode:
    """A wavenumber at which the largest multiplier is proved to be at least 1 in size; ``size`` encloses that size."""

    wavenumber: float | str
    size: tuple[float, float]


def doubles(low: Fraction, high: Fraction) -> tuple[float, float]:
    """Returns doubles on the outer sides of two rationals."""
    with ball.precision(NODE_BITS):
        return rounded(ball.number(low).lower(), ball.number(high).upper())
