"""Complex float64 arrays that carry a bound of their rounding error: trees are evaluated on contours in them.

Every number is a pair (value, error): |value - true value| <= error to first order, elementwise. So a cancellation inside
an expression, such as that of 1 - tanh(r) at large r, is known where it happens and not guessed afterwards.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

EPS = float(np.finfo(np.float64).eps)
# SciPy's Bessel and error functions are good to a few dozen units of the last place.
_SPECIAL = 40 * EPS


class Rounded:
    """A complex array with an elementwise bound of its error."""

    __slots__ = ("error", "value")

    def __init__(self, value: NDArray[np.complex128], error: NDArray[np.float64]) -> None:
        self.value, self.error = value, error

    def __add__(self, other: Rounded) -> Rounded:
        value = self.value + other.value
        return Rounded(value, self.error + other.error + EPS * np.abs(value))

    def __neg__(self) -> Rounded:
        return Rounded(-self.value, self.error)

    def __sub__(self, other: Rounded) -> Rounded:
        return self + -other

    def __mul__(self, other: Rounded) -> Rounded:
        value = self.value * other.value
        ours, theirs = np.abs(self.value), np.abs(other.value)
        return Rounded(value, ours * other.error + theirs * self.error + self.error * other.error + 3 * EPS * np.abs(value))


def point(z: Any) -> Rounded:
    """Returns points of the plane, taken as exact."""
    value = np.asarray(z, dtype=np.complex128)
    return Rounded(value, np.zeros(value.shape))


def _function(value: Any, slope: Any, argument: Rounded, own: Any = _SPECIAL) -> Rounded:
    """A function's value with |slope| * error of the argument and its own relative error."""
    return Rounded(value, np.abs(slope) * argument.error + own * np.abs(value))


class Ops:
    """The functions that expressions are made of; principal branches. Nothing warns: use inside `floating.quiet`."""

    pi = Rounded(np.asarray(np.pi, dtype=np.complex128), np.asarray(EPS * 2))

    @staticmethod
    def number(value: Fraction) -> Rounded:
        near = float(value)
        return Rounded(np.asarray(near, dtype=np.complex128), np.asarray(0.0 if near == value else EPS * abs(near)))

    @staticmethod
    def power(base: Rounded, exponent: Fraction) -> Rounded:
        q = float(exponent)
        if exponent.denominator == 1 and abs(exponent) <= 64:
            value = base.value ** int(exponent)
            own: Any = (abs(q) + 2) * EPS
        else:
            logarithm = np.log(base.value)
            value, own = np.exp(q * logarithm), (4 + np.abs(q * logarithm)) * EPS
            value, own = np.where(base.value == 0, 0.0 if q > 0 else np.inf, value), np.where(base.value == 0, EPS, own)
        relative = np.where(base.error == 0, 0.0, abs(q) * base.error / np.abs(base.value))
        return Rounded(value, np.abs(value) * (relative * (1 + relative) + own))

    @staticmethod
    def sqrt(x: Rounded) -> Rounded:
        return Ops.power(x, Fraction(1, 2))

    @staticmethod
    def exp(x: Rounded) -> Rounded:
        value = np.exp(x.value)
        return Rounded(value, np.abs(value) * (np.expm1(np.minimum(x.error, 700.0)) + 3 * EPS))

    @staticmethod
    def log(x: Rounded) -> Rounded:
        value = np.log(x.value)
        relative = x.error / np.abs(x.value)
        return Rounded(value, relative * (1 + relative) + 3 * EPS * (1 + np.abs(value)))

    @staticmethod
    def sin(x: Rounded) -> Rounded:
        return _function(np.sin(x.value), np.cosh(x.value.imag), x, 4 * EPS)

    @staticmethod
    def cos(x: Rounded) -> Rounded:
        return _function(np.cos(x.value), np.cosh(x.value.imag), x, 4 * EPS)

    @staticmethod
    def tanh(x: Rounded) -> Rounded:
        value = np.tanh(x.value)
        return _function(value, _sech(x.value)[0] ** 2, x, 8 * EPS * (1 + np.abs(value)))

    @staticmethod
    def sech(x: Rounded) -> Rounded:
        value, own = _sech(x.value)
        return _function(value, value * np.tanh(x.value), x, own)

    @staticmethod
    def erf(x: Rounded) -> Rounded:
        return _function(special.erf(x.value), 2 / np.sqrt(np.pi) * np.exp(-(x.value**2)), x, 1e-13)

    @staticmethod
    def besselk(order: Fraction, x: Rounded) -> Rounded:
        v, decay = float(order), np.exp(-x.value)
        value = special.kve(v, x.value) * decay
        slope = (np.abs(special.kve(v - 1, x.value)) + np.abs(special.kve(v + 1, x.value))) / 2 * np.abs(decay)
        return _function(value, np.where(x.error == 0, 0.0, slope), x, _SPECIAL + EPS * np.abs(x.value))

    @staticmethod
    def besselj(order: Fraction, x: Rounded) -> Rounded:
        v = float(order)
        value = special.jv(v, x.value)
        slope = (np.abs(special.jv(v - 1, x.value)) + np.abs(special.jv(v + 1, x.value))) / 2
        envelope = np.exp(np.abs(x.value.imag)) / np.sqrt(1 + np.abs(x.value))  # near a zero the error is not relative
        own = (_SPECIAL + EPS * np.abs(x.value)) * (np.abs(value) + np.minimum(slope, envelope))
        return Rounded(value, slope * x.error + own)


def _sech(z: Any) -> tuple[Any, Any]:
    """Returns (sech z, relative error), with decaying exponentials only."""
    right = np.where(z.real < 0, -z, z)
    below = 1 + np.exp(-2 * right)
    return 2 * np.exp(-right) / below, EPS * (4 + (2 + 2 * np.abs(z)) / np.abs(below))


OPS = Ops()
