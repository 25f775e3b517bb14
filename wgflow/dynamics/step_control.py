"""The size of the next step from the error of the last ones: proportional-integral control."""

from __future__ import annotations

from math import inf, isfinite

import numpy as np

from wgflow.dynamics.flow import Flow
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.dynamics.tolerance import Tolerance

SAFETY = 0.9
LEAST_CHANGE, LARGEST_CHANGE = 0.2, 5.0
SMALLEST_ERROR = 1e-8  # errors below it count as this one
INTEGRAL_SHARE = 0.4  # of the exponent, Gustafsson 1991


def accepted_change(error: float, previous: float, error_order: int) -> float:
    """Returns the factor on dt after an accepted step: SAFETY error^(-0.7/q) previous^(0.4/q), q = error_order + 1, bounded
    (Gustafsson 1991; Hairer and Wanner 1996, section IV.2).

    >>> accepted_change(1.0, 1.0, 2), accepted_change(0.0, 1.0, 2)
    (0.9, 5.0)
    """
    q = error_order + 1
    now, before = max(error, SMALLEST_ERROR), max(previous, SMALLEST_ERROR)
    return _bounded(SAFETY * now ** (-0.7 / q) * before ** (INTEGRAL_SHARE / q))


def rejected_change(error: float, error_order: int) -> float:
    """Returns the factor on dt after a rejected step, at most SAFETY.

    >>> rejected_change(8.0, 2), rejected_change(float("inf"), 2)
    (0.45, 0.2)
    """
    return min(_bounded(SAFETY * error ** (-1 / (error_order + 1))), SAFETY) if isfinite(error) else LEAST_CHANGE


def _bounded(change: float) -> float:
    return min(max(change, LEAST_CHANGE), LARGEST_CHANGE)


def first_step(flow: Flow, t: float, state: Floats, error_order: int, tolerance: Tolerance) -> float:
    """Returns a first step for an adaptive method, by two evaluations (Hairer, Norsett and Wanner 1993, section II.4);
    inf, which the loop clips, for a state at rest and for one without a finite velocity.
    """
    allowed, norm = tolerance.allowed(state), tolerance.norm.of
    slope = flow.rhs(t, state)
    speed = norm(slope) / allowed
    if not 0 < speed < inf:
        return inf
    trial = 0.01 * max(norm(state - state.mean(axis=0)) / allowed, 1e-3) / speed
    bend = norm(flow.rhs(t + trial, state + trial * slope) - slope) / allowed / trial
    if not np.isfinite(bend):
        return trial
    return min(100 * trial, (0.01 / max(speed, bend)) ** (1 / (error_order + 1)))
