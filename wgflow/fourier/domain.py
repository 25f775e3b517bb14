"""Sets of wavenumbers that a claim speaks about: all k > 0, a closed band, or the modes of a torus."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from math import isqrt

from flint import arb

from wgflow.arithmetic import ball
from wgflow.arithmetic.number import InputError, rational, shown
from wgflow.arithmetic.sums_of_squares import is_sum_of_squares as is_sum_of_squares
from wgflow.record import record

NODE_BITS = 128
INDEX_BITS = 4096  # |m|^2 may have a thousand digits
_PERIOD = r"\s*(?:(?P<factor>[^*\s]+?)\s*\*?\s*)?pi\s*(?:/\s*(?P<divisor>[0-9.]+))?\s*"
LEAST, MOST = Fraction(1, 10**300), Fraction(10**300)


@record
class Period:
    """A torus period: a positive rational, times pi where ``times_pi``."""

    factor: Fraction
    times_pi: bool = False

    @property
    def text(self) -> str:
        if not self.times_pi:
            return str(self.factor)
        return "pi" if self.factor == 1 else f"{self.factor}*pi"

    def wavenumber(self, m2: int) -> arb:
        """Returns k = 2 pi |m| / L for |m|^2 = m2."""
        top = arb(2) if self.times_pi else 2 * arb.pi()
        return top * arb(m2).sqrt() / ball.number(self.factor)

    def index(self, k: arb) -> arb:
        """Returns |m|^2 for the wavenumber k."""
        ratio = k * ball.number(self.factor) / (arb(2) if self.times_pi else 2 * arb.pi())
        return ratio * ratio


def parse_period(value: object) -> Period:
    """Returns the period that text spells: a number, or a number times pi.

    >>> parse_period("2*pi"), parse_period("6.25").factor
    (Period(factor=Fraction(2, 1), times_pi=True), Fraction(25, 4))
    """
    if isinstance(value, Period):
        return value
    match = re.fullmatch(_PERIOD, value) if isinstance(value, str) and len(value) < 400 else None
    if match:
        divisor = rational(match["divisor"] or "1", "period")
        if divisor == 0:
            raise InputError(f"period {shown(value)} divides by zero; type for example 2*pi or pi/2.")
        period = Period(rational(match["factor"] or "1", "period") / divisor, True)
    else:
        period = Period(rational(value, "period"))
    if not LEAST <= period.factor <= MOST:
        raise InputError(f"period {shown(value)} must be positive, from 1e-300 to 1e300; type for example 2*pi or 6.28.")
    return period


@record
class Band:
    """k1 <= k <= k2."""

    low: Fraction
    high: Fraction

    @property
    def text(self) -> str:
        return f"{self.low},{self.high}"


def parse_band(value: object) -> Band:
    """Returns the band that ``K1,K2`` (text or a pair) spells; raises InputError unless 0 < K1 < K2."""
    if isinstance(value, Band):
        return value
    parts = value.split(",") if isinstance(value, str) else list(value) if isinstance(value, (tuple, list)) else []
    if len(parts) != 2:
        raise InputError(f"band {shown(value)} is not two numbers; type for example --band 0.1,10.")
    low, high = rational(parts[0], "band end"), rational(parts[1], "band end")
    if not LEAST <= low < high <= MOST:
        raise InputError(f"band {shown(value)} must satisfy 0 < K1 < K2 within 1e-300 ... 1e300; type for example 0.1,10.")
    return Band(low, high)


Domain = Period | Band | None  # None: every k > 0


def _whole(index: arb) -> int:
    """Returns the whole part of a ball around an index, from its lower end; raises OverflowError beyond 2^4096."""
    if not index < ball.dyadic(1, INDEX_BITS):
        raise OverflowError("a mode number of more than 4096 bits")
    return int(index.lower().floor().unique_fmpz())


def modes(period: Period, n: int, low: arb, high: arb | None) -> Iterator[int]:
    """Yields, in order, every |m|^2, m in Z^n nonzero, whose wavenumber may lie in [low, high] (high None: no end).

    Numbers of which `is_sum_of_squares` does not know are among them: none is left out.
    """
    with ball.precision(INDEX_BITS):
        first = max(1, _whole(period.index(low)))
        last = None if high is None else _whole(period.index(high)) + 1
    if n == 1:
        m = max(1, isqrt(first))
        while last is None or m * m <= last:
            if m * m >= first:
                yield m * m
            m += 1
        return
    number = first
    while last is None or number <= last:
        if is_sum_of_squares(number, n) is not False:
            yield number
        number += 1
