"""LLVM values with operators. A value is number * uniform * varying: what depends on parameters alone is kept apart, so that it
is computed once and not for every pair of particles.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from wgflow.arithmetic import elementary
from wgflow.arithmetic.machine_code import Code
from wgflow.record import record

HALF = Fraction(1, 2)
MOST_FACTORS = 64  # of a whole power written as products


@record
class Value:
    """number * uniform * varying (None stands for 1).

    ``sign`` is +1 or -1 where the value is known to be >= 0 or <= 0. ``multiple``, where there is one, writes factor * varying
    for an invariant factor at no cost in a loop: the factor goes into the coefficients of a polynomial.
    """

    code: Code
    number: Any = Fraction(1)
    uniform: Any = None
    varying: Any = None
    sign: int = 0
    multiple: Any = None

    @property
    def is_number(self) -> bool:
        return self.uniform is None and self.varying is None

    @property
    def factor(self) -> Any:
        """number * uniform as one LLVM value."""
        code = self.code
        if self.uniform is None:
            return code.constant(float(self.number))
        return self.uniform if self.number == 1 else code.multiply(code.constant(float(self.number)), self.uniform)

    @property
    def llvm(self) -> Any:
        """The value as one LLVM value."""
        if self.varying is None:
            return self.factor
        if self.uniform is None and self.number == 1:
            return self.varying
        if self.multiple is not None:
            return self.multiple(self.factor)
        if self.uniform is None and self.number == -1:
            return self.code.negative(self.varying)
        return self.code.multiply(self.varying, self.factor)

    def new(self, value: Any, sign: int = 0, multiple: Any = None) -> Value:
        """Returns a computed value: uniform where this one is."""
        if self.varying is None:
            return Value(self.code, uniform=value, sign=sign)
        return Value(self.code, varying=value, sign=sign, multiple=multiple)

    def _read(self, other: Any) -> Value:
        return other if isinstance(other, Value) else number(self.code, other)

    def __add__(self, other: Any) -> Value:
        b = self._read(other)
        if self.is_number and b.is_number:
            return number(self.code, self.number + b.number)
        if (self.is_number and self.number == 0) or (b.is_number and b.number == 0):
            return b if self.is_number and self.number == 0 else self
        sign = self.sign if self.sign == b.sign else 0
        return (b if self.varying is None else self).new(self.code.add(self.llvm, b.llvm), sign)

    __radd__ = __add__

    def __neg__(self) -> Value:
        return Value(self.code, -self.number, self.uniform, self.varying, -self.sign, self.multiple)

    def __sub__(self, other: Any) -> Value:
        return self + -self._read(other)

    def __rsub__(self, other: Any) -> Value:
        return self._read(other) + -self

    def __mul__(self, other: Any) -> Value:
        b = self._read(other)
        if (self.is_number and self.number == 0) or (b.is_number and b.number == 0):
            return number(self.code, Fraction(0))
        uniform = _product(self.code, self.uniform, b.uniform)
        varying = _product(self.code, self.varying, b.varying)
        multiple = self.multiple if b.varying is None else b.multiple if self.varying is None else None
        return Value(self.code, self.number * b.number, uniform, varying, self.sign * b.sign, multiple)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Value:
        return self * power(self._read(other), Fraction(-1))

    def __rtruediv__(self, other: Any) -> Value:
        return self._read(other) / self


def number(code: Code, value: Any) -> Value:
    """Returns a constant; rationals stay exact until they meet an LLVM value."""
    exact = Fraction(value) if isinstance(value, int) else value
    return Value(code, exact, sign=(exact > 0) - (exact < 0))


def _product(code: Code, a: Any, b: Any) -> Any:
    if a is None or b is None:
        return b if a is None else a
    return code.multiply(a, b)


def _number_power(value: Any, exponent: Fraction) -> Any:
    if exponent.denominator == 1 and isinstance(value, Fraction) and (value or exponent > 0):
        return value**exponent.numerator
    if value == 0:
        return math.inf if exponent < 0 else Fraction(0)
    return float(value) ** float(exponent)


def _whole_power(code: Code, x: Any, count: int) -> Any:
    """Returns x^count by squaring."""
    result, square = None, x
    while count:
        if count & 1:
            result = _product(code, result, square)
        count >>= 1
        if count:
            square = code.multiply(square, square)
    return result


def power(base: Value, exponent: Fraction) -> Value:
    """Returns base^exponent for base >= 0 (or any base where the exponent is whole)."""
    p = Fraction(exponent)
    if p == 1:
        return base
    if p == 0:
        return number(base.code, Fraction(1))
    if base.is_number:
        return number(base.code, _number_power(base.number, p))
    code, sign = base.code, base.sign if p.denominator == 1 and p.numerator % 2 else 1
    if p < 0 and p.denominator == 1:
        whole = power(base, -p)
        return base.new(code.divide(code.constant(1.0), whole.llvm), sign)
    x = base.llvm
    multiple = (lambda c: elementary.reciprocal_root(code, x, c)) if p == -HALF else None
    return base.new(_root_power(code, x, p), sign, multiple)


def _root_power(code: Code, x: Any, p: Fraction) -> Any:
    """Whole and half powers as products, quarters by two roots, all others by logarithms."""
    whole, rest = divmod(p, 1)
    if rest == 0 and whole <= MOST_FACTORS:
        return _whole_power(code, x, int(whole))
    if rest == HALF and abs(whole) <= MOST_FACTORS:
        root = elementary.reciprocal_root(code, x)
        odd = int(2 * p)
        if odd < 0:
            return _whole_power(code, root, -odd)
        return _product(code, code.multiply(x, root), _whole_power(code, x, (odd - 1) // 2))
    if p in (Fraction(1, 4), Fraction(-1, 4)):
        root = elementary.reciprocal_root(code, x)
        again = elementary.reciprocal_root(code, root)
        return again if p > 0 else code.multiply(root, again)
    return elementary.power(code, x, p)
