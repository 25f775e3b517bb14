"""The Fourier integral lobe by lobe of its Bessel function, summed with extrapolation by mpmath: slow, and no proof.

For kernels that neither die out nor continue into the complex plane, such as erf(r)/r. The extrapolated sum of an alternating
series is its Abel sum, so the generalized transform comes out (Piessens and Branders 1983, mpmath's `quadosc`).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import mpmath
from flint import arb

from wgflow.fourier.asymptotics import Undecidable
from wgflow.kernels.expression import Tree, evaluate

DIGITS = 18
AGREE = mpmath.mpf(10) ** -9


class _Mpmath:
    """Numbers of mpmath at the precision in force."""

    exp, log, sqrt, sin, cos, tanh, sech, erf = map(
        staticmethod,
        (mpmath.exp, mpmath.log, mpmath.sqrt, mpmath.sin, mpmath.cos, mpmath.tanh, mpmath.sech, mpmath.erf),
    )

    @property
    def pi(self) -> Any:
        return +mpmath.pi

    @staticmethod
    def number(q: Any) -> Any:
        return mpmath.mpf(q.numerator) / q.denominator

    def power(self, base: Any, exponent: Fraction) -> Any:
        return base ** self.number(exponent)

    def besselk(self, order: Fraction, x: Any) -> Any:
        return mpmath.besselk(self.number(order), x)

    def besselj(self, order: Fraction, x: Any) -> Any:
        return mpmath.besselj(self.number(order), x)


def lobes(tree: Tree, n: int, k: Fraction) -> arb:
    """Returns F(e)(k) in R^n with the difference of two settings as its radius; raises Undecidable where they disagree.

    >>> from wgflow.kernels.expression import Power, apply, multiply, number
    >>> lobes(apply("exp", multiply((number(-1), Power(Fraction(2))))), 2, Fraction(2)).str(6)
    '[1.15573 +/- 4.60e-6]'
    """
    with mpmath.workdps(DIGITS):
        try:
            one, two = (_sum(tree, n, _Mpmath().number(k), shift) for shift in (0, 1))
        except (ValueError, ZeroDivisionError, OverflowError, TypeError, mpmath.libmp.NoConvergence):
            raise Undecidable("the sum over the lobes of the Bessel function fails") from None
        if not abs(one - two) <= AGREE * abs(two):
            raise Undecidable("the sum over the lobes of the Bessel function depends on where it starts")
        radius = arb(mpmath.nstr(10 * abs(one - two) + abs(two) * AGREE / 1000, 5))
        return arb(mpmath.nstr(two, DIGITS)) + arb(0, radius.abs_upper())


def _sum(tree: Tree, n: int, k: Any, shift: int) -> Any:
    """Lobes counted from the one after ``shift`` zeros; before it, one integral."""
    half = mpmath.mpf(n) / 2

    def integrand(r: Any) -> Any:
        return evaluate(tree, _Mpmath(), r) * r**half * mpmath.besselj(half - 1, k * r)

    def zero(m: Any) -> Any:
        return (mpmath.pi * (m - 0.5 + shift) if n == 1 else mpmath.besseljzero(half - 1, m + shift)) / k

    return (2 * mpmath.pi) ** half * k ** (1 - half) * mpmath.quadosc(integrand, [0, mpmath.inf], zeros=zero)
