"""Kernels as SymPy expressions and LaTeX, from the same formulas that are proved and plotted."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy

from wgflow.arithmetic.symbol import OPS, number
from wgflow.kernels.catalogue import CATALOGUE, Entry
from wgflow.kernels.term import Term

R = sympy.Symbol("r", positive=True)
K = sympy.Symbol("k", positive=True)
N = sympy.Symbol("n", positive=True, integer=True)


def symbols(entry: Entry) -> dict[str, Any]:
    """Returns a positive symbol for each parameter (its value where it is a choice of whole numbers)."""
    return {p.name: number(p.default) if p.choices else sympy.Symbol(p.symbol, positive=True) for p in entry.parameters}


def formulas(entry: Entry) -> tuple[Any, Any]:
    """Returns (e(r), F(e)(k) in R^n) as SymPy expressions in r, k, n and the parameters' symbols."""
    values = symbols(entry)
    lengths = {p.name for p in entry.parameters if p.is_length}
    weight, scale2, family = entry.build({name: v**2 if name in lengths else v for name, v in values.items()})
    scale2 = number(scale2)
    profile = number(weight) * family.profile(OPS, R**2 / scale2, N)
    transform = number(weight) * scale2 ** (N / 2) * family.amplitude(OPS, N) * family.shape(N).value(OPS, scale2 * K**2)
    return sympy.expand_log(sympy.powdenest(profile, force=True), force=True), _tidy(transform)


def transform(terms: tuple[Term, ...], n: Any) -> Any:
    """Returns F(e)(k) in R^n, for terms of families with closed forms, as a SymPy expression in `K` (and `N`)."""
    dimension = n if isinstance(n, sympy.Symbol) else Fraction(int(n))
    total = sympy.Integer(0)
    for term in terms:
        scale2, family = number(term.scale2), term.family
        shape = family.shape(dimension).value(OPS, scale2 * K**2)
        total += _tidy(number(term.weight) * scale2 ** number(dimension / 2) * family.amplitude(OPS, dimension) * shape)
    return total


def _tidy(expression: Any) -> Any:
    return sympy.powsimp(sympy.powdenest(sympy.expand_power_base(expression, force=True), force=True), force=True)


def profile(terms: tuple[Term, ...], n: Any) -> Any:
    """Returns e(r) in R^n, a sum of terms, as a SymPy expression in `R`; n is a whole number or the symbol `N`."""
    dimension = n if isinstance(n, sympy.Symbol) else Fraction(int(n))
    total = sympy.Integer(0)
    for term in terms:
        total += number(term.weight) * term.family.profile(OPS, R**2 / number(term.scale2), dimension)
    return total


def terms_latex(terms: tuple[Term, ...], n: int = 2) -> str:
    """Returns e(r), a sum of terms, in LaTeX."""
    return str(sympy.latex(profile(terms, n)))


def entry_latex(name: str) -> str:
    """Returns two LaTeX lines: the kernel and its Fourier transform in R^n.

    >>> print(entry_latex("rbf").splitlines()[0])
    e(r) = e^{- \\frac{r^{2}}{2 \\ell^{2}}}
    """
    profile, transform = formulas(CATALOGUE[name])
    return f"e(r) = {sympy.latex(profile)}\n\\hat e(k) = {sympy.latex(transform)}"
