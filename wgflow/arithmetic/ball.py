"""Ball arithmetic (FLINT/Arb): every result is an interval that is proved to contain the true value.

Precision is a number of bits and is set by `precision` around a block; no other global state is touched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from math import copysign, inf, nextafter

from flint import arb, ctx, fmpq, fmpz

from wgflow.arithmetic import exact

_POINT = r"-?[0-9]{1,200}p-?[0-9]{1,40}"
MAX_FLOAT = 1.7976931348623157e308


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Runs a block at a working precision of ``bits`` and restores the old one."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def number(value: Fraction | int) -> arb:
    """Returns a ball around a rational (arb(0.2) would not contain 1/5)."""
    return arb(fmpq(value.numerator, value.denominator))


@lru_cache(maxsize=20000)
def _real(value: exact.Real, bits: int) -> arb:
    total = arb(0)
    for monomial, weight in value.terms.items():
        term = number(weight)
        for (kind, argument), exponent in monomial:
            term *= _ATOMS[kind](argument) ** fmpq(exponent.numerator, exponent.denominator)
        total += term
    return total


_ATOMS = {
    "pi": lambda _: arb.pi(),
    "euler": lambda _: arb.const_euler(),
    "e": lambda _: arb.const_e(),
    "base": number,
    "log": lambda integer: number(integer).log(),
    "gamma": lambda q: arb.gamma_fmpq(fmpq(q.numerator, q.denominator)),
}


def real(value: exact.Real) -> arb:
    """Returns a ball around an exact real at the precision in force."""
    return _real(value, ctx.prec)


def sign(value: exact.Real, most_bits: int = 4096) -> int | None:
    """Returns the proved sign of an exact real, or None where balls of ``most_bits`` bits still contain zero."""
    if value.is_zero:
        return 0
    bits = 64
    while bits <= most_bits:
        with precision(bits):
            ball = real(value)
        if ball > 0:
            return 1
        if ball < 0:
            return -1
        bits *= 4
    return None


def dyadic(mantissa: int, exponent: int) -> arb:
    """Returns the exact point mantissa * 2**exponent, whatever the exponent."""
    return arb((fmpz(mantissa), fmpz(exponent)))


def point_text(point: arb) -> str:
    """Returns an exact point as ``MANTISSApEXPONENT`` (mantissa * 2**exponent); `parse_point` reads it back.

    >>> point_text(dyadic(3, -1)), parse_point("3p-1")
    ('3p-1', 1.50000000000000)
    """
    mantissa, exponent = point.man_exp()
    return f"{mantissa}p{exponent}"


def parse_point(text: object) -> arb:
    if not isinstance(text, str) or not re.fullmatch(_POINT, text):
        raise ValueError(f"{str(text)[:40]!r} is not an exact point")
    mantissa, _, exponent = text.partition("p")
    return dyadic(int(mantissa), int(exponent))


def point_fraction(point: arb) -> Fraction:
    """Returns an exact point as a Fraction (for exponents of moderate size)."""
    mantissa, exponent = point.man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def exact_point(point: arb) -> exact.Real:
    """Returns an exact point as an exact real."""
    mantissa, exponent = point.man_exp()
    return exact.dyadic(int(mantissa), int(exponent))


def negated(point: arb) -> arb:
    """Returns minus an exact point, exactly (the minus sign of balls rounds to the precision in force)."""
    mantissa, exponent = point.man_exp()
    return arb((-mantissa, exponent))


def is_moderate(point: arb) -> bool:
    """Tells whether an exact point lies in the range of normal doubles."""
    return bool(arb(2) ** -1021 < point) and bool(point < MAX_FLOAT)


def coarse_point(ball: arb, bits: int) -> arb:
    """Returns an exact point of at most ``bits`` bits near the middle of a ball."""
    with precision(bits):
        return (+ball).mid()


def _rounded(value: arb, direction: float) -> float:
    """Returns a double on the ``direction`` side of the exact point ``value`` (an infinity beyond the doubles)."""
    near = float(value)
    if near in (inf, -inf):
        return near if near == direction else copysign(MAX_FLOAT, near)
    while (arb(near) - value) * (1 if direction > 0 else -1) < 0:
        near = nextafter(near, direction)
    return near


def outward(ball: arb) -> tuple[float, float]:
    """Returns doubles (lo, hi) with lo <= ball <= hi; infinities where the doubles end.

    >>> lo, hi = outward(number(Fraction(1, 5)))
    >>> lo <= Fraction(1, 5) <= hi
    True
    """
    return _rounded(ball.lower(), -inf), _rounded(ball.upper(), inf)


class Midpoint:
    """Orders balls by their midpoints: a key for max and min, which choose candidates and prove nothing."""

    def __init__(self, value: arb) -> None:
        self.middle = value.mid()

    def __lt__(self, other: Midpoint) -> bool:
        return bool(self.middle < other.middle)

    def __gt__(self, other: Midpoint) -> bool:
        return bool(self.middle > other.middle)
