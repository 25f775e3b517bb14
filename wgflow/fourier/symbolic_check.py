"""Whether a derived transform is to be believed: its value against the kernel's own transform, at random wavenumbers.

The other side is a rigorous enclosure by ball quadrature of e(r). Where that is out of reach it is the closed form of a kernel
of the catalogue, or the numerical transform of an expression within its error estimate; the answer says which.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from math import isfinite
from random import Random
from typing import Any

from flint import arb

from wgflow.arithmetic import ball
from wgflow.arithmetic.ball import number
from wgflow.arithmetic.number import InputError
from wgflow.fourier.asymptotics import Undecidable
from wgflow.fourier.hankel import hankel
from wgflow.fourier.radial import enclosed
from wgflow.fourier.spectral_sum import transform
from wgflow.fourier.symbolic_value import Unevaluated, value
from wgflow.kernels.kernel import Kernel
from wgflow.record import record

POINTS = 8
LEAST_POINTS = 4
MOST_TRIES = 30
# A point counts where both sides are known to this relative accuracy.
TOLERANCE = 1e-6
WORK_BITS = 160
ROUNDED_K = 1e-12  # k is rounded to a double for it, which moves F by far less than the tolerance
DIMENSIONS = (1, 2, 3, 4, 5)
CLOSED = "the closed form"
ENCLOSED = "enclosures by quadrature"
NUMERIC = "the numerical transform within its error estimates"
WEAKEST = (NUMERIC, ENCLOSED, CLOSED)


@record
class Checked:
    """How many points agree, and with what."""

    points: int
    against: str


class Wrong(ValueError):
    """A derived form that differs from the transform, or that could not be compared with it."""


def check(expression: Any, kernel: Kernel, n: int | str, points: int = POINTS) -> Checked:
    """Returns how an expression in k (and the symbol n, for n = "n") was compared with F(e); raises Wrong where it fails."""
    agreed, used, seen = 0, set[str](), list[str]()
    for dim, k in _places(kernel, n):
        try:
            left = value(expression, k, dim)
            right, against = enclosure(kernel, dim, k)
        except (Undecidable, Unevaluated, InputError, ZeroDivisionError) as problem:
            seen.append(str(problem))
            continue
        if not left.is_finite() or not right.is_finite():
            seen.append("a value is not finite")
            continue
        if not left.overlaps(right):
            sides = f"{left.str(8, radius=False)} where the transform is {right.str(8, radius=False)}"
            raise Wrong(f"at k = {k}, dim = {dim} it gives {sides}")
        if _is_sharp(left) and (_is_sharp(right) if expression != 0 else right.rad() < TOLERANCE):
            agreed += 1
            used.add(against)
        if agreed >= points:
            break
    if agreed < LEAST_POINTS:
        why = f": {seen[-1]}" if seen else ""
        raise Wrong(f"only {agreed} points could be compared{why}")
    return Checked(agreed, next(kind for kind in WEAKEST if kind in used))


def _is_sharp(side: arb) -> bool:
    return bool(side.is_finite() and side.rad() < TOLERANCE * abs(side.mid())) or side == 0


def _places(kernel: Kernel, n: int | str) -> Iterator[tuple[int, Fraction]]:
    """Yields (dimension, wavenumber): decades around 1 in turn, the random part seeded by the claim."""
    rng = Random(f"{kernel.text}|{n}")
    one_function = all(term.family.is_one_function() for term in kernel.terms)
    dimensions = DIMENSIONS if one_function else DIMENSIONS[2:]  # elastic and coulomb are others for n = 1, n = 2
    for i in range(MOST_TRIES):
        decade = (0, 0, 0, -1, 0, 1, 0, -2, 2, -3)[i % 10]
        k = Fraction(rng.randint(200, 3000), 1000) * Fraction(10) ** decade
        yield (dimensions[i % len(dimensions)] if isinstance(n, str) else n), k


def enclosure(kernel: Kernel, n: int, k: Fraction) -> tuple[arb, str]:
    """Returns (a ball around F(e)(k), where it comes from); raises Undecidable or InputError.

    Quadrature comes first: it shares nothing with the closed forms, which the formula may be made of.
    """
    kernel.check_dimension(n)
    with ball.precision(WORK_BITS):
        found = _by_quadrature(kernel, n, number(k))
        if found is not None and _is_sharp(found):
            return found, ENCLOSED
        if any(term.family.is_written() for term in kernel.terms):
            return _numerical(kernel, n, k), NUMERIC
        return transform(kernel, n).value(number(k)), CLOSED


def _by_quadrature(kernel: Kernel, n: int, k: arb) -> arb | None:
    try:
        return enclosed(kernel, n, k)
    except (Undecidable, TypeError):  # TypeError: a named kernel whose profile is not written out as a tree
        return None


def _numerical(kernel: Kernel, n: int, k: Fraction) -> arb:
    """Returns the numerical transform and its estimated error as a ball; raises Undecidable."""
    if not _has_numbers(kernel, n):
        raise Undecidable("neither an enclosure nor a numerical transform is known")
    value, error = (float(x) for x in hankel(kernel, float(k), n))
    return arb(value) + arb(0, error + ROUNDED_K * abs(value))


@lru_cache(maxsize=16)
def _has_numbers(kernel: Kernel, n: int) -> bool:
    """Tells whether the numerical transform has a finite error near k = 1; where it has none it takes long to find out."""
    return bool(isfinite(hankel(kernel, 1.0, n)[1]))
