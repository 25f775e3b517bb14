"""What the steps of an optimizer make of a growth rate: the flow's rate, as gradient descent and its momentum follow it."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from wgflow.stability.update_rule import Rule, cycle

Floats = NDArray[np.float64]


def stepped_rates(rates: Floats, interval: float, momentum: float = 0.0) -> Floats:
    """Returns log|z| / t for each rate lambda, z the multiplier of a mode in one step of the flow time t = ``interval``.

    Gradient descent: z = 1 + lambda t. Heavy ball of momentum beta, whose gradients are scaled by 1 - beta so that its steps take
    that time in the long run: the largest root of z^2 - (1 + beta + (1 - beta) lambda t) z + beta (Polyak 1964; the matrix is
    that of `wgflow.stability.update_rule.cycle`). That is the rate after some 1 / (1 - beta) steps.

    rates: (K,), in 1/time.  Returns (K,).

    >>> stepped_rates(np.array([1.0, -1.0]), 0.5).round(6).tolist()
    [0.81093, -1.386294]
    """
    rule = Rule(lr_d=Fraction(1), lr_g=Fraction(0), momentum_d=Fraction(momentum))
    return np.array([np.log(_multiplier(rule, float(rate) * interval * (1 - momentum))) / interval for rate in rates])


def _multiplier(rule: Rule, x: float) -> float:
    matrix = np.array(cycle(rule, x, 0.0, float), dtype=np.float64)
    return float(np.abs(np.linalg.eigvals(matrix)).max())
