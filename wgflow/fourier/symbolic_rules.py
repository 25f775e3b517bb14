"""Rules that derive the transform of a function of r in R^n: linearity, and what differentiation does on either side.

A rule takes (e, n) with e a product of factors in `R`, n a whole number or the symbol `N`, and returns (F, names of the
rules used), or None where it does not apply. Rules do not prove their own conditions (no mass at k = 0, boundary terms,
branches): what comes out is checked by `wgflow.fourier.symbolic_check` before anyone believes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import sympy
from sympy import Integer, cos, log, pi
from sympy.simplify.fu import TR8

from wgflow.fourier.symbolic_integrals import hankel_integral, mixture_integral
from wgflow.fourier.symbolic_pairs import PAIRS, factors, rate_of
from wgflow.fourier.symbolic_tidy import shorter
from wgflow.fourier.symbolic_time import within
from wgflow.kernels.latex import K, N, R

Found = tuple[Any, tuple[str, ...]]
Rule = Callable[[Any, Any], Any]
LIMIT_SECONDS = 5
UNDEFINED = (sympy.nan, sympy.zoo, sympy.oo)
TITLES = {
    "no_modes": "no modes",
    "powers_and_logarithms": "known pair (powers and logarithms)",
    "exponentials": "known pair (exponentials) and its derivatives in the rate",
    "hyperbolic": "known pair (hyperbolic)",
    "rational": "partial fractions",
    "hankel_integral": "Hankel transform (Meijer G)",
    "mixture_integral": "scale mixture",
    "times_r_squared": "Laplacian rule",
    "inverse_laplacian": "Laplacian rule",
    "modulation": "modulation",
    "two_dimensions_up": "dimension walk",
    "continued_in_n": "Hankel transform (Meijer G) for a symbolic dimension",
}


def radial_laplacian(f: Any, x: Any, n: Any) -> Any:
    """Returns f'' + (n - 1) f'/x, the Laplacian of f(|x|) in R^n."""
    return sympy.diff(f, x, 2) + (n - 1) * sympy.diff(f, x) / x


def times_r_squared(e: Any, n: Any) -> Found | None:
    """F(r^2 g) = -(d^2/dk^2 + (n-1)/k d/dk) F(g)."""
    _, power, others = factors(e)
    if not others or not (power.is_number and power >= 2):
        return None
    return _then(derived(sympy.expand(e / R**2), n, BEFORE_INTEGRALS), lambda f: -radial_laplacian(f, K, n), "times_r_squared")


def inverse_laplacian(e: Any, n: Any) -> Found | None:
    """F(g) = -F(g'' + (n-1)/r g')/k^2, where the Laplacian of g is rid of its logarithm."""
    if not any(f.has(log) for f in factors(e)[2]):
        return None
    laplacian = sympy.together(sympy.simplify(radial_laplacian(e, R, n)))
    if laplacian.has(log):
        return None
    return _then(derived(laplacian, n, (*BEFORE_INTEGRALS, hankel_integral)), lambda f: -f / K**2, "inverse_laplacian")


def modulation(e: Any, n: Any) -> Found | None:
    """On the line F(g cos(b r))(k) = (F(g)(k - b) + F(g)(k + b))/2."""
    waves = [f for f in factors(e)[2] if f.func is cos and rate_of(f.args[0]) is not None]
    if not waves or n != 1:
        return None
    inner = derived(e / waves[0], n)
    if inner is None or sympy.simplify(_at(inner[0], -K) - inner[0]) != 0:  # F(g) must be written as an even function
        return None
    b = rate_of(waves[0].args[0])
    return (_at(inner[0], K - b) + _at(inner[0], K + b)) / 2, (*inner[1], "modulation")


def _at(f: Any, k: Any) -> Any:
    real = sympy.Symbol("x", real=True)  # K is positive, k - b need not be
    return f.subs(K, real).subs(real, k)


def two_dimensions_up(e: Any, n: Any) -> Found | None:
    """The walk F_{n+2}(k) = -(2 pi/k) F_n'(k), from the line to every odd n (Wendland 2005, theorem 9.2)."""
    if n.is_Symbol or n % 2 == 0 or n < 3:
        return None
    return _then(derived(e, n - 2), lambda f: -2 * pi / K * sympy.diff(f, K), "two_dimensions_up")


def continued_in_n(e: Any, n: Any) -> Any:
    """The integral for a symbolic dimension, then its value at n."""
    found = None if n.is_Symbol else hankel_integral(e, N)
    if found is None:
        return None
    value = found.subs(N, n)
    return within(LIMIT_SECONDS, sympy.limit, found, N, n) if value.has(*UNDEFINED) else value


def _then(inner: Found | None, step: Callable[[Any], Any], name: str) -> Found | None:
    return None if inner is None else (shorter(step(inner[0])), (*inner[1], name))


BEFORE_INTEGRALS: tuple[Rule, ...] = (*PAIRS, times_r_squared, inverse_laplacian)
RULES: tuple[Rule, ...] = (
    *BEFORE_INTEGRALS, hankel_integral, mixture_integral, modulation, two_dimensions_up, continued_in_n,
)  # fmt: skip


def derived(e: Any, n: Any, rules: Iterable[Rule] = RULES) -> Found | None:
    """Returns (F, names of the rules used) by linearity and, for each summand, the first rule that applies.

    None where a summand has none.

    >>> derived(sympy.exp(-R) * R**2, Integer(1))[0]
    4*(1 - 3*k**2)/(k**2 + 1)**3
    """
    rules, total, used = tuple(rules), Integer(0), list[str]()
    for part in sympy.Add.make_args(sympy.expand(normal_form(e))):
        found = _first(part, n, rules)
        if found is None:
            return None
        total += found[0]
        used += found[1]
    short = shorter(total)
    return (total if short.has(*UNDEFINED) else short), tuple(dict.fromkeys(used))


def normal_form(e: Any) -> Any:
    """Returns e as the pairs have it: 1/sech for cosh, 1 - sech^2 for each tanh^2, sums for products of sines and cosines."""
    e = TR8(e) if e.has(sympy.sin, cos) else e
    return e.replace(sympy.cosh, lambda x: 1 / sympy.sech(x)).replace(_is_power_of_tanh, _without_even_powers)


def _is_power_of_tanh(node: Any) -> bool:
    return node.is_Pow and node.base.func is sympy.tanh and node.exp.is_Integer and node.exp > 1


def _without_even_powers(node: Any) -> Any:
    return (1 - sympy.sech(*node.base.args) ** 2) ** (node.exp // 2) * node.base ** (node.exp % 2)


def _first(part: Any, n: Any, rules: tuple[Rule, ...]) -> Found | None:
    for rule in rules:
        found = rule(part, n)
        value, names = found if isinstance(found, tuple) else (found, (rule.__name__,))
        if value is not None and not value.has(*UNDEFINED, R, sympy.Integral):
            return value, names
    return None
