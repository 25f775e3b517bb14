"""Numbers with their derivative over any arithmetic: the slope of a formula is never typed, it is computed beside the value.

A number is f + f' h with h^2 = 0 (Clifford 1873). A formula evaluated at ``variable(x)`` in ``Duals(ops)`` gives f(x) and
f'(x) in the arithmetic ``ops``.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from wgflow.arithmetic.number import InputError
from wgflow.record import record

HALF = Fraction(1, 2)


@record
class Dual:
    """value + slope h; the slope of a constant is None, so that no multiplication by 0 is ever written."""

    value: Any
    slope: Any = None

    def __add__(self, other: Any) -> Dual:
        b = dual(other)
        return Dual(self.value + b.value, _sum(self.slope, b.slope))

    __radd__ = __add__

    def __neg__(self) -> Dual:
        return Dual(-self.value, None if self.slope is None else -self.slope)

    def __sub__(self, other: Any) -> Dual:
        return self + -dual(other)

    def __rsub__(self, other: Any) -> Dual:
        return dual(other) + -self

    def __mul__(self, other: Any) -> Dual:
        b = dual(other)
        left = None if self.slope is None else self.slope * b.value
        right = None if b.slope is None else self.value * b.slope
        return Dual(self.value * b.value, _sum(left, right))

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Dual:
        b = dual(other)
        if b.slope is None:
            return Dual(self.value / b.value, None if self.slope is None else self.slope / b.value)
        value = self.value / b.value
        return Dual(value, _sum(None if self.slope is None else self.slope / b.value, -(value * b.slope / b.value)))

    def __rtruediv__(self, other: Any) -> Dual:
        return dual(other) / self


def _sum(a: Any, b: Any) -> Any:
    if a is None:
        return b
    return a if b is None else a + b


def dual(value: Any) -> Dual:
    """Returns a dual number; anything else becomes a constant."""
    return value if isinstance(value, Dual) else Dual(value)


@record
class _Logarithm:
    """log(z^v K_v(z)), which formulas only exponentiate: kept as what it is the logarithm of."""

    value: Dual


class Duals:
    """The dual numbers over an arithmetic.

    >>> import math
    >>> from wgflow.arithmetic import floating
    >>> ops = Duals(floating.OPS)
    >>> float(ops.exp(-ops.variable(2.0) / 2).slope) == -math.exp(-1) / 2
    True
    """

    def __init__(self, ops: Any) -> None:
        self.ops = ops

    @staticmethod
    def variable(x: Any) -> Dual:
        """Returns x with the slope 1."""
        return Dual(x, 1)

    @property
    def pi(self) -> Dual:
        return Dual(self.ops.pi)

    def number(self, value: Fraction) -> Dual:
        return Dual(self.ops.number(value))

    def gamma(self, argument: Fraction) -> Dual:
        return Dual(self.ops.gamma(argument))

    def _chain(self, value: Any, slope: Any, x: Dual) -> Dual:
        """f(x) and f'(x) x'; ``slope`` is a function, as constants need none."""
        return Dual(value, None if x.slope is None else slope() * x.slope)

    def _number(self, value: Fraction) -> Any:
        return self.ops.number(value)

    def power(self, base: Any, exponent: Fraction) -> Dual:
        x, p = dual(base), Fraction(exponent)
        if p == 0:
            return self.number(Fraction(1))
        return self._chain(self.ops.power(x.value, p), lambda: self._number(p) * self.ops.power(x.value, p - 1), x)

    def sqrt(self, x: Any) -> Dual:
        return self.power(x, HALF)

    def exp(self, x: Any) -> Dual:
        if isinstance(x, _Logarithm):
            return x.value
        value = self.ops.exp(x.value)
        return self._chain(value, lambda: value, x)

    def log(self, x: Dual) -> Dual:
        return self._chain(self.ops.log(x.value), lambda: self.ops.power(x.value, Fraction(-1)), x)

    def sin(self, x: Dual) -> Dual:
        return self._chain(self.ops.sin(x.value), lambda: self.ops.cos(x.value), x)

    def cos(self, x: Dual) -> Dual:
        return self._chain(self.ops.cos(x.value), lambda: -self.ops.sin(x.value), x)

    def tanh(self, x: Dual) -> Dual:
        sech = self.ops.sech(x.value)
        return self._chain(self.ops.tanh(x.value), lambda: sech * sech, x)

    def sech(self, x: Dual) -> Dual:
        value = self.ops.sech(x.value)
        return self._chain(value, lambda: -(value * self.ops.tanh(x.value)), x)

    def erf(self, x: Dual) -> Dual:
        peak = self._number(Fraction(2)) * self.ops.power(self.ops.pi, -HALF)
        return self._chain(self.ops.erf(x.value), lambda: peak * self.ops.exp(-(x.value * x.value)), x)

    def log_zk(self, order: Fraction, z2: Dual) -> _Logarithm:
        """d/d(z^2) z^v K_v(z) = -z^{v-1} K_{v-1}(z) / 2 (DLMF 10.29.4)."""
        value = self.ops.exp(self.ops.log_zk(order, z2.value))
        lower = Fraction(order) - 1
        slope = lambda: self._number(-HALF) * self.ops.exp(self.ops.log_zk(lower, z2.value))  # noqa: E731
        return _Logarithm(self._chain(value, slope, z2))

    def besselk(self, order: Fraction, x: Dual) -> Dual:
        """K_v' = -(K_{v-1} + K_{v+1})/2 (DLMF 10.29.1)."""
        slope = lambda: self._number(-HALF) * (self.ops.besselk(order - 1, x.value) + self.ops.besselk(order + 1, x.value))  # noqa: E731
        return self._chain(self.ops.besselk(order, x.value), slope, x)

    def besselj(self, order: Fraction, x: Dual) -> Dual:
        """J_v' = (J_{v-1} - J_{v+1})/2 (DLMF 10.6.1)."""
        slope = lambda: self._number(HALF) * (self.ops.besselj(order - 1, x.value) - self.ops.besselj(order + 1, x.value))  # noqa: E731
        return self._chain(self.ops.besselj(order, x.value), slope, x)

    def positive_part(self, x: Dual) -> Dual:
        return self._chain(self.ops.positive_part(x.value), lambda: self.ops.step(x.value), x)

    def step(self, x: Dual) -> Dual:
        if x.slope is None:
            return Dual(self.ops.step(x.value))
        raise InputError("a step has no slope; type a kernel without jumps such as wendland or rbf.")
