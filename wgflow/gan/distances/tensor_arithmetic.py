"""The formulas' arithmetic in torch tensors (see wgflow.arithmetic for what each operation means), on any device.

Nothing here knows derivatives: slopes come from dual numbers over this arithmetic (`wgflow.arithmetic.dual`), second ones
from dual numbers over dual numbers, so that a loss keeps no graph of its N^2 pairs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor

from wgflow.arithmetic.number import InputError

HALF, ONE = Fraction(1, 2), Fraction(1)
FARTHEST = 1e4  # beyond it z^v K_v(z) is 0 in the doubles for every order that is read; its logarithm keeps falling


def _elementwise(function: Callable[[Tensor], Tensor]) -> Any:
    """Returns a function of tensors and of numbers (constants of a formula)."""

    def apply(x: Any) -> Any:
        return function(x) if isinstance(x, Tensor) else float(function(torch.tensor(float(x), dtype=torch.float64)))

    return staticmethod(apply)


def _sech(x: Tensor) -> Tensor:
    small = torch.exp(-x.abs())  # cosh leaves the doubles
    return 2 * small / (1 + small * small)


class Ops:
    """Tensors, elementwise; constants are floats.

    >>> float(OPS.exp(OPS.log_zk(HALF, torch.tensor(4.0))) / math.sqrt(math.pi / 2) * math.exp(2)) # z^(1/2) K_(1/2)(z)
    1.0
    """

    pi = math.pi
    exp = _elementwise(torch.exp)
    log = _elementwise(torch.log)
    log1p = _elementwise(torch.log1p)
    sqrt = _elementwise(torch.sqrt)
    sin = _elementwise(torch.sin)
    cos = _elementwise(torch.cos)
    tanh = _elementwise(torch.tanh)
    erf = _elementwise(torch.erf)
    sech = _elementwise(_sech)
    positive_part = _elementwise(lambda x: x.clamp(min=0))
    step = _elementwise(lambda x: (x > 0).to(x.dtype))

    @staticmethod
    def number(value: Fraction) -> float:
        try:
            return float(value)
        except OverflowError:
            raise InputError("a kernel has a number beyond 1e308, which tensors cannot hold; type shorter lengths.") from None

    @staticmethod
    def power(base: Any, exponent: Fraction) -> Any:
        return base ** float(exponent)

    @staticmethod
    def gamma(argument: Fraction) -> float:
        return math.gamma(float(argument))

    @staticmethod
    def log_zk(order: Fraction, z2: Tensor) -> Tensor:
        """log(z^v K_v(z)); where v > 0 its limit at z = 0, elsewhere infinity there."""
        v, z = abs(Fraction(order)), torch.sqrt(z2)
        result = torch.log(_scaled_zk(v, z)) - z
        return result if order >= 0 else result - 2 * float(v) * torch.log(z)

    @staticmethod
    def besselk(order: Fraction, x: Tensor) -> Tensor:
        v = abs(Fraction(order))
        return _scaled_zk(v, x) * torch.exp(-x) * x ** -float(v)

    @staticmethod
    def besselj(order: Fraction, x: Tensor) -> Tensor:
        return _scipy("jv", order, x)  # torch's own J_0 and J_1 are wrong by 4e-7 (torch 2.13)


def _scaled_zk(order: Fraction, z: Tensor) -> Tensor:
    """Returns f_v = z^v exp(z) K_v(z) for v >= 0 by f_{v+1} = z^2 f_{v-1} + 2 v f_v (DLMF 10.29.1): sums of positive terms,
    without the powers of 1/z that leave the doubles."""
    z = z.clamp(torch.finfo(z.dtype).tiny, FARTHEST)
    fraction = order - math.floor(order)
    lower, upper = _first_two(fraction, z)
    for k in range(math.floor(order)):
        lower, upper = upper, z * z * lower + 2 * float(fraction + k + 1) * upper
    return lower


def _first_two(v: Fraction, z: Tensor) -> tuple[Tensor, Tensor]:
    """Returns f_v and f_{v+1} for 0 <= v < 1."""
    if v == HALF:
        half = torch.full_like(z, math.sqrt(math.pi / 2))
        return half, half * (1 + z)
    if v == 0:
        return torch.special.scaled_modified_bessel_k0(z), z * torch.special.scaled_modified_bessel_k1(z)
    lower, upper = _scipy("kve", v, z), _scipy("kve", v + 1, z)
    near = z < 1e-30  # K_{v+1} may leave the doubles; f_{v+1}(0) = 2^v Gamma(v + 1)
    limit = 2 ** float(v) * math.gamma(float(v) + 1)
    return z ** float(v) * lower, torch.where(near, limit, z ** float(v + 1) * upper)


def _scipy(name: str, order: Fraction, x: Tensor) -> Tensor:
    """Returns a Bessel function that torch lacks, computed by SciPy on the CPU."""
    try:
        from scipy import special  # late: only Bessel functions of unusual orders need it
    except ImportError:
        raise InputError(
            f"a Bessel function of order {order} needs SciPy: pip install scipy, or type an order such as 1 or 3/2."
        ) from None
    found = getattr(special, name)(float(order), x.detach().to("cpu", torch.float64).numpy())
    return torch.as_tensor(found, dtype=x.dtype, device=x.device)


OPS = Ops()
