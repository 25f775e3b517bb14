"""Polynomials for the elementary functions of compiled code, from exact arithmetic: no list of magic coefficients.

Interpolation at Chebyshev's nodes is within a small factor of the best polynomial (Trefethen 2013, Approximation Theory and
Approximation Practice, chapter 16).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from math import cos, factorial, pi


def interpolated(function: Callable[[Fraction], Fraction], low: Fraction, high: Fraction, degree: int) -> tuple[float, ...]:
    """Returns the coefficients, lowest first, of the polynomial that meets ``function`` at the Chebyshev nodes of [low, high].

    >>> interpolated(lambda x: x * x + 1, Fraction(-1), Fraction(1), 3)
    (1.0, 0.0, 1.0, 0.0)
    """
    middle, half = (low + high) / 2, (high - low) / 2
    spots = (Fraction(cos(pi * (2 * i + 1) / (2 * degree + 2))) for i in range(degree + 1))
    nodes = [(middle + half * spot).limit_denominator(10**12) for spot in spots]
    differences = [function(x) for x in nodes]
    for level in range(1, degree + 1):  # Newton's divided differences, in place
        for i in range(degree, level - 1, -1):
            differences[i] = (differences[i] - differences[i - 1]) / (nodes[i] - nodes[i - level])
    coefficients = [Fraction(0)] * (degree + 1)
    for node, difference in zip(reversed(nodes), reversed(differences), strict=True):
        shifted = [Fraction(0), *coefficients[:-1]]
        coefficients = [s - node * c for s, c in zip(shifted, coefficients, strict=True)]
        coefficients[0] += difference
    return tuple(float(c) for c in coefficients)


@lru_cache
def log_2() -> Fraction:
    """Returns log 2 = 2 artanh(1/3) to 1e-40."""
    return 2 * sum((Fraction(1, (2 * k + 1) * 3 ** (2 * k + 1)) for k in range(42)), Fraction(0))


def _exp2(f: Fraction) -> Fraction:
    x = (f * log_2()).limit_denominator(10**40)
    return sum((x**k / factorial(k) for k in range(36)), Fraction(0))


@lru_cache
def exp2_polynomial(degree: int, steps: int = 0) -> tuple[float, ...]:
    """2^f for |f| <= 2^-steps/2."""
    half = Fraction(1, 2 << steps)
    return interpolated(_exp2, -half, half, degree)


@lru_cache
def exp2_steps(steps: int) -> tuple[float, ...]:
    """2^(i/2^steps) for i = 0, 1, ..., 2^steps - 1.

    >>> exp2_steps(1)
    (1.0, 1.4142135623730951)
    """
    return tuple(float(_exp2(Fraction(i, 1 << steps))) for i in range(1 << steps))


@lru_cache
def artanh_polynomial(degree: int) -> tuple[float, ...]:
    """(artanh(s)/s - 1)/s^2 as a function of s^2, for 0 <= s^2 <= ((sqrt 2 - 1)/(sqrt 2 + 1))^2 = 0.0294..."""

    def rest(s2: Fraction) -> Fraction:
        return sum((s2**k / (2 * k + 3) for k in range(22)), Fraction(0))

    return interpolated(rest, Fraction(0), Fraction(296, 10000), degree)


@lru_cache
def reciprocal_root_polynomial(degree: int, width: Fraction) -> tuple[float, ...]:
    """(1 - e)^(-1/2) for |e| <= width."""

    def root(e: Fraction) -> Fraction:
        total, term = Fraction(0), Fraction(1)
        for k in range(1, 30):
            total += term
            term = term * e * Fraction(2 * k - 1, 2 * k)
        return total

    return interpolated(root, -width, width, degree)
