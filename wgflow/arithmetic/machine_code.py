"""Where instructions of compiled formulas go: LLVM values of one floating-point format, a scalar or a vector of lanes.

Every instruction carries the flags that it may have, so that a caller's fast-math never reorders the exact steps: Numba adds
its own flags to instructions that have none.
"""

from __future__ import annotations

import struct
from typing import Any

from llvmlite import ir

from wgflow.record import record

EXACT = ("nsz",)
FUSED = ("contract", "nsz")


@record
class Format:
    """A binary floating-point format."""

    real: Any
    whole: Any
    suffix: str  # in the names of LLVM's intrinsics
    mantissa: int  # explicit bits
    bias: int
    root_seed: int  # minus half the bits of x is 1/sqrt(x) to 3.5 % (Lomont 2003)
    tiny: float  # the least normal number: what is below counts as 0

    def bits_of(self, value: float) -> int:
        """Returns the pattern of bits of a positive number."""
        code = ("<d", "<q") if self.mantissa == 52 else ("<f", "<i")
        return int(struct.unpack(code[1], struct.pack(code[0], value))[0])


DOUBLE = Format(ir.DoubleType(), ir.IntType(64), "f64", 52, 1023, 0x5FE6EB50C7B537A9, 2.2250738585072014e-308)
SINGLE = Format(ir.FloatType(), ir.IntType(32), "f32", 23, 127, 0x5F3759DF, 1.1754943508222875e-38)


class Code:
    """Where instructions go, their format and number of lanes (0: a scalar); ``features`` names what the processor has."""

    def __init__(self, builder: Any, like: Any = None, features: frozenset[str] = frozenset()) -> None:
        kind = ir.DoubleType() if like is None else like
        self.builder = builder
        self.lanes = kind.count if isinstance(kind, ir.VectorType) else 0
        self.format = SINGLE if (kind.element if self.lanes else kind) == SINGLE.real else DOUBLE
        self.real, self.whole = self._wide(self.format.real), self._wide(self.format.whole)
        register = 512 // (64 if self.format is DOUBLE else 32)
        self.registers = self.lanes // register if self.lanes % register == 0 and "avx512f" in features else 0

    def _wide(self, kind: Any) -> Any:
        return ir.VectorType(kind, self.lanes) if self.lanes else kind

    def constant(self, value: float) -> Any:
        return ir.Constant(self.real, [value] * self.lanes if self.lanes else value)

    def integer(self, value: int) -> Any:
        return ir.Constant(self.whole, [value] * self.lanes if self.lanes else value)

    def spread(self, number: Any) -> Any:
        """Returns a float64 scalar in this format, in every lane."""
        if self.format is SINGLE:
            number = self.builder.fptrunc(number, self.format.real)
        if not self.lanes:
            return number
        nothing = ir.Constant(self.real, ir.Undefined)
        first = self.builder.insert_element(nothing, number, ir.Constant(ir.IntType(32), 0))
        return self.builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(ir.IntType(32), self.lanes), None))

    def bits(self, x: Any) -> Any:
        return self.builder.bitcast(x, self.whole)

    def from_bits(self, x: Any) -> Any:
        return self.builder.bitcast(x, self.real)

    def add(self, a: Any, b: Any, flags: Any = FUSED) -> Any:
        return self.builder.fadd(a, b, flags=flags)

    def subtract(self, a: Any, b: Any, flags: Any = FUSED) -> Any:
        return self.builder.fsub(a, b, flags=flags)

    def multiply(self, a: Any, b: Any) -> Any:
        return self.builder.fmul(a, b, flags=FUSED)

    def divide(self, a: Any, b: Any) -> Any:
        return self.builder.fdiv(a, b, flags=FUSED)

    def negative(self, a: Any) -> Any:
        return self.builder.fneg(a, flags=FUSED)

    def fused(self, a: Any, b: Any, c: Any) -> Any:
        """a b + c, rounded once."""
        name = f"llvm.fma.v{self.lanes}{self.format.suffix}" if self.lanes else f"llvm.fma.{self.format.suffix}"
        return self.call(name, self.real, a, b, c)

    def call(self, name: str, result: Any, *arguments: Any) -> Any:
        """Calls a function of LLVM or of the C library by its name."""
        known = self.builder.module.globals.get(name)
        function = known or ir.Function(self.builder.module, ir.FunctionType(result, [x.type for x in arguments]), name)
        return self.builder.call(function, arguments)

    def compare(self, comparison: str, a: Any, b: Any) -> Any:
        return self.builder.fcmp_ordered(comparison, a, b, flags=EXACT)

    def select(self, comparison: str, a: Any, b: Any, then: Any, otherwise: Any) -> Any:
        return self.builder.select(self.compare(comparison, a, b), then, otherwise)

    def polynomial(self, coefficients: tuple[float, ...], x: Any, factor: Any = None) -> Any:
        """Horner's rule, lowest coefficient first; a factor that does not change in a loop multiplies the coefficients."""
        made = [self.constant(c) if factor is None else self.multiply(factor, self.constant(c)) for c in coefficients]
        total = made[-1]
        for coefficient in reversed(made[:-1]):
            total = self.fused(total, x, coefficient)
        return total

    def library(self, name: str, x: Any, order: int | None = None) -> Any:
        """Calls a function of the C library on doubles, one lane at a time; ``order`` comes before the argument."""
        double, place = ir.DoubleType(), ir.IntType(32)
        first = [] if order is None else [ir.Constant(place, order)]
        result: Any = ir.Constant(self.real, ir.Undefined)
        for i in range(self.lanes or 1):
            one = self.builder.extract_element(x, ir.Constant(place, i)) if self.lanes else x
            if self.format is SINGLE:
                one = self.builder.fpext(one, double)
            value = self.call(name, double, *first, one)
            if self.format is SINGLE:
                value = self.builder.fptrunc(value, self.format.real)
            result = self.builder.insert_element(result, value, ir.Constant(place, i)) if self.lanes else value
        return result

    def clamped(self, x: Any, least: float, most: float) -> Any:
        """Returns x moved into [least, most]."""
        low, high = self.constant(least), self.constant(most)
        above = self.select(">", x, low, x, low)
        return self.select("<", above, high, above, high)

    def finite_or_zero(self, x: Any) -> Any:
        """Returns x, and 0 for infinities and NaN."""
        name = f"llvm.fabs.v{self.lanes}{self.format.suffix}" if self.lanes else f"llvm.fabs.{self.format.suffix}"
        return self.select("<", self.call(name, self.real, x), self.constant(float("inf")), x, self.constant(0.0))

    def by_register(self, name: str, result: Any, *arguments: Any) -> Any:
        """Calls an intrinsic of the processor on every 512-bit part of the vectors; what has no lanes goes to each call."""
        width = self.lanes // self.registers
        parts = []
        for part in range(self.registers):
            lanes = ir.Constant(ir.VectorType(ir.IntType(32), width), list(range(part * width, (part + 1) * width)))
            cut = [
                self.builder.shuffle_vector(x, x, lanes)
                if getattr(x.type, "count", 0) == self.lanes and self.registers > 1
                else x
                for x in arguments
            ]
            parts.append(self.call(name, ir.VectorType(result, width), *cut))
        while len(parts) > 1:
            joined = ir.Constant(ir.VectorType(ir.IntType(32), 2 * parts[0].type.count), list(range(2 * parts[0].type.count)))
            parts = [self.builder.shuffle_vector(a, b, joined) for a, b in zip(parts[::2], parts[1::2], strict=True)]
        return parts[0]
