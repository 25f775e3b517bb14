"""Forms of a derived transform that can be read and evaluated: G-functions as hypergeometric ones, no polar numbers, short."""

from __future__ import annotations

from typing import Any

import sympy
from sympy import I, Integer, Rational, pi

from wgflow.fourier.symbolic_time import within

MOST_OPERATIONS = 200
SECONDS = 3  # for one attempt at a shorter form


def tidy(expression: Any) -> Any:
    """Returns an equal expression without polar numbers, and shorter where that is quickly found.

    >>> k = sympy.Symbol("k", positive=True)
    >>> tidy(sympy.meijerg([[], []], [[0], [sympy.S.Half]], k**2 / 4))
    cos(k)/sqrt(pi)
    """
    out = expression.replace(sympy.meijerg, hypergeometric)
    if out.has(sympy.hyper):
        expanded = within(SECONDS, sympy.hyperexpand, out)
        simple = expanded is not None and not expanded.has(sympy.exp_polar, I)
        out = expanded if simple and sympy.count_ops(expanded) <= sympy.count_ops(out) else out
    if out.has(sympy.exp_polar, sympy.polar_lift):
        out = sympy.unpolarify(out.replace(sympy.Ei, _turned))
    out = out.replace(sympy.besselk, bessel_k)
    return shorter(sympy.powsimp(sympy.powdenest(sympy.expand_power_base(out, force=True), force=True), force=True))


def shorter(expression: Any) -> Any:
    """Returns the shortest of a few equal forms."""
    if sympy.count_ops(expression) > MOST_OPERATIONS:
        return expression
    forms = [expression, within(SECONDS, sympy.simplify, expression), within(SECONDS, sympy.factor, expression)]
    return min((form for form in forms if form is not None), key=sympy.count_ops)


def _turned(z: Any) -> Any:
    """Ei(x e^{i pi}) = i pi - E_1(x) for x > 0."""
    size = z / sympy.exp_polar(I * pi)
    return sympy.Ei(z) if size.has(sympy.exp_polar) else I * pi - sympy.expint(1, size)


def bessel_k(order: Any, z: Any) -> Any:
    """Returns K_order(z), in exponentials where the order is half of an odd number (DLMF 10.49.12).

    >>> bessel_k(Rational(-3, 2), sympy.Symbol("z", positive=True))
    sqrt(2)*sqrt(pi)*(1 + 1/z)*exp(-z)/(2*sqrt(z))
    """
    if not (order.is_Rational and order.q == 2):
        return sympy.besselk(abs(order) if order.is_number else order, z)
    p = int(abs(order) - Rational(1, 2))
    terms = (sympy.factorial(p + j) / (sympy.factorial(j) * sympy.factorial(p - j)) / (2 * z) ** j for j in range(p + 1))
    return sympy.sqrt(pi / (2 * z)) * sympy.exp(-z) * sympy.Add(*terms)


def hypergeometric(*args: Any) -> Any:
    """Returns a Meijer G-function as a sum of hypergeometric functions, where its poles are simple.

    Slater's theorem, DLMF 16.17.2. Arguments are those of `sympy.meijerg`. For p > q it is first turned into one of 1/z;
    equal parameters are cancelled.
    """
    g = sympy.meijerg(*args)
    an, ap, bm, bq, z = list(g.an), list(g.aother), list(g.bm), list(g.bother), g.argument
    if len(an) + len(ap) > len(bm) + len(bq):
        an, ap, bm, bq = ([1 - x for x in part] for part in (bm, bq, an, ap))
        z = 1 / z
    _cancel(an, bq)
    _cancel(bm, ap)
    if len(an) + len(ap) > len(bm) + len(bq) - 1:
        return g
    if any((x - y).is_integer is not False for i, x in enumerate(bm) for y in bm[:i]):
        return sympy.meijerg([an, ap], [bm, bq], z)
    sign = Integer(-1) ** (len(ap) - len(bm))
    total = Integer(0)
    for i, b in enumerate(bm):
        others = bm[:i] + bm[i + 1 :]
        top = [sympy.gamma(x - b) for x in others] + [sympy.gamma(1 + b - a) for a in an]
        down = [sympy.gamma(1 + b - x) for x in bq] + [sympy.gamma(a - b) for a in ap]
        series = sympy.hyper([1 + b - a for a in an + ap], [1 + b - x for x in others + bq], sign * z)
        total += sympy.Mul(*top) / sympy.Mul(*down) * z**b * series
    return total


def _cancel(left: list[Any], right: list[Any]) -> None:
    for x in list(left):
        if x in right:
            left.remove(x)
            right.remove(x)


def macdonald_form(expression: Any) -> Any:
    """Returns an equal expression with I_{-v} = I_v + (2/pi) sin(v pi) K_v put in: what is left of I_v cancels in a transform."""

    def turned(order: Any, z: Any) -> Any:
        if not order.could_extract_minus_sign():
            return sympy.besseli(order, z)
        return sympy.besseli(-order, z) + 2 / pi * sympy.sin(-order * pi) * sympy.besselk(-order, z)

    return expression.replace(sympy.besseli, turned)
