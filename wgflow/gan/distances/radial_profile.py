"""A kernel and its first two derivatives by r^2 on tensors of r^2, finite at r = 0 and far out."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from wgflow.arithmetic.dual import Dual, Duals, dual
from wgflow.dynamics.sums.compact_slope import wendland_slope
from wgflow.gan.distances.near_origin import near_origin
from wgflow.gan.distances.tensor_arithmetic import OPS
from wgflow.kernels.compact import TopHat, Wendland
from wgflow.kernels.expression import Expression
from wgflow.kernels.family import Family
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.term import Term
from wgflow.record import record

FIRST, SECOND = Duals(OPS), Duals(Duals(OPS))
GROWTH = 1.01  # from r^2 = 2^-400 to 2^-800 log r doubles, r^p multiplies by 2^(200 p), and what has a limit stays


@record
class Range:
    """Where the formulas of a kernel and of its derivatives up to an order stay in the doubles: low <= r^2 <= high."""

    low: float
    high: float


EVERYWHERE = Range(0.0, float("inf"))


@record
class Profile:
    """e and its derivatives by q = r^2 in R^dim. Make one with `profile_of`.

    ``is_bounded``: e(0) is finite.  ``has_slope``: so is de/dq at 0.  ``ranges``: one for each of the orders 0 and 1.
    """

    kernel: Kernel
    dim: int
    dtype: torch.dtype
    is_bounded: bool
    has_slope: bool
    ranges: tuple[Range, Range]

    def values(self, q: Tensor, order: int) -> list[Tensor]:
        """Returns e, de/dq, d^2e/dq^2 up to ``order``, each of the shape of q >= 0.

        At q = 0 that is e(0) where it is finite; whatever is unbounded there is 0, as coincident points push nowhere.
        """
        span = self.ranges[order] if order < 2 else _range(self.kernel, self.dim, self.dtype, 2)
        found = _formulas(self.kernel, self.dim, q if span == EVERYWHERE else q.clamp(span.low, span.high), order)
        zero = q <= span.low
        if not self.is_bounded:
            found[0] = found[0].masked_fill(zero, 0.0)
        if order and not self.has_slope:
            found[1] = found[1].masked_fill(zero, 0.0)
        return found if order < 2 else [*found[:2], found[2].masked_fill(zero, 0.0)]


@lru_cache(maxsize=256)
def profile_of(kernel: Kernel, dim: int, dtype: torch.dtype = torch.float64) -> Profile:
    """Returns the profile of a kernel in R^dim for tensors of a type. Raises InputError for a wrong dimension.

    >>> from wgflow.kernels.text import parse
    >>> p = profile_of(parse("energy"), 2)
    >>> p.values(torch.tensor([0.0, 4.0], dtype=torch.float64), 1)[1].tolist(), p.is_bounded, p.has_slope
    ([0.0, -0.25], True, False)
    """
    kernel.check_dimension(dim)
    value, slope = (all(_is_bounded(term.family, dim, order) for term in kernel.terms) for order in (0, 1))
    return Profile(kernel, dim, dtype, value, slope, (_range(kernel, dim, dtype, 0), _range(kernel, dim, dtype, 1)))


@lru_cache(maxsize=256)
def _is_bounded(family: Family, dim: int, order: int) -> bool:
    """Tells whether a derivative stays bounded as r -> 0 (judged as in `wgflow.dynamics.sums.precise`)."""
    if isinstance(family, TopHat):  # its slope is asked for where it is needed, and refused
        return True
    q = torch.tensor([2.0**-400, 2.0**-800], dtype=torch.float64)
    near, nearer = torch.as_tensor(_of_family(family, q, Fraction(dim), order)[order]).abs().expand(2).tolist()
    return bool(nearer < GROWTH * near or nearer < 2.0**-20)


@lru_cache(maxsize=256)
def _range(kernel: Kernel, dim: int, dtype: torch.dtype, order: int) -> Range:
    spans = [_range_of_term(term.family, term.scale2, dim, dtype, order) for term in kernel.terms]
    return Range(max([0.0, *(x.low for x in spans)]), min([float("inf"), *(x.high for x in spans)]))


@lru_cache
def _powers_of_two(dtype: torch.dtype) -> Tensor:
    """Returns 0 and every power of two that is a number of the type."""
    exponents = range(-1074, 1024) if dtype == torch.float64 else range(-149, 128)
    return torch.tensor([0.0, *(2.0**k for k in exponents)], dtype=torch.float64).to(dtype)


@lru_cache(maxsize=256)
def _range_of_term(family: Family, scale2: Fraction, dim: int, dtype: torch.dtype, order: int) -> Range:
    """Returns the powers of two between which all formulas are finite."""
    if isinstance(family, TopHat):
        return EVERYWHERE
    q = _powers_of_two(dtype)
    found = _formulas(Kernel((Term(Fraction(1), scale2, family),)), dim, q, order)
    good = torch.stack([torch.isfinite(x) for x in found]).all(0)
    middle = len(q) // 2
    low, high = torch.nonzero(~good[:middle]), torch.nonzero(~good[middle:])
    first = 0 if not len(low) else int(low[-1]) + 1
    last = len(q) if not len(high) else middle + int(high[0])
    return Range(float(q[first]), float("inf") if last == len(q) else float(q[last - 1]))


def _formulas(kernel: Kernel, dim: int, q: Tensor, order: int) -> list[Tensor]:
    """The sum over the terms of weight * (phi, phi'/scale^2, phi''/scale^4) at q/scale^2."""
    totals: list[Any] = [None] * (order + 1)
    for term in kernel.terms:
        scale2, weight = OPS.number(term.scale2), OPS.number(term.weight)
        found = _of_family(term.family, q if scale2 == 1 else q / scale2, Fraction(dim), order)
        for i, value in enumerate(found):
            part = value * (weight / scale2**i)
            totals[i] = part if totals[i] is None else totals[i] + part
    return [x if isinstance(x, Tensor) else torch.full_like(q, 0.0 if x is None else float(x)) for x in totals]


def _of_family(family: Family, q: Tensor, n: Fraction, order: int) -> list[Any]:
    """phi and its derivatives; near r = 0 by a series where an expression's formula cancels."""
    found = _by_formula(family, q, n, order)
    series = near_origin(family) if isinstance(family, Expression) else None
    if series is None:
        return found
    inside = q < series.end
    return [torch.where(inside, near, far) for near, far in zip(series.values(q, order), found, strict=True)]


def _by_formula(family: Family, q: Tensor, n: Fraction, order: int) -> list[Any]:
    """phi and its derivatives; Wendland's slopes divided exactly, as those of the formula cancel near r = 0."""
    if order == 0:
        return [family.profile(OPS, q, n)]
    if order == 1:
        if isinstance(family, Wendland):
            return [family.profile(OPS, q, n), wendland_slope(family, OPS, q)]
        found = dual(family.profile(FIRST, FIRST.variable(q), n))
        return [found.value, _or_zero(found.slope)]
    if isinstance(family, Wendland):
        slope = wendland_slope(family, FIRST, FIRST.variable(q))
        return [family.profile(OPS, q, n), slope.value, _or_zero(slope.slope)]
    twice = dual(family.profile(SECOND, Dual(Dual(q, 1.0), Dual(1.0)), n))
    value, slope = dual(twice.value), dual(_or_zero(twice.slope))
    return [value.value, slope.value, _or_zero(slope.slope)]


def _or_zero(slope: Any) -> Any:
    return 0.0 if slope is None else slope
