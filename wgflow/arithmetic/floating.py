"""The formulas' arithmetic in float64 arrays (see wgflow.arithmetic for what each operation means).

For plots and fast scans; nothing here proves anything.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from wgflow.arithmetic.number import InputError

Floats = NDArray[np.float64]


def as_floats(values: Any) -> Floats:
    """Returns float64 distances or wavenumbers; raises InputError where one is negative or NaN."""
    array = np.asarray(values, dtype=np.float64)
    if not np.all(array >= 0):
        raise InputError("distances and wavenumbers must be numbers >= 0.")
    return array


def quiet() -> Any:
    """Returns a context in which values that leave the doubles become 0 or infinity without a warning."""
    return np.errstate(over="ignore", under="ignore", divide="ignore")


def _log_zk_ball(order: Fraction, z2: float) -> float:
    from flint import arb

    from wgflow.arithmetic import ball
    from wgflow.arithmetic.ball_ops import OPS as BALLS

    with ball.precision(80):
        return float(BALLS.log_zk(order, arb(z2)).mid())


def _hyp1f2_ball(a: Fraction, m: int, x: float) -> float:
    from flint import arb

    from wgflow.arithmetic import ball
    from wgflow.arithmetic.ball_ops import OPS as BALLS

    with ball.precision(80):
        return float(BALLS.hyp1f2(a, m, arb(x)).mid())


class Ops:
    """float64, elementwise."""

    pi = np.pi
    exp = staticmethod(np.exp)
    log = staticmethod(np.log)
    log1p = staticmethod(np.log1p)
    sqrt = staticmethod(np.sqrt)
    sin = staticmethod(np.sin)
    cos = staticmethod(np.cos)
    tanh = staticmethod(np.tanh)
    erf = staticmethod(special.erf)

    @staticmethod
    def number(value: Fraction) -> float:
        return float(value)

    @staticmethod
    def power(base: Any, exponent: Fraction) -> Any:
        return base ** float(exponent)

    @staticmethod
    def gamma(argument: Fraction) -> float:
        return float(special.gamma(float(argument)))

    @staticmethod
    def log_zk(order: Fraction, z2: Any) -> Any:
        """Where K_v leaves the doubles the logarithm is taken from balls, element by element; at z = 0 the limit is."""
        squared = np.atleast_1d(np.asarray(z2, dtype=np.float64))
        z = np.sqrt(squared)
        v = float(order)
        with np.errstate(all="ignore"):
            result = v * np.log(z) + np.log(special.kve(abs(v), z)) - z
        outside = np.flatnonzero(~np.isfinite(result))
        for i in outside:
            if z.flat[i] == 0:
                result.flat[i] = (v - 1) * np.log(2) + special.gammaln(v) if v > 0 else np.inf
            elif np.isfinite(z.flat[i]):
                result.flat[i] = _log_zk_ball(order, squared.flat[i])
            else:
                result.flat[i] = -np.inf
        return result.reshape(np.shape(z2))[()]

    @staticmethod
    def sech(x: Any) -> Any:
        small = np.exp(-np.abs(x))  # cosh leaves the doubles
        return 2 * small / (1 + small**2)

    @staticmethod
    def besselk(order: Fraction, x: Any) -> Any:
        return special.kv(float(order), x)

    @staticmethod
    def besselj(order: Fraction, x: Any) -> Any:
        return special.jv(float(order), x)

    @staticmethod
    def hyp0f1(b: Fraction, x: Any) -> Any:
        return special.hyp0f1(float(b), x)

    @staticmethod
    def hyp1f2(a: Fraction, m: int, x: Any) -> Any:
        return np.vectorize(lambda value: _hyp1f2_ball(a, m, value), otypes=[np.float64])(x)[()]

    @staticmethod
    def positive_part(x: Any) -> Any:
        return np.maximum(x, 0.0)

    @staticmethod
    def step(x: Any) -> Any:
        return np.where(np.asarray(x) > 0, 1.0, 0.0)[()]


OPS = Ops()
