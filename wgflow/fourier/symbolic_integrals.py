"""Transforms by SymPy's integrals: the Hankel integral through Meijer's G-functions, and mixtures of Gaussians.

SymPy multiplies G-functions and integrates the product (Prudnikov, Brychkov, Marichev 1990, Integrals and Series 3, 2.24);
conditions of convergence are dropped, so that generalized transforms come out as continuations.
"""

from __future__ import annotations

from typing import Any

import sympy
from sympy import Integer, exp, pi, sqrt

from wgflow.fourier.symbolic_tidy import tidy
from wgflow.fourier.symbolic_time import within
from wgflow.kernels.latex import K, R

T = sympy.Symbol("t", positive=True)
X = sympy.Symbol("x", positive=True)
SECONDS = 6  # for one integral


def integral(integrand: Any, variable: Any) -> Any:
    """Returns the integral over (0, infinity), or None where SymPy leaves it."""
    found = within(SECONDS, _by_g_functions, integrand, variable)
    if found is None or found.has(sympy.Integral, sympy.Piecewise, sympy.nan, sympy.zoo, sympy.oo):
        return None
    return found


def _by_g_functions(integrand: Any, variable: Any) -> Any:
    return sympy.integrate(integrand, (variable, 0, sympy.oo), meijerg=True, conds="none")


def hankel_integral(e: Any, n: Any) -> Any:
    """F(k) = (2 pi)^{n/2} k^{1-n/2} times the integral of e(r) r^{n/2} J_{n/2-1}(k r) over r > 0."""
    half = n / Integer(2)
    if n == 1:
        found = integral(2 * e * sympy.cos(K * R), R)
    elif n == 3:
        found = integral(4 * pi / K * R * e * sympy.sin(K * R), R)
    else:
        found = integral((2 * pi) ** half * K ** (1 - half) * e * R**half * sympy.besselj(half - 1, K * R), R)
    return None if found is None else tidy(found)


def mixing_density(e: Any) -> Any:
    """Returns mu(t) with e(r) = integral of exp(-r^2 t) mu(t) dt over t > 0 by an inverse Laplace transform, or None.

    exp(-a sqrt(c + r^2)) is the subordinated density a/(2 sqrt(pi)) t^{-3/2} exp(-a^2/4t - c t) (Feller 1971, XIII.3).
    """
    constant, rest = e.subs(R, sqrt(X)).as_independent(X)
    if rest.func is exp and (subordinated := _subordinated(rest.args[0])) is not None:
        return constant * subordinated
    found = within(SECONDS, _inverse_laplace, rest)
    if found is None or found.has(sympy.InverseLaplaceTransform, sympy.Integral, sympy.Piecewise, sympy.I):
        return None
    return constant * found.subs(sympy.Heaviside(T), 1)


def _inverse_laplace(g: Any) -> Any:
    return sympy.inverse_laplace_transform(g, X, T, noconds=True)


def _subordinated(exponent: Any) -> Any:
    a, root = sympy.Wild("a", exclude=[X]), sympy.Wild("c", exclude=[X])
    match = exponent.match(-a * sqrt(root + X))
    rate, c = (match.get(a, Integer(0)), match.get(root, Integer(0))) if match else (Integer(0), Integer(0))
    if not (rate.is_positive and c.is_nonnegative):
        return None
    return rate / (2 * sqrt(pi)) * T ** Integer(-2) * sqrt(T) * exp(-(rate**2) / (4 * T) - c * T)


def mixture_integral(e: Any, n: Any) -> Any:
    """F(k) = integral of (pi/t)^{n/2} exp(-k^2/4t) mu(t) dt (Schoenberg 1938, Ann. Math. 39)."""
    density = mixing_density(e)
    if density is None:
        return None
    found = _gamma_type(density, n)
    if found is None:
        found = integral((pi / T) ** (n / Integer(2)) * exp(-(K**2) / (4 * T)) * density, T)
    return None if found is None else tidy(found)


def _gamma_type(density: Any, n: Any) -> Any:
    """mu = c t^p exp(-a t - b/t): the integral of t^{q-1} exp(-a t - b/t) is 2 (b/a)^{q/2} K_q(2 sqrt(a b)) (DLMF 10.32.10)."""
    c, p, a, b = (sympy.Wild(name, exclude=[T]) for name in "cpab")
    match = sympy.expand_log(sympy.log(density), force=True).expand().match(c + p * sympy.log(T) - a * T - b / T)
    if not match or not match.get(a, Integer(0)).is_positive:
        return None
    order = sympy.simplify(match.get(p, 0) + 1 - n / Integer(2))
    b_all, front = match.get(b, 0) + K**2 / 4, exp(match.get(c, 0)) * pi ** (n / Integer(2))
    return front * 2 * (b_all / match[a]) ** (order / 2) * sympy.besselk(order, 2 * sqrt(match[a] * b_all))
