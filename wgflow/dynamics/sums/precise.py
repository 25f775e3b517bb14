"""A family's value and slope in balls of many digits: what compiled kernels are tabulated from and judged by near r = 0."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

from flint import acb, arb

from wgflow.arithmetic import ball, ball_ops, complex_ball
from wgflow.arithmetic.dual import Dual, Duals
from wgflow.kernels.expression import Expression
from wgflow.kernels.family import Family
from wgflow.kernels.kernel import Kernel

PRECISIONS = (100, 250, 1000, 4000)
BITS = 1400  # near r = 2^-400 the parts of a slope may cancel r^2 of themselves
GROWTH = 1.01  # from r = 2^-200 to 2^-400 log r doubles, r^p multiplies by 2^(200 p), and what has a limit stays


def value_and_slope(family: Family, q: arb, dim: int) -> tuple[arb, arb]:
    """Returns (phi, d phi/d(r^2)) at r^2 = q in the working precision; balls that are not finite where they are not analytic."""
    if isinstance(family, Expression):
        found = _dual(family.profile(Duals(complex_ball.OPS), Dual(acb(q), acb(1)), Fraction(dim)))
        return found.value.real, arb(0) if found.slope is None else found.slope.real
    found = _dual(family.profile(Duals(ball_ops.OPS), Dual(q, arb(1)), Fraction(dim)))
    return found.value, arb(0) if found.slope is None else found.slope


def accurate(family: Family, q: arb, dim: int) -> tuple[arb, arb]:
    """Returns (phi, d phi/d(r^2)) at q to at least 60 bits where 4,000 bits of working precision give them.

    Little precision comes first: Bessel functions K far out are found by a series that stops at a fixed accuracy.
    """
    for bits in PRECISIONS:
        with ball.precision(bits):
            found = value_and_slope(family, q, dim)
        if all(x.rel_accuracy_bits() >= 60 or x == 0 for x in found):
            break
    return found


def _dual(found: Any) -> Dual:
    return found if isinstance(found, Dual) else Dual(found)


@lru_cache
def _near_zero(family: Family, dim: int) -> tuple[bool, bool, bool]:
    """Returns whether phi, d phi/d(r^2) and d phi/dr are bounded as r -> 0; what is not shown to be bounded counts as not."""
    with ball.precision(BITS):
        near, nearer = (value_and_slope(family, arb(2) ** (-2 * k), dim) for k in (200, 400))
        pairs = [(near[0], nearer[0]), (near[1], nearer[1]), (near[1], nearer[1] / arb(2) ** 200)]
        return tuple(bool(abs(b) < GROWTH * abs(a)) or bool(abs(b) < arb(2) ** -20) for a, b in pairs)  # type: ignore[return-value]


def _has_jump(family: Family) -> bool:
    from wgflow.kernels.compact import TopHat

    return isinstance(family, TopHat)


def is_finite_at_zero(kernel: Kernel, dim: int) -> bool:
    """Tells whether e(0) is finite, term by term.

    >>> from wgflow.kernels.text import parse
    >>> [is_finite_at_zero(parse(name), 2) for name in ("rbf", "energy", "riesz", "log", "matern(1/2)")]
    [True, True, False, False, True]
    """
    return all(_has_jump(term.family) or _near_zero(term.family, dim)[0] for term in kernel.terms)


def has_bounded_slope(kernel: Kernel, dim: int) -> bool:
    """Tells whether de/d(r^2) is bounded as r -> 0, term by term: rbf, not energy."""
    return all(_has_jump(term.family) or _near_zero(term.family, dim)[1] for term in kernel.terms)


def is_singular(kernel: Kernel, dim: int) -> bool:
    """Tells whether |grad e| is unbounded as r -> 0, term by term.

    >>> from wgflow.kernels.text import parse
    >>> [is_singular(parse(name), 2) for name in ("rbf", "energy", "energy(1/2)", "coulomb", "yukawa", "matern(1/4)")]
    [False, False, True, True, True, True]
    """
    return not all(_has_jump(term.family) or _near_zero(term.family, dim)[2] for term in kernel.terms)
