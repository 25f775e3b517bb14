"""What is known of a function of k near an end: leading terms and a bound of the rest (see `wgflow.fourier.asymptotics`)."""

from __future__ import annotations

import enum
from abc import abstractmethod
from fractions import Fraction

from flint import arb

from wgflow.arithmetic import exact
from wgflow.arithmetic.exact import Real
from wgflow.kernels.shape import Shape
from wgflow.record import record


class Undecidable(Exception):
    """A question that the method cannot answer, with the reason."""


class End(enum.Enum):
    ZERO = "zero"
    INFINITY = "infinity"


# (q, b) of exp(-b k^q); q = 0 stands for no exponential.
Rate = tuple[int, Real]
NO_RATE: Rate = (0, exact.ZERO)


@record
class Rest:
    """|rest| <= bound * k^power * L^logs; ``bound`` is an exact point."""

    bound: arb
    power: Fraction
    logs: int = 0

    def __hash__(self) -> int:
        return hash((self.power, self.logs))


@record
class Local:
    """The behaviour of one shape at one end."""

    rate: Rate
    terms: tuple[tuple[Fraction, int, Real], ...]  # (power, logs, coefficient)
    rest: Rest | None
    valid: arb  # an exact point


class Enclosed(Shape):
    """A shape without a closed form, known by enclosures only."""

    @abstractmethod
    def local(self, end: End, order: int) -> tuple[Local, ...]:
        """Returns the behaviour at an end, as parts to be added; raises Undecidable with what is missing."""

    @abstractmethod
    def slope(self, k1: arb, k2: arb) -> arb:
        """Returns a ball around d f / d log k over [k1, k2]."""

    @abstractmethod
    def range(self, k1: arb, k2: arb) -> tuple[arb, arb]:
        """Returns bounds of f over [k1, k2]."""
