"""The slope of Wendland's functions without cancellation: polynomials in r, divided exactly."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

from wgflow.kernels.compact import Wendland
from wgflow.record import record

ZERO, ONE, HALF = Fraction(0), Fraction(1), Fraction(1, 2)


@record
class Polynomial:
    """c_0 + c_1 r + c_2 r^2 + ... with exact coefficients."""

    coefficients: tuple[Fraction, ...]

    def __add__(self, other: Any) -> Polynomial:
        a, b = self.coefficients, polynomial(other).coefficients
        size = max(len(a), len(b))
        pad = lambda c: (*c, *[ZERO] * (size - len(c)))  # noqa: E731
        return Polynomial(tuple(x + y for x, y in zip(pad(a), pad(b), strict=True)))

    def __rsub__(self, other: Any) -> Polynomial:
        return self * Fraction(-1) + other

    def __mul__(self, other: Any) -> Polynomial:
        a, b = self.coefficients, polynomial(other).coefficients
        out = [ZERO] * (len(a) + len(b) - 1)
        for i, x in enumerate(a):
            for j, y in enumerate(b):
                out[i + j] += x * y
        return Polynomial(tuple(out))

    def over_one_minus_r(self) -> Polynomial | None:
        """Returns the quotient by 1 - r, or None where r = 1 is no root."""
        sums, total = [], ZERO
        for c in self.coefficients:
            total += c
            sums.append(total)
        return Polynomial(tuple(sums[:-1])) if total == 0 and len(sums) > 1 else None


def polynomial(value: Any) -> Polynomial:
    return value if isinstance(value, Polynomial) else Polynomial((Fraction(value),))


class _Inside:
    """A profile of compact support as a polynomial in r, inside the support."""

    @staticmethod
    def number(value: Fraction) -> Polynomial:
        return polynomial(value)

    @staticmethod
    def sqrt(r2: Any) -> Polynomial:
        return Polynomial((ZERO, ONE))

    @staticmethod
    def positive_part(x: Polynomial) -> Polynomial:
        return x

    @staticmethod
    def power(base: Polynomial, exponent: Fraction) -> Polynomial:
        total = polynomial(ONE)
        for _ in range(int(exponent)):
            total = total * base
        return total


@lru_cache
def factored_slope(family: Wendland) -> tuple[int, bool, tuple[Fraction, ...]]:
    """Returns (m, over_r, c) with d phi/d(r^2) = (1-r)^m (c_0 + c_1 r + ...), divided by r where ``over_r``.

    >>> factored_slope(Wendland(1))
    (3, False, (Fraction(-10, 1),))
    """
    inside = family.profile(_Inside(), None, ONE).coefficients
    slope = Polynomial(tuple(j * c * HALF for j, c in enumerate(inside))[1:])  # times r
    over_r = slope.coefficients[0] != 0
    if not over_r:
        slope = Polynomial(slope.coefficients[1:])
    power = 0
    while (quotient := slope.over_one_minus_r()) is not None:
        slope, power = quotient, power + 1
    last = max(j for j, c in enumerate(slope.coefficients) if c)
    return power, over_r, slope.coefficients[: last + 1]


def wendland_slope(family: Wendland, ops: Any, r2: Any) -> Any:
    """Returns d phi/d(r^2) in the arithmetic ``ops``; 0 outside the support."""
    power, over_r, coefficients = factored_slope(family)
    r = ops.sqrt(r2)
    total = ops.number(coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        total = total * r + ops.number(coefficient)
    total = ops.power(ops.positive_part(1 - r), Fraction(power)) * total
    return total * ops.power(r2, -HALF) if over_r else total
