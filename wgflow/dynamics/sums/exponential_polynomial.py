"""Kernels as sums of r^m exp(-a r): an arithmetic in which their formulas are evaluated, so that no formula is retyped.

Such functions are what recurrences along a sorted line sum exactly. Rates and coefficients are exact where the formula
gives rationals, and float64 elsewhere.
"""

from __future__ import annotations

from fractions import Fraction
from math import exp, factorial, gamma, pi

from wgflow.arithmetic.number import InputError, square_root
from wgflow.kernels.compact import TopHat, Wendland
from wgflow.kernels.family import Family
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any, TypeAlias

Real: TypeAlias = "Fraction | float"
MOST_POWER = 200
MOST_PRODUCTS = 4000
ONE = Fraction(1)


class NotSortable(Exception):
    """A function that is no polynomial times exponentials."""


@record
class ExponentialPolynomial:
    """The function sum over (a, m) of terms[a, m] r^m exp(-a r), with + - * /."""

    terms: dict[tuple[Real, Fraction], Real]

    def __add__(self, other: Any) -> ExponentialPolynomial:
        total = dict(self.terms)
        for key, value in lift(other).terms.items():
            total[key] = total.get(key, Fraction(0)) + value
        return ExponentialPolynomial({key: value for key, value in total.items() if value})

    __radd__ = __add__

    def __neg__(self) -> ExponentialPolynomial:
        return self * -1

    def __sub__(self, other: Any) -> ExponentialPolynomial:
        return self + -lift(other)

    def __rsub__(self, other: Any) -> ExponentialPolynomial:
        return -self + other

    def __mul__(self, other: Any) -> ExponentialPolynomial:
        total: dict[tuple[Real, Fraction], Real] = {}
        factors = lift(other).terms
        if len(self.terms) * len(factors) > MOST_PRODUCTS:
            raise NotSortable("too many terms")
        for (a, m), value in self.terms.items():
            for (b, n), factor in factors.items():
                total[a + b, m + n] = total.get((a + b, m + n), Fraction(0)) + value * factor
        return ExponentialPolynomial({key: value for key, value in total.items() if value})

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> ExponentialPolynomial:
        return self * OPS.power(lift(other), Fraction(-1))

    def __rtruediv__(self, other: Any) -> ExponentialPolynomial:
        return lift(other) / self

    def constant(self) -> Real:
        """Returns the value of a constant; raises NotSortable for anything else."""
        if any(key != (0, 0) for key in self.terms):
            raise NotSortable("not a constant")
        return self.terms.get((Fraction(0), Fraction(0)), Fraction(0))


def term(value: Real, power: Fraction = Fraction(0), rate: Real = Fraction(0)) -> ExponentialPolynomial:
    """Returns value r^power exp(-rate r)."""
    return ExponentialPolynomial({(rate, power): value})


def lift(value: Any) -> ExponentialPolynomial:
    return value if isinstance(value, ExponentialPolynomial) else term(value)


R = term(ONE, ONE)


@record
class Logarithm:
    """log(argument), which formulas only exponentiate."""

    argument: ExponentialPolynomial


class Ops:
    """The formulas' arithmetic (see wgflow.arithmetic) in exponential polynomials; what leaves them raises NotSortable."""

    pi = term(pi)

    @staticmethod
    def number(value: Fraction) -> ExponentialPolynomial:
        return term(Fraction(value))

    @staticmethod
    def power(base: Any, exponent: Any) -> ExponentialPolynomial:
        """A power of a monomial with a positive coefficient, or a whole power of any."""
        terms, exponent = lift(base).terms, Fraction(exponent)
        if len(terms) == 1:
            ((rate, power), value) = next(iter(terms.items()))
            if value < 0 and exponent.denominator != 1:
                raise NotSortable("a root of a negative number")
            return term(_real_power(value, exponent), power * exponent, rate * exponent)
        if exponent.denominator != 1 or not 0 <= exponent <= MOST_POWER:
            raise NotSortable("a power that is not a whole number")
        result = term(ONE)
        for _ in range(int(exponent)):
            result = result * base
        return result

    @staticmethod
    def sqrt(x: Any) -> ExponentialPolynomial:
        return OPS.power(x, Fraction(1, 2))

    @staticmethod
    def exp(x: Any) -> ExponentialPolynomial:
        """exp(b - a r), and what a logarithm was taken of."""
        if isinstance(x, Logarithm):
            return x.argument
        rest = dict(lift(x).terms)
        rate = -rest.pop((Fraction(0), ONE), Fraction(0))
        shift = float(ExponentialPolynomial(rest).constant())
        return term(exp(shift) if shift else ONE, rate=rate)

    @staticmethod
    def gamma(argument: Any) -> ExponentialPolynomial:
        return term(gamma(float(lift(argument).constant())))

    @staticmethod
    def besselk(order: Any, z: Any) -> ExponentialPolynomial:
        """K_{j+1/2}(z) = sqrt(pi/2z) e^-z sum over i of (j+i)! / (i! (j-i)! (2z)^i) (DLMF 10.49.12)."""
        j = abs(Fraction(order)) - Fraction(1, 2)
        if j.denominator != 1:
            raise NotSortable("a Bessel function of an order that is not half an odd number")
        top, total = int(j), term(Fraction(0))
        for i in range(top + 1):
            weight = Fraction(factorial(top + i), factorial(i) * factorial(top - i) * 2**i)
            total = total + weight * OPS.power(z, Fraction(-i))
        return OPS.sqrt(pi / 2 / lift(z)) * OPS.exp(-lift(z)) * total

    @staticmethod
    def log_zk(order: Any, z2: Any) -> Logarithm:
        """log(z^v K_v(z))."""
        z = OPS.sqrt(z2)
        return Logarithm(OPS.power(z, Fraction(order)) * OPS.besselk(order, z))

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name) if name.startswith("__") else NotSortable(name)


class Inside(Ops):
    """The same inside a kernel of compact support, where its cut-offs do nothing."""

    @staticmethod
    def positive_part(x: Any) -> Any:
        return x

    @staticmethod
    def step(x: Any) -> ExponentialPolynomial:
        return term(ONE)


OPS = Ops()


def _real_power(value: Real, exponent: Fraction) -> Real:
    if not value:
        raise NotSortable("a power of zero")
    if isinstance(value, Fraction):
        if exponent.denominator == 1:
            return value**exponent.numerator
        root = square_root(value) if exponent.denominator == 2 else None
        if root is not None:
            return root**exponent.numerator
    return float(value) ** float(exponent)


def expanded(family: Family, n: int) -> tuple[dict[tuple[float, int], float], bool]:
    """Returns phi at unit scale as {(a, m): coefficient of r^m exp(-a r)}, and whether it ends at r = 1.

    Raises NotSortable where phi is no such function: where a rate is negative, a power of r negative or broken.
    """
    inside = isinstance(family, (TopHat, Wendland))
    ops = Inside() if inside else OPS
    try:
        phi = lift(family.profile(ops, OPS.power(R, Fraction(2)), Fraction(n)))
    except (InputError, OverflowError, ZeroDivisionError) as error:
        raise NotSortable(str(error)) from error
    if any(a < 0 or m < 0 or m.denominator != 1 for a, m in phi.terms):
        raise NotSortable("it grows exponentially, or is no polynomial in r")
    return {(float(a), int(m)): float(value) for (a, m), value in phi.terms.items()}, inside
