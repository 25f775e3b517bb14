"""A glance at written-out functions of r: roots and logarithms of numbers that are clearly negative at some distance.

Doubles with a rough error, at a few distances: what is found here is refused where it is read; what is not found is left
to the enclosures, which prove nothing about a function that is not real.
"""

from __future__ import annotations

import math
from fractions import Fraction

from wgflow.kernels.expression import Tree, evaluate
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from collections.abc import Callable

DISTANCES = (1 / 64, 0.4, 0.9, 1.3, 2.7, 5.1, 12.3, 100.7, 4000.3)
_CLEARLY = 1000  # times the rough error
_ROUNDING = 2.0**-50


class _NotReal(ArithmeticError):
    pass


@record
class Rough:
    """A double and about how wrong it may be; NaN where it is not known."""

    value: float
    error: float

    def __add__(self, other: Rough) -> Rough:
        value = self.value + other.value
        return Rough(value, self.error + other.error + abs(value) * _ROUNDING)

    def __mul__(self, other: Rough) -> Rough:
        value = self.value * other.value
        error = abs(self.value) * other.error + abs(other.value) * self.error + self.error * other.error
        return Rough(value, error + abs(value) * _ROUNDING)

    @property
    def is_negative(self) -> bool:
        return self.value < -_CLEARLY * self.error


UNKNOWN = Rough(math.nan, math.inf)


def _applied(function: Callable[[float], float], slope: Callable[[float], float], x: Rough) -> Rough:
    """function(x), its error from a bound of the slope at x."""
    if not x.error < 1e-3 * (1 + abs(x.value)):
        return UNKNOWN
    try:
        value = function(x.value)
        return Rough(value, (abs(slope(x.value)) + 1e-300) * x.error * 2 + abs(value) * _ROUNDING)
    except (ValueError, OverflowError, ZeroDivisionError):
        return UNKNOWN


class Ops:
    pi = Rough(math.pi, _ROUNDING)

    @staticmethod
    def number(value: Fraction) -> Rough:
        nearest = float(value)  # numbers of expressions lie in the range of doubles
        return Rough(nearest, abs(nearest) * _ROUNDING)

    @staticmethod
    def power(base: Rough, exponent: Fraction) -> Rough:
        if exponent.denominator > 1 and base.is_negative:
            raise _NotReal("a root of a negative number")
        p = float(exponent)
        if exponent.denominator > 1 and base.value < 0:
            return UNKNOWN
        return _applied(lambda x: x**p, lambda x: p * x ** (p - 1), base)

    @staticmethod
    def log(x: Rough) -> Rough:
        if x.is_negative:
            raise _NotReal("the logarithm of a negative number")
        return _applied(math.log, lambda t: 1 / t, x)

    @staticmethod
    def exp(x: Rough) -> Rough:
        return _applied(math.exp, math.exp, x)

    @staticmethod
    def sin(x: Rough) -> Rough:
        return _applied(math.sin, lambda t: 1, x)

    @staticmethod
    def cos(x: Rough) -> Rough:
        return _applied(math.cos, lambda t: 1, x)

    @staticmethod
    def tanh(x: Rough) -> Rough:
        return _applied(math.tanh, lambda t: 1, x)

    @staticmethod
    def sech(x: Rough) -> Rough:
        return _applied(lambda t: 1 / math.cosh(min(abs(t), 700)), lambda t: 1, x)

    @staticmethod
    def erf(x: Rough) -> Rough:
        return _applied(math.erf, lambda t: 2, x)

    @staticmethod
    def besselk(order: Fraction, x: Rough) -> Rough:
        if x.is_negative or x.value == x.error == 0:
            raise _NotReal("besselk of a number that is not positive")
        return UNKNOWN

    @staticmethod
    def besselj(order: Fraction, x: Rough) -> Rough:
        if order.denominator > 1 and x.is_negative:
            raise _NotReal("besselj of a negative number")
        return UNKNOWN


def not_real(tree: Tree) -> str | None:
    """Returns where a tree is seen not to be a real number, and why, or None.

    >>> from wgflow.kernels.expression import R, Number, add, apply
    >>> not_real(apply("log", add((R, Number(Fraction(-1))))))
    'the logarithm of a negative number at r = 0.015625'
    """
    for r in DISTANCES:
        try:
            evaluate(tree, Ops, Rough(r, r * _ROUNDING))
        except _NotReal as problem:
            return f"{problem} at r = {r:g}"
    return None
