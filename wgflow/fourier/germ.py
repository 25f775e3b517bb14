"""An expression near r = 0: e(r) = sum of c r^beta (log r)^j + rest, which decides how its transform falls off.

With v = r^g, g the common measure of the exponents of r, an expression without logarithms is r^p f(v) with f analytic at
v = 0. Coefficients come from power series in balls, the rest from Cauchy's bound on a disc |v| <= tau.
"""

from __future__ import annotations

from fractions import Fraction
from math import factorial, gcd, lcm, prod

from flint import acb, arb, arb_series, ctx, fmpq, fmpq_series

from wgflow.arithmetic import ball
from wgflow.arithmetic.complex_ball import OPS
from wgflow.fourier.local import Undecidable
from wgflow.fourier.panels import BOX_BITS, Factors, exponents
from wgflow.kernels.expression import Apply, Number, Pi, Power, Product, Raised, Sum, Tree, evaluate, substituted
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Any

SERIES_BITS = 200
EVEN_FUNCTIONS = {"cos", "sech"}
ODD_FUNCTIONS = {"sin", "tanh", "erf"}


def parity(tree: Tree, step: Fraction) -> int | None:
    """Returns 1 or -1 where a tree is even or odd in v = r^step, else None."""
    match tree:
        case Number() | Pi():
            return 1
        case Power(exponent):
            count = exponent / step
            return (1 if count % 2 == 0 else -1) if count.denominator == 1 else None
        case Sum(items):
            found = {parity(item, step) for item in items}
            return found.pop() if len(found) == 1 else None
        case Product(items):
            signs = [sign for sign in (parity(item, step) for item in items) if sign is not None]
            return prod(signs) if len(signs) == len(items) else None
        case Raised(base, exponent):
            own = parity(base, step)
            if own == 1 or own is None:
                return own
            return (1 if exponent % 2 == 0 else -1) if exponent.denominator == 1 else None
        case Apply(name, argument, order):
            return _function_parity(name, parity(argument, step), order)


def _function_parity(name: str, inner: int | None, order: Fraction | None) -> int | None:
    if inner == 1:
        return 1
    if inner == -1 and name in EVEN_FUNCTIONS:
        return 1
    if inner == -1 and name in ODD_FUNCTIONS:
        return -1
    if inner == -1 and name == "besselj" and order is not None and order.denominator == 1:
        return 1 if order % 2 == 0 else -1
    return None


@record
class Germ:
    """r^power * log(r)^logs * (sum over m of coefficients[m] v^m + rest), v = r^step.

    |rest| <= bound |v|^len(coefficients) for |v| <= radius, v complex.
    """

    power: Fraction
    logs: int
    step: Fraction
    coefficients: tuple[arb, ...]
    bound: arb
    radius: arb


def common_step(tree: Tree) -> Fraction:
    """Returns the largest g of which every exponent of r is a multiple."""
    found = [e for e in exponents(tree) if e]
    if not found:
        return Fraction(1)
    bottom = lcm(*(e.denominator for e in found))
    return Fraction(gcd(*(int(e * bottom) for e in found)), bottom)


def is_smooth(tree: Tree) -> bool:
    """Tells whether r^power * rest is a smooth even function of r, so that its transform falls faster than any power."""
    factors = Factors.of(tree)
    if factors.logs or parity(tree, Fraction(1)) != 1:
        return False
    return factors.power >= 0 or (factors.power == -1 and parity(factors.rest, Fraction(1)) == -1)


def germ(tree: Tree, terms: int) -> Germ:
    """Returns the expansion with ``terms`` coefficients; raises Undecidable where there is none of this form."""
    factors = Factors.of(tree)
    step = common_step(factors.rest)
    inner = substituted(factors.rest, Power(1 / step))
    radius, size = _disc(inner, terms)
    coefficients = _coefficients(inner, terms)
    even = parity(factors.rest, step)
    if even is not None:
        coefficients = [c if (m % 2 == 0) == (even == 1) else arb(0) for m, c in enumerate(coefficients)]
    if not all(c.is_finite() for c in coefficients):
        raise Undecidable("the expression has no power series at r = 0")
    # |c_m| <= size/radius^m, so on half the disc the rest is at most twice its first term's bound.
    with ball.precision(BOX_BITS):
        bound = 2 * size / radius**terms
    return Germ(factors.power, factors.logs, step, tuple(coefficients), bound.abs_upper(), (radius / 2).mid())


def _coefficients(inner: Tree, terms: int) -> list[arb]:
    """Returns the first coefficients of f: exact points where rational series give dyadic ones, balls elsewhere."""
    with ball.precision(SERIES_BITS):
        before, ctx.cap = ctx.cap, terms
        try:
            series: Any = _evaluated(inner)
        finally:
            ctx.cap = before
        return [arb(series[m]) for m in range(terms)]


def _evaluated(inner: Tree) -> Any:
    try:
        return evaluate(inner, Series(fmpq_series), fmpq_series([0, 1]))
    except (ValueError, ZeroDivisionError, AttributeError, TypeError):  # a value such as exp(1) or erf'(0) is irrational
        pass
    try:
        return evaluate(inner, Series(arb_series), arb_series([0, 1]))
    except (ValueError, ZeroDivisionError) as problem:
        raise Undecidable(f"the expression has no power series at r = 0 ({problem})") from None


def _disc(inner: Tree, terms: int) -> tuple[arb, arb]:
    """Returns (tau, bound of |f| on |v| <= tau), f proved to be analytic there: the power of two with the least rest."""
    with ball.precision(BOX_BITS):
        best: tuple[arb, arb, arb] | None = None
        for j in range(5, -12, -1):
            radius = ball.dyadic(1, j)
            size = _size_on_disc(inner, radius)
            if size is None:
                continue
            rest = size / radius**terms
            if best is not None and rest > best[2]:
                break
            best = (radius, size, rest)
        if best is None:
            raise Undecidable("the expression is not proved to be analytic near r = 0")
        return best[:2]


def _size_on_disc(inner: Tree, radius: arb) -> arb | None:
    """Bounds |f| on a disc, by squares over its upper half (f is real on the real axis)."""
    most = arb(0)
    cells = 6
    for i in range(-cells, cells):
        for j in range(cells):
            low = arb(min(abs(i), abs(i + 1)) ** 2 + j * j).sqrt() / cells
            if low > 1:
                continue
            square = acb(
                (radius * i / cells).union(radius * (i + 1) / cells), (radius * j / cells).union(radius * (j + 1) / cells)
            )
            size = abs(evaluate(inner, OPS, square))
            if not size.is_finite():
                return None
            most = most.max(size.abs_upper())
    return most


class Series:
    """Power series in exact rationals (fmpq_series, which refuses irrational coefficients) or in balls (arb_series)."""

    def __init__(self, kind: Any) -> None:
        self.kind = kind

    @property
    def pi(self) -> Any:
        return self.kind([arb.pi()])

    def number(self, value: Fraction) -> Any:
        exact = fmpq(value.numerator, value.denominator)
        return self.kind([exact if self.kind is fmpq_series else arb(exact)])

    def power(self, base: Any, exponent: Fraction) -> Any:
        if exponent.denominator == 1:
            whole = int(exponent)
            return base**whole if whole >= 0 else self.kind([1]) / base**-whole
        if not base[0] > 0:
            raise Undecidable("a root at r = 0 of something that is not positive there")
        return (base.log() * self.number(exponent)).exp()

    def exp(self, x: Any) -> Any:
        return x.exp()

    def log(self, x: Any) -> Any:
        if not x[0] > 0:
            raise Undecidable("a logarithm at r = 0 of something that is not positive there")
        return x.log()

    def sqrt(self, x: Any) -> Any:
        return self.power(x, Fraction(1, 2))

    def sin(self, x: Any) -> Any:
        return x.sin()

    def cos(self, x: Any) -> Any:
        return x.cos()

    def tanh(self, x: Any) -> Any:
        small = (-2 * x).exp()
        return (1 - small) / (1 + small)

    def sech(self, x: Any) -> Any:
        return 2 * (-x).exp() / (1 + (-2 * x).exp())

    def erf(self, x: Any) -> Any:
        return x.erf()

    def besselk(self, order: Fraction, x: Any) -> Any:
        raise Undecidable("besselk has no power series at r = 0")

    def besselj(self, order: Fraction, x: Any) -> Any:
        """(x/2)^v/Gamma(v+1) 0F1(; v+1; -x^2/4), v a whole number, by Horner's rule on x with x(0) = 0."""
        if order.denominator != 1 or order < 0 or not x[0] == 0:
            raise Undecidable("besselj has no power series at r = 0")
        v, y = int(order), x * x * self.number(Fraction(-1, 4))
        total = self.kind([0])
        for m in range(ctx.cap, 0, -1):
            total = (1 + total) * y * self.number(Fraction(1, m * (v + m)))
        return x**v * (1 + total) * self.number(Fraction(1, 2**v * factorial(v)))
