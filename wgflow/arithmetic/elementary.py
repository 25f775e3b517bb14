"""Elementary functions in LLVM instructions that vectorize: no calls, no branches, no tables in memory.

Every function takes the `Code` that instructions go to, and LLVM values. Where the processor has 512-bit registers and the
values are whole registers, exp looks a power of 2 up inside a register and 1/sqrt starts from the processor's estimate.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from llvmlite import ir

from wgflow.arithmetic.interpolation import artanh_polynomial, exp2_polynomial, exp2_steps, log_2, reciprocal_root_polynomial
from wgflow.arithmetic.machine_code import DOUBLE, EXACT, Code

_ROOT_WIDTH = Fraction(7, 100)  # |1 - x y^2| of the seed from the bits
_ROOT_SERIES = (1.0, 0.5, 0.375, 0.3125)  # (1 - e)^(-1/2)


def _magic(code: Code, steps: int = 0) -> float:
    """1.5 * 2^(mantissa - steps): added to t it leaves 2^steps t, rounded to a whole number, in the low bits."""
    return float(1.5 * 2.0 ** (code.format.mantissa - steps))


def _within(code: Code, value: Any, shifted: Any, magic: float, least: bool, most: bool) -> Any:
    """Returns 0 and infinity where the power of 2 in ``shifted`` leaves the range, if it can."""
    if least:
        value = code.select("<", shifted, code.constant(magic - code.format.bias + 2), code.constant(0.0), value)
    if most:
        value = code.select(">", shifted, code.constant(magic + code.format.bias), code.constant(float("inf")), value)
    return value


def _scaled(code: Code, mantissa: Any, shifted: Any, least: bool, most: bool) -> Any:
    """Returns mantissa * 2^k, where k sits in the low bits of ``shifted`` = k + magic."""
    power = code.builder.shl(code.bits(shifted), code.integer(code.format.mantissa))
    value = code.from_bits(code.builder.add(code.bits(mantissa), power))
    return _within(code, value, shifted, _magic(code), least, most)


def exp_of_product(code: Code, factor: Any, x: Any, least: bool = True, most: bool = True, multiple: Any = None) -> Any:
    """Returns 2^(factor x), 3e-16 relative (1e-15 by register) plus the rounding of ``factor``.

    k = round(factor x), 2^f with f = factor x - k from a polynomial, k added to the exponent; 0 below 2^-1021, infinity above
    2^1023. ``least``, ``most``: whether the product can leave the range downwards, upwards; ``multiple``: an invariant factor.
    """
    if code.registers:
        return _exp_by_register(code, factor, x, least, most, multiple)
    magic = code.constant(_magic(code))
    shifted = code.fused(x, factor, magic)
    rounded = code.subtract(shifted, magic, EXACT)
    fraction = code.fused(x, factor, code.negative(rounded))
    degree = 10 if code.format is DOUBLE else 5
    value = _scaled(code, code.polynomial(exp2_polynomial(degree), fraction), shifted, least, most)
    return value if multiple is None else code.multiply(value, multiple)


def _exp_by_register(code: Code, factor: Any, x: Any, least: bool, most: bool, multiple: Any) -> Any:
    """The same with f to the nearest 1/8 (1/16): one register holds 2^(i/8), and a low degree is enough."""
    double = code.format is DOUBLE
    steps, degree = (3, 6) if double else (4, 2)
    magic = _magic(code, steps)
    shifted = code.fused(x, factor, code.constant(magic))
    rounded = code.subtract(shifted, code.constant(magic), EXACT)
    fraction = code.fused(x, factor, code.negative(rounded))
    bits, place = code.bits(shifted), code.format.mantissa - steps
    # The index of the step also ends up in the top bits of the mantissa; the table has it subtracted beforehand.
    table = [code.format.bits_of(value) - (i << place) for i, value in enumerate(exp2_steps(steps))]
    kind = ir.VectorType(code.format.whole, 1 << steps)
    name = f"llvm.x86.avx512.permvar.{'df' if double else 'sf'}.512"
    entries = code.builder.bitcast(ir.Constant(kind, table), ir.VectorType(code.format.real, 1 << steps))
    looked_up = code.by_register(name, code.format.real, entries, bits)
    power = code.from_bits(code.builder.add(code.bits(looked_up), code.builder.shl(bits, code.integer(place))))
    value = code.multiply(code.polynomial(exp2_polynomial(degree, steps), fraction, multiple), power)
    if not most:
        return _within(code, value, shifted, magic, least, False)
    infinity = code.constant(float("inf")) if multiple is None else code.multiply(multiple, code.constant(float("inf")))
    value = _within(code, value, shifted, magic, least, False)
    return code.select(">", shifted, code.constant(magic + code.format.bias), infinity, value)


def _split(code: Code, x: Any) -> tuple[Any, Any]:
    """Returns (e, m) with x = 2^e m and sqrt(1/2) <= m < sqrt(2)."""
    bits, shift = code.bits(x), code.integer(code.format.mantissa)
    whole = code.builder.ashr(code.builder.sub(bits, code.integer(code.format.bits_of(0.5**0.5))), shift)
    mantissa = code.from_bits(code.builder.sub(bits, code.builder.shl(whole, shift)))
    return code.builder.sitofp(whole, code.real), mantissa


def _log_mantissa(code: Code, m: Any) -> tuple[Any, Any]:
    """Returns (2 s, rest) with log m = 2 s + rest, s = (m - 1)/(m + 1)."""
    one = code.constant(1.0)
    s = code.divide(code.subtract(m, one, EXACT), code.add(m, one, EXACT))
    s2 = code.multiply(s, s)
    double = code.add(s, s)
    series = code.polynomial(artanh_polynomial(8 if code.format is DOUBLE else 3), s2)
    return double, code.multiply(code.multiply(double, s2), series)


def log(code: Code, x: Any) -> Any:
    """Returns log x for normal x > 0 (a finite number at 0)."""
    e, m = _split(code, x)
    double, rest = _log_mantissa(code, m)
    short = code.format.mantissa - 12  # e * high is exact
    high = float(int(log_2() * 2**short)) / 2**short
    low = float(log_2() - Fraction(high))
    return code.fused(e, code.constant(high), code.add(code.fused(e, code.constant(low), rest), double))


def power(code: Code, x: Any, exponent: Fraction) -> Any:
    """Returns x^p for normal x > 0, p any rational: 2^(p e + p log2 m), a few units of the last place at every x.

    At x = 0 it is 0 for p > 0 and a large number otherwise.
    """
    e, m = _split(code, x)
    double, rest = _log_mantissa(code, m)
    p = code.constant(float(exponent))
    of_mantissa = code.multiply(code.add(double, rest), code.constant(float(exponent / log_2())))
    magic = code.constant(_magic(code))
    shifted = code.add(code.fused(e, p, of_mantissa), magic, EXACT)
    rounded = code.subtract(shifted, magic, EXACT)
    fraction = code.add(code.fused(e, p, code.negative(rounded)), of_mantissa, EXACT)
    missing = float(exponent - Fraction(float(exponent)))
    if missing:
        fraction = code.fused(e, code.constant(missing), fraction)
    degree = 11 if code.format is DOUBLE else 6
    value = _scaled(code, code.polynomial(exp2_polynomial(degree), fraction), shifted, True, True)
    zero = code.constant(0.0)
    return code.select("<", x, code.constant(code.format.tiny), zero, value) if exponent > 0 else value


def reciprocal_root(code: Code, x: Any, multiple: Any = None) -> Any:
    """Returns 1/sqrt(x) for normal x, about 2e-16; a finite number at 0, so that x * reciprocal_root(x) is 0 there.

    The seed comes from the processor, or from integer arithmetic on the bits, which knows no range; then a step of higher
    order (Householder). ``multiple``: an invariant factor of the result.
    """
    one, double = code.constant(1.0), code.format is DOUBLE
    if code.registers:
        y = _estimate(code, x)
        series = _ROOT_SERIES if double else _ROOT_SERIES[:2]
    else:
        half = code.builder.lshr(code.bits(x), code.integer(1))
        y = code.from_bits(code.builder.sub(code.integer(code.format.root_seed), half))
        error = code.fused(code.negative(code.multiply(x, y)), y, one)
        y = code.multiply(y, code.polynomial(reciprocal_root_polynomial(2, _ROOT_WIDTH), error))
        series = _ROOT_SERIES if double else _ROOT_SERIES[:2]
    error = code.fused(code.negative(code.multiply(x, y)), y, one)
    if multiple is not None:
        return code.multiply(y, code.polynomial(series, error, multiple))
    return code.fused(y, code.multiply(error, code.polynomial(series[1:], error)), y)


def _estimate(code: Code, x: Any) -> Any:
    """1/sqrt(x) to 2^-14 from the processor, at max(x, tiny): infinity at 0 would become 0 * infinity."""
    tiny = code.constant(code.format.tiny)
    normal = code.select(">", x, tiny, x, tiny)
    width = code.lanes // code.registers
    name = f"llvm.x86.avx512.rsqrt14.{'pd' if code.format is DOUBLE else 'ps'}.512"
    nothing = ir.Constant(ir.VectorType(code.format.real, width), [0.0] * width)
    everywhere = ir.Constant(ir.IntType(width), -1)
    return code.by_register(name, code.format.real, normal, nothing, everywhere)
