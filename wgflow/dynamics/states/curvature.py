"""Second derivatives of a kernel from its formula: -grad grad^T e(z), and -Laplacian e(0).

With e = f(r^2): grad e = 2 f' z and grad grad^T e = 2 f' I + 4 f'' z z^T. f' and f'' come from the family's one formula,
evaluated in dual numbers over dual numbers.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb

from wgflow.arithmetic import ball, floating
from wgflow.arithmetic.dual import Dual, Duals
from wgflow.dynamics.states.state_text import Floats
from wgflow.dynamics.sums.precise import BITS, has_bounded_slope, value_and_slope
from wgflow.kernels.compact import TopHat, Wendland
from wgflow.kernels.expression import evaluate
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.term import Term
from wgflow.kernels.written import written_out

_NEAR_ZERO = 400  # f'(0) is read at r^2 = 2^-400


def radial_slopes(kernel: Kernel, r2: Floats, dim: int) -> tuple[Floats, Floats]:
    """Returns (f', f'') of e = f(r^2) at r^2 > 0; shapes as r2."""
    first, second = np.zeros_like(r2), np.zeros_like(r2)
    for term in kernel.terms:
        one, two = _slopes(term, r2 / float(term.scale2), dim)
        first += float(term.weight / term.scale2) * one
        second += float(term.weight / term.scale2**2) * two
    return first, second


def _slopes(term: Term, q: Floats, dim: int) -> tuple[Floats, Floats]:
    ops: Any = Duals(Duals(floating.OPS))
    variable = Dual(Dual(q, 1.0), Dual(1.0))
    with np.errstate(all="ignore"):
        if isinstance(term.family, (TopHat, Wendland)):  # inside, where the formula has no cut
            tree, _ = written_out(term.family, dim)
            inside = q < 1
            found = [np.where(inside, x, 0.0) for x in _parts(evaluate(tree, ops, ops.sqrt(variable)))]
        else:
            found = [np.asarray(x) for x in _parts(term.family.profile(ops, variable, Fraction(dim)))]
    one, two = (np.where(np.isfinite(x), x, 0.0) for x in np.broadcast_arrays(*found, q)[:2])  # 0 * infinity far out is 0
    return one, two


def _parts(value: Any) -> tuple[Any, Any]:
    """(f', f'') of a dual number over dual numbers."""
    outer = value.slope if isinstance(value, Dual) else None
    if outer is None:
        return 0.0, 0.0
    inner = outer if isinstance(outer, Dual) else Dual(outer)
    return inner.value, 0.0 if inner.slope is None else inner.slope


def slope_at_zero(kernel: Kernel, dim: int) -> float | None:
    """Returns f'(0), or None where it is infinite or not known to be finite."""
    if not has_bounded_slope(kernel, dim):
        return None
    total = 0.0
    for term in kernel.terms:
        if isinstance(term.family, TopHat):
            return None
        with ball.precision(BITS):
            slope = value_and_slope(term.family, arb(2) ** -_NEAR_ZERO, dim)[1]
            total += float((ball.number(term.weight / term.scale2) * slope).mid())
    return total


def curvature_at_zero(kernel: Kernel, dim: int) -> float | None:
    """Returns -Laplacian e(0) = -2 n f'(0), None where it is infinite: n / l^2 for rbf(l).

    >>> from wgflow.kernels.text import parse
    >>> curvature_at_zero(parse("rbf(0.5)"), 2), curvature_at_zero(parse("energy"), 2)
    (8.0, None)
    """
    slope = slope_at_zero(kernel, dim)
    return None if slope is None else -2 * dim * slope


def curvature(kernel: Kernel, z: Floats, at_zero: float | None = None) -> Floats:
    """Returns -grad grad^T e(z), z (..., n) -> (..., n, n). ``at_zero``: f'(0), which z = 0 needs; raises ValueError without.

    >>> from wgflow.kernels.text import parse
    >>> curvature(parse("rbf"), np.array([[1.0]])).round(12)  # (1 - z^2) exp(-z^2 / 2)
    array([[[0.]]])
    """
    dim = z.shape[-1]
    r2 = np.sum(z * z, axis=-1)
    zero = r2 == 0
    if zero.any() and at_zero is None:
        raise ValueError("the curvature at 0 is not finite")
    one, two = radial_slopes(kernel, np.where(zero, 1.0, r2), dim)
    one, two = np.where(zero, at_zero or 0.0, one), np.where(zero, 0.0, two)
    out = -4 * two[..., None, None] * z[..., :, None] * z[..., None, :]
    for axis in range(dim):
        out[..., axis, axis] -= 2 * one
    return out


def force(kernel: Kernel, z: Floats) -> Floats:
    """Returns grad e(z), z (..., n) -> (..., n), 0 at z = 0."""
    r2 = np.sum(z * z, axis=-1)
    one, _ = radial_slopes(kernel, np.where(r2 == 0, 1.0, r2), z.shape[-1])
    return 2 * np.where(r2 == 0, 0.0, one)[..., None] * z
