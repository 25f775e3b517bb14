"""The parts of an answer, as data: verdict, witness, growing bands, the interval of feasible eps."""

from __future__ import annotations

import enum

from flint import arb

from wgflow.arithmetic import ball
from wgflow.fourier.asymptotics import End
from wgflow.fourier.domain import NODE_BITS, Domain
from wgflow.record import record
from wgflow.stability.chart import Chart
from wgflow.stability.claim import Place, wavenumber


class Verdict(enum.Enum):
    """What is proved about a claim. The truth of UNDECIDED is not known, so asking for it raises."""

    DECAYS = "DECAYS"
    GROWS = "GROWS"
    UNDECIDED = "UNDECIDED"

    def __bool__(self) -> bool:
        if self is Verdict.UNDECIDED:
            raise ValueError("the verdict is UNDECIDED: neither true nor false; compare with wgflow.Verdict instead")
        return self is Verdict.DECAYS


@record
class Witness:
    """A wavenumber whose growth rate is proved >= 0; ``rate`` at unit density."""

    place: Place
    wavenumber: float | str
    rate: tuple[float, float]


@record
class GrowingBand:
    """Wavenumbers with growth rate >= 0; each end enclosed by doubles, ``end`` None where the band has none."""

    start: tuple[float, float]
    end: tuple[float, float] | None


@record
class IntervalEnd:
    """An end of the interval, enclosed in [low, high], and whether it belongs to the interval (None: not decided).

    kind "limit": the exact limit of E/S at ``end`` (chart: E - vS < 0); "identity": E = vS; "approached": like limit,
    but only enclosed; "interior": attained at ``place``. For the last two the chart shows decay at the outer enclosure.
    """

    low: arb
    high: arb
    attained: bool | None
    kind: str
    end: End | None = None
    place: Place | None = None
    chart: Chart | None = None


@record
class Emptiness:
    """Why no eps is feasible. kind "end": E outgrows S at ``end``; "pair": R(below) >= R(above), where S(below) > 0 > S(above);
    "identity": E = vS, with both signs of S as for "pair"; "kernel": S = 0 and E(below) >= 0.
    """

    kind: str
    end: End | None = None
    below: Place | None = None
    above: Place | None = None


@record
class Feasible:
    """The interval; a missing end is unbounded. ``lower_chart`` (``upper_chart``) proves that: S < 0 (S > 0) everywhere."""

    lower: IntervalEnd | None = None
    upper: IntervalEnd | None = None
    empty: Emptiness | None = None
    lower_chart: Chart | None = None
    upper_chart: Chart | None = None


def rounded(low: arb, high: arb) -> tuple[float, float]:
    """Returns doubles (lo, hi) with lo <= low and high <= hi."""
    return ball.outward(low)[0], ball.outward(high)[1]


def place_number(place: Place, domain: Domain) -> float | str:
    """Returns the nearest double, or decimal text where the wavenumber is outside the doubles."""
    with ball.precision(NODE_BITS):
        k = wavenumber(place, domain)
        return float(k.mid()) if ball.is_moderate(k.mid()) else k.str(12, radius=False)
