"""The value of a SymPy expression in k at an exact point, as a ball that contains it."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy
from flint import acb, arb, fmpq

from wgflow.arithmetic import ball
from wgflow.kernels.latex import K, N

BITS = 128
MOST_BITS = 1024
GOOD_BITS = 60
# A Meijer G-function whose poles are not simple has no enclosure here; SymPy's value is trusted to this relative size.
DIGITS, TRUSTED = 40, -100


class Unevaluated(ValueError):
    """A part of an expression that has no ball arithmetic here."""


_CONSTANTS: dict[Any, Callable[[], acb]] = {
    sympy.pi: lambda: acb(arb.pi()), sympy.E: lambda: acb(arb(1).exp()), sympy.I: lambda: acb(0, 1),
    sympy.EulerGamma: lambda: acb(arb.const_euler()), sympy.Catalan: lambda: acb(arb.const_catalan()),
}  # fmt: skip
_ONE: dict[Any, Callable[[acb], acb]] = {
    sympy.exp: acb.exp, sympy.log: acb.log, sympy.sin: acb.sin, sympy.cos: acb.cos, sympy.tan: acb.tan, sympy.cot: acb.cot,
    sympy.sinh: acb.sinh, sympy.cosh: acb.cosh, sympy.tanh: acb.tanh, sympy.coth: acb.coth, sympy.sech: acb.sech,
    sympy.csch: acb.csch, sympy.asin: acb.asin, sympy.acos: acb.acos, sympy.atan: acb.atan, sympy.asinh: acb.asinh,
    sympy.acosh: acb.acosh, sympy.atanh: acb.atanh, sympy.gamma: acb.gamma, sympy.loggamma: acb.lgamma,
    sympy.erf: acb.erf, sympy.erfc: acb.erfc, sympy.erfi: acb.erfi, sympy.Ei: acb.ei, sympy.Si: acb.si, sympy.Ci: acb.ci,
    sympy.Shi: acb.shi, sympy.Chi: acb.chi, sympy.fresnels: acb.fresnel_s, sympy.fresnelc: acb.fresnel_c,
    sympy.elliptic_k: acb.elliptic_k, sympy.elliptic_e: acb.elliptic_e,
    sympy.re: lambda z: acb(z.real), sympy.im: lambda z: acb(z.imag), sympy.Abs: lambda z: acb(abs(z)),
}  # fmt: skip
_TWO: dict[Any, Callable[[acb, acb], acb]] = {
    sympy.besselj: lambda v, z: z.bessel_j(v), sympy.bessely: lambda v, z: z.bessel_y(v),
    sympy.besseli: lambda v, z: z.bessel_i(v), sympy.besselk: lambda v, z: z.bessel_k(v),
    sympy.expint: lambda s, z: z.expint(s), sympy.polygamma: lambda m, z: z.polygamma(m),
    sympy.polylog: lambda s, z: z.polylog(s), sympy.atan2: lambda y, x: acb(arb.atan2(y.real, x.real)),
    sympy.lowergamma: lambda s, z: s.gamma() - z.gamma_upper(s), sympy.uppergamma: lambda s, z: z.gamma_upper(s),
}  # fmt: skip


def value(expression: Any, k: Fraction, n: int | None = None) -> arb:
    """Returns a ball that contains the real expression at the wavenumber k (and dimension n); raises Unevaluated.

    >>> k = sympy.Symbol("k", positive=True)
    >>> value(sympy.pi * sympy.sech(sympy.pi * k / 2), Fraction(1)).str(10)
    '[1.252040331 +/- 2.53e-10]'
    """
    places = {K: k, N: n}
    bits, found = BITS, arb.nan()
    while bits <= MOST_BITS:
        with ball.precision(bits):
            result = _value(expression, places)
            if not result.imag.contains(0) and result.is_finite():
                raise Unevaluated("the expression is not real")
            found = result.real
        if found.rel_accuracy_bits() >= GOOD_BITS:
            break
        bits *= 2
    return found


def _value(node: Any, places: dict[Any, Any]) -> acb:
    if node in _CONSTANTS:
        return _CONSTANTS[node]()
    if node.is_Rational:
        return acb(arb(fmpq(int(node.p), int(node.q))))
    if node.is_Symbol:
        if places.get(node) is None:
            raise Unevaluated(f"the symbol {node}")
        exact = Fraction(places[node])
        return acb(arb(fmpq(exact.numerator, exact.denominator)))
    if isinstance(node, sympy.meijerg):
        return _meijerg(node, places)
    if isinstance(node, sympy.hyper):
        top, bottom = ([_value(x, places) for x in part] for part in (node.ap, node.bq))
        return _value(node.argument, places).hypgeom(top, bottom)
    parts = [_value(part, places) for part in node.args]
    if node.is_Add or node.is_Mul:
        total = parts[0]
        for part in parts[1:]:
            total = total + part if node.is_Add else total * part
        return total
    if node.is_Pow:
        return _power(parts[0], parts[1], node.exp)
    if node.func in _ONE and len(parts) == 1:
        return _ONE[node.func](parts[0])
    if node.func in _TWO and len(parts) == 2:
        return _TWO[node.func](*parts)
    raise Unevaluated(f"the function {node.func.__name__}")


def _power(base: acb, exponent: acb, written: Any) -> acb:
    if written.is_Integer and abs(int(written)) < 10**6:
        return base ** int(written)
    return base.sqrt() if written == sympy.Rational(1, 2) else base**exponent


def _meijerg(node: Any, places: dict[Any, Any]) -> acb:
    """By SymPy's own numbers at ``DIGITS`` digits: there is no ball arithmetic for it."""
    exact = {symbol: sympy.Rational(q.numerator, q.denominator) for symbol, q in places.items() if q is not None}
    real, imaginary = node.xreplace(exact).evalf(DIGITS).as_real_imag()
    middle = acb(arb(str(real)), arb(str(imaginary)))
    size = (abs(middle) * ball.dyadic(1, TRUSTED)).abs_upper()
    return middle + acb(arb(0, size), arb(0, size))
