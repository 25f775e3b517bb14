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
    dim: int | None = None  # where the claim is about every dimension


def rounded(low: arb, high: arb) -> tuple[float, float]:
    """Returns doubles (lo, hi) with lo <= low and high <= hi."""
    return ball.outward(low)[0], ball.outward(high)[1]


def number_text(ends: tuple[float, float]) -> str:
    """Returns the digits that both ends of an enclosure share, at least 6 and at most 12 significant ones.

    >>> number_text((0.6065306597126333, 0.6065306597131851))
    '0.606530659713'
    """
    low, high = ends
    for digits in (12, 10, 8, 6):
        text = f"{low:.{digits}g}"
        if text == f"{high:.{digits}g}":
            return text
    return f"{low:.6g}"


@record
class GrowingBand:
    """Wavenumbers with growth rate >= 0; each end enclosed by doubles, ``end`` None where the band has none."""

    start: tuple[float, float]
    end: tuple[float, float] | None

    def __str__(self) -> str:
        start = "0" if self.start == (0.0, 0.0) else number_text(self.start)
        if self.end is None:
            return f"k > {start}"
        return f"{start} < k < {number_text(self.end)}" if self.start != self.end else f"k = {start}"


@record
class IntervalEnd:
    """An end of the interval, enclosed in [low, high], and whether it belongs to the interval (None: not decided).

    kind "limit": the exact limit of E/S at ``end`` (chart: E - vS < 0); "identity": E = vS; "approached": like limit,
    but only enclosed; "interior": attained at ``place``. For the last two the chart shows decay at the outer enclosure.
    In every dimension at once, for the quotient of mixing measures ("mixing ..."): "limit", "identity", "interior" in
    the same sense, with t in the place of k, and "atom": the largest quotient of the weights of two atoms.
    """

    low: arb
    high: arb
    attained: bool | None
    kind: str
    end: End | None = None
    place: Place | None = None
    chart: Chart | None = None

    @property
    def text(self) -> str:
        """The end as a decimal."""
        return number_text(rounded(self.low, self.high))


@record
class Emptiness:
    """Why no eps is feasible. kind "end": E outgrows S at ``end``; "pair": R(below) >= R(above), where S(below) > 0 > S(above);
    "identity": E = vS, with both signs of S as for "pair"; "kernel": S = 0 and E(below) >= 0. In every dimension at once:
    E's mixing measure has an atom ("mixing atom") or a density ("mixing density") where S's has none, its density outgrows
    that of S as t tends to ``end`` ("mixing end"), or S = 0 and it is not nonpositive ("mixing kernel").
    """

    kind: str
    end: End | None = None
    below: Place | None = None
    above: Place | None = None
    chart: Chart | None = None  # of E's mixing density, where a part of it is positive

    def __str__(self) -> str:
        match self.kind:
            case "end":
                toward = "0" if self.end is End.ZERO else "infinity"
                return f"as k tends to {toward}, the kernel's transform outgrows the stabilizer's"
            case "pair":
                return "two modes exclude each other: the stabilizer's transform has opposite signs there"
            case "identity":
                return "the kernel is a multiple of the stabilizer, whose transform has both signs"
            case "mixing atom":
                return "the kernel has a Gaussian of a length that the stabilizer lacks, which outgrows it as n increases"
            case "mixing density":
                return "the kernel has Gaussians of all lengths, of which the stabilizer has but a few"
            case "mixing end":
                toward = "long" if self.end is End.ZERO else "short"
                return f"the kernel has more weight on ever {toward}er Gaussians than the stabilizer"
        return "the stabilizer is zero, and a mode does not decay"


@record
class Feasible:
    """The interval; a missing end is unbounded. ``lower_chart`` (``upper_chart``) proves that: S < 0 (S > 0) everywhere."""

    lower: IntervalEnd | None = None
    upper: IntervalEnd | None = None
    empty: Emptiness | None = None
    lower_chart: Chart | None = None
    upper_chart: Chart | None = None

    def __str__(self) -> str:
        """The interval in words, such as ``eps > 0.606530659713``."""
        if self.empty is not None:
            return f"none: no eps makes every mode decay ({self.empty})"
        lower, upper = self.lower, self.upper
        if lower is None and upper is None:
            return "every eps"
        parts = []
        if lower is not None:
            parts.append(f"eps {'>=' if lower.attained else '>'} {lower.text}")
        if upper is not None:
            parts.append(f"eps {'<=' if upper.attained else '<'} {upper.text}")
        unknown = [name for name, end in (("lower", lower), ("upper", upper)) if end is not None and end.attained is None]
        note = f" (whether the {' and '.join(unknown)} end belongs to it is not decided)" if unknown else ""
        return " and ".join(parts) + note


def place_number(place: Place, domain: Domain) -> float | str:
    """Returns the nearest double, or decimal text where the wavenumber is outside the doubles."""
    with ball.precision(NODE_BITS):
        k = wavenumber(place, domain)
        return float(k.mid()) if ball.is_moderate(k.mid()) else k.str(12, radius=False)
