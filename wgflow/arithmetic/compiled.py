"""The formulas' arithmetic in LLVM values: a formula evaluated here writes the instructions that compute it.

See wgflow.arithmetic for what each operation means. Sines, hyperbolic tangents, error functions and Bessel functions J come
from the C library, one number at a time; Bessel functions K are compiled where the order is half of an odd number.
"""

from __future__ import annotations

import math
from fractions import Fraction

from wgflow.arithmetic import elementary
from wgflow.arithmetic.interpolation import log_2
from wgflow.arithmetic.llvm_value import HALF, Value, number, power
from wgflow.arithmetic.machine_code import Code
from wgflow.arithmetic.number import InputError
from wgflow.record import record


@record
class _Logarithm:
    """log of a value, which formulas only exponentiate."""

    value: Value


class Ops:
    """LLVM values; instructions go to ``code``."""

    def __init__(self, code: Code) -> None:
        self.code = code

    @property
    def pi(self) -> Value:
        return number(self.code, math.pi)

    def number(self, value: Fraction) -> Value:
        return number(self.code, value)

    def gamma(self, argument: Fraction) -> Value:
        return number(self.code, math.gamma(float(argument)))

    @staticmethod
    def power(base: Value, exponent: Fraction) -> Value:
        return power(base, exponent)

    @staticmethod
    def sqrt(x: Value) -> Value:
        return power(x, HALF)

    def exp(self, x: Value | _Logarithm) -> Value:
        if isinstance(x, _Logarithm):
            return x.value
        if x.is_number:
            return number(self.code, math.exp(float(x.number)))
        in_twos = x * number(self.code, 1 / log_2())
        varying = in_twos.uniform if in_twos.varying is None else in_twos.varying
        factor = self.code.constant(float(in_twos.number)) if in_twos.varying is None else in_twos.factor
        ends = (x.sign <= 0, x.sign >= 0)
        found = elementary.exp_of_product(self.code, factor, varying, *ends)
        return x.new(found, 1, lambda c: elementary.exp_of_product(self.code, factor, varying, *ends, multiple=c))

    def log(self, x: Value) -> Value:
        if x.is_number:
            return number(self.code, math.log(float(x.number)))
        return x.new(elementary.log(self.code, x.llvm))

    def log_zk(self, order: Fraction, z2: Value) -> _Logarithm:
        """Half-integer orders are a polynomial times exp(-z) (DLMF 10.49.12); others are for tables."""
        v = Fraction(order)
        if v.denominator != 2:
            raise InputError(f"the Bessel function of order {v} is not elementary; it is tabulated.")
        z, m = self.sqrt(z2), int(abs(v) - HALF)
        total = _reversed_bessel(self, z, m)
        value = self.power(self.pi / 2, HALF) * self.exp(-z) * total
        return _Logarithm(value if v > 0 else value * self.power(z2, v))

    def besselk(self, order: Fraction, x: Value) -> Value:
        value = self.log_zk(abs(Fraction(order)), x * x).value
        return value * self.power(x, -abs(Fraction(order)))

    def besselj(self, order: Fraction, x: Value) -> Value:
        if Fraction(order).denominator != 1:
            raise InputError(f"besselj of order {order} is not compiled; type a whole order.")
        whole = self.code.library("jn", x.llvm, abs(int(order)))
        return x.new(whole if order >= 0 or order % 2 == 0 else self.code.negative(whole))

    def _library(self, name: str, x: Value) -> Value:
        return x.new(self.code.library(name, x.llvm))

    def sin(self, x: Value) -> Value:
        return self._library("sin", x)

    def cos(self, x: Value) -> Value:
        return self._library("cos", x)

    def tanh(self, x: Value) -> Value:
        return self._library("tanh", x)

    def erf(self, x: Value) -> Value:
        return self._library("erf", x)

    def sech(self, x: Value) -> Value:
        """2 E/(1 + E^2), E = exp(-|x|)."""
        size = x if x.sign > 0 else -x if x.sign < 0 else self.power(x * x, HALF)
        e = self.exp(-size)
        return 2 * e / (1 + e * e)

    def positive_part(self, x: Value) -> Value:
        zero = self.code.constant(0.0)
        value = x.llvm
        return x.new(self.code.select(">", value, zero, value, zero), 1)

    def step(self, x: Value) -> Value:
        zero = self.code.constant(0.0)
        return x.new(self.code.select(">", x.llvm, zero, self.code.constant(1.0), zero), 1)


def _reversed_bessel(ops: Ops, z: Value, m: int) -> Value:
    """Returns the sum of (m+k)!/(k! (m-k)! 2^k) z^(m-k): Horner's rule, the highest power of z first."""
    total = ops.number(Fraction(0))
    for k in range(m + 1):
        total = total * z + ops.number(Fraction(math.factorial(m + k), math.factorial(k) * math.factorial(m - k) * 2**k))
    return total
