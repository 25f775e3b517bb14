"""The formulas' arithmetic in SymPy expressions (see wgflow.arithmetic for what each operation means)."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy


def number(value: Any) -> Any:
    """Returns an exact SymPy number; expressions pass through."""
    return sympy.Rational(value.numerator, value.denominator) if isinstance(value, (Fraction, int)) else value


class Ops:
    """SymPy expressions of positive symbols."""

    pi = sympy.pi
    exp = staticmethod(sympy.exp)
    log = staticmethod(sympy.log)
    sqrt = staticmethod(sympy.sqrt)
    sin = staticmethod(sympy.sin)
    cos = staticmethod(sympy.cos)
    tanh = staticmethod(sympy.tanh)
    sech = staticmethod(sympy.sech)
    erf = staticmethod(sympy.erf)
    number = staticmethod(number)

    @staticmethod
    def log1p(x: Any) -> Any:
        return sympy.log(1 + x)

    @staticmethod
    def power(base: Any, exponent: Any) -> Any:
        return base ** number(exponent)

    @staticmethod
    def gamma(argument: Any) -> Any:
        return sympy.gamma(number(argument))

    @staticmethod
    def log_zk(order: Any, z2: Any) -> Any:
        v = number(order)
        return sympy.log(sympy.sqrt(z2) ** v * sympy.besselk(v, sympy.sqrt(z2)))

    @staticmethod
    def besselk(order: Any, x: Any) -> Any:
        return sympy.besselk(number(order), x)

    @staticmethod
    def besselj(order: Any, x: Any) -> Any:
        return sympy.besselj(number(order), x)

    @staticmethod
    def hyp0f1(b: Any, x: Any) -> Any:
        return sympy.hyper((), (number(b),), x)

    @staticmethod
    def hyp1f2(a: Any, m: Any, x: Any) -> Any:
        low = number(a) + sympy.Rational(m, 2)
        return sympy.hyper((number(a),), (low, low + sympy.Rational(1, 2)), x)

    @staticmethod
    def positive_part(x: Any) -> Any:
        return sympy.Max(x, 0)

    @staticmethod
    def step(x: Any) -> Any:
        return sympy.Heaviside(x, 0)


OPS = Ops()
