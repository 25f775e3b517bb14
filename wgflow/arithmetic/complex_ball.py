"""The arithmetic of expressions in complex balls, with a proof of analyticity.

Every operation returns a ball that contains the true values and is not finite unless the operation is analytic on all of
its argument: a finite value of an expression on a box proves that the expression is analytic there (Johansson 2018,
Numerical integration in arbitrary-precision ball arithmetic, ICMS).
"""

from __future__ import annotations

from fractions import Fraction

from flint import acb, arb, fmpq

from wgflow.arithmetic.ball import number

_NOWHERE = acb(arb.nan(), arb.nan())


class _Pi:
    """pi at the precision in force when it is used."""

    def __get__(self, instance: object, owner: type) -> acb:
        return acb(arb.pi())


def off_the_cut(z: acb) -> bool:
    """Tells whether a ball is proved not to touch the negative real axis or 0."""
    return bool(z.real > 0) or not z.imag.contains(0)


class Ops:
    """Principal branches."""

    pi = _Pi()

    @staticmethod
    def number(value: Fraction) -> acb:
        return acb(number(value))

    @staticmethod
    def power(base: acb, exponent: Fraction) -> acb:
        if exponent.denominator == 1:
            return base ** int(exponent)
        root = {2: acb.sqrt}.get(exponent.denominator)
        if root is not None:
            return root(base, analytic=True) ** exponent.numerator
        return (base.log(analytic=True) * acb(arb(fmpq(exponent.numerator, exponent.denominator)))).exp()

    exp = staticmethod(acb.exp)
    sin = staticmethod(acb.sin)
    cos = staticmethod(acb.cos)
    tanh = staticmethod(acb.tanh)
    sech = staticmethod(acb.sech)
    erf = staticmethod(acb.erf)

    @staticmethod
    def log(x: acb) -> acb:
        return x.log(analytic=True)

    @staticmethod
    def sqrt(x: acb) -> acb:
        return x.sqrt(analytic=True)

    @staticmethod
    def besselk(order: Fraction, x: acb) -> acb:
        return x.bessel_k(acb(number(order))) if off_the_cut(x) else _NOWHERE

    @staticmethod
    def besselj(order: Fraction, x: acb) -> acb:
        if order.denominator == 1 or off_the_cut(x):
            return x.bessel_j(acb(number(order)))
        return _NOWHERE


OPS = Ops()


def box(left: arb, right: arb, low: arb, high: arb) -> acb:
    """Returns a ball around [left, right] + i [low, high]."""
    return acb(left.union(right), low.union(high))
