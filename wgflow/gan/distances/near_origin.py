"""Expressions in r near r = 0, where a formula such as that of sin(r)/r loses its digits in the slope: power series instead.

The coefficients are Cauchy's integrals over a circle |r| = rho, by the trapezoidal rule, which is exact to rounding where the
expression is analytic in a larger disc (Trefethen and Weideman 2014, SIAM Review 56).
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import torch
from torch import Tensor

from wgflow.arithmetic.dual import Duals, dual
from wgflow.arithmetic.number import InputError, shown
from wgflow.gan.distances.tensor_arithmetic import OPS
from wgflow.kernels.expression import Expression, evaluate, text_of
from wgflow.record import record

LOST = 1e-11  # relative; a value or slope that jumps by more between neighbouring doubles is not computed by its formula
LOOKED_AT = (-120, 4)  # exponents of 2 of q = r^2 between which that is looked for
NODES, KEPT = 128, 32
INSIDE = 0.25  # of the circle: (1/4)^32 is below rounding
ROUNDING = 1e-14


@record
class Series:
    """phi = sum of a_k r^k for q = r^2 up to ``end``."""

    coefficients: tuple[float, ...]
    end: float

    def values(self, q: Tensor, order: int) -> list[Tensor]:
        """Returns phi, d phi/dq, d^2 phi/dq^2 up to ``order``, by d/dq r^k = k/2 r^(k-2)."""
        r = torch.sqrt(q.clamp(max=self.end))
        factors, found = list(self.coefficients), []
        for i in range(order + 1):
            found.append(_power_sum(factors, r, 2 * i))
            factors = [(k - 2 * i) / 2 * a for k, a in enumerate(factors)]
        return found


def _power_sum(factors: list[float], r: Tensor, lowered: int) -> Tensor:
    """Returns the sum of a_k r^(k - lowered)."""
    total = torch.zeros_like(r)
    for a in reversed(factors[lowered:]):
        total = total * r + a
    for k, a in enumerate(factors[:lowered]):
        if a:
            total = total + a * r ** (k - lowered)
    return total


@lru_cache(maxsize=64)
def near_origin(family: Expression) -> Series | None:
    """Returns the series that replaces an expression near r = 0, None where its formula keeps its digits there.

    Raises InputError where they are lost and the expression is not analytic at r = 0.

    >>> from wgflow.kernels.text import parse
    >>> found = near_origin(parse("sin(r)/r").terms[0].family)
    >>> found.coefficients[:4], near_origin(parse("exp(-r**4)").terms[0].family)  # 1 - r^2/6 + ...
    ((1.0, 0.0, -0.16666666666666666, 0.0), None)
    """
    if not _loses_digits(family):
        return None
    for k in range(8):
        found = _expanded(family, 2.0 ** (1 - k))
        if found is not None:
            return found
    raise InputError(
        f"{shown(text_of(family.tree))} loses its digits near r = 0 in floating point and is not analytic there; "
        "write it so that nothing cancels, or type a named kernel such as rbf(1)."
    )


def _loses_digits(family: Expression) -> bool:
    """Tells whether phi or its slope jumps between neighbouring doubles somewhere."""
    q = torch.exp2(torch.arange(*LOOKED_AT, dtype=torch.float64))[:, None]
    steps = 1 + torch.arange(8, dtype=torch.float64) * torch.finfo(torch.float64).eps
    ops = Duals(OPS)
    found = dual(family.profile(ops, ops.variable(q * steps), Fraction(1)))
    for x in (found.value, found.slope):
        if isinstance(x, Tensor):
            middle, jump = x.mean(1).abs(), x.amax(1) - x.amin(1)
            if ((jump > LOST * middle) & (jump > 1e-290)).any():
                return True
    return False


def _on_circle(family: Expression, circle: Tensor) -> Tensor:
    """Returns phi at complex r."""
    try:
        from wgflow.arithmetic import complex_floating, floating  # late: SciPy has the special functions of complex numbers
    except ImportError:
        try:
            return torch.as_tensor(evaluate(family.tree, OPS, circle)).expand(NODES)
        except (RuntimeError, TypeError, InputError):  # torch has them for real numbers alone
            return torch.full_like(circle, float("nan"))
    with floating.quiet():
        found = evaluate(family.tree, complex_floating.OPS, complex_floating.point(circle.numpy())).value
    return torch.as_tensor(found).expand(NODES)


def _expanded(family: Expression, radius: float) -> Series | None:
    """Returns the series from a circle, None where the expression is not seen to be analytic inside."""
    circle = radius * torch.exp(2j * torch.pi * torch.arange(NODES, dtype=torch.float64) / NODES)
    found = torch.fft.fft(_on_circle(family, circle)) / NODES
    largest = float(found.abs().max())
    rest = float(torch.cat([found[KEPT * 3 // 2 :], found.imag[:KEPT].to(found.dtype)]).abs().max())
    if not rest <= ROUNDING * largest:  # also where it is not a number
        return None
    kept = [float(a) if abs(a) > ROUNDING * largest else 0.0 for a in found.real[:KEPT].tolist()]
    return Series(tuple(a / radius**k for k, a in enumerate(kept)), (INSIDE * radius) ** 2)
