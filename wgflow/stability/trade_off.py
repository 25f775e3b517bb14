"""What a faster decay costs: the least intrusion for each decay rate asked of the data's band.

Asking k^2 (sum_j w_j F(s_j) - F(e))(k) >= rho over the band costs at least rho/k^2 of the spectrum at its low end k1: mass is
conserved, so no rate comes cheap at large scales. Every point is a design of its own: both that every mode decays and that
the modes of the band decay at least at the rate rho are proved by certificates; intrusions are float64.
"""

from __future__ import annotations

import json
from fractions import Fraction
from math import inf, nan

import numpy as np

from wgflow.arithmetic.number import InputError, integer
from wgflow.record import record
from wgflow.stability.design_words import typed
from wgflow.stability.intrusion import decay_rates
from wgflow.stability.least_mixture import Mixture, candidates_alone, least_mixture
from wgflow.stability.problem import Problem, needs

TYPE_CHECKING = False  # type checkers take it as true; importing xarray would cost start-up
if TYPE_CHECKING:
    from typing import Any

    from xarray import Dataset

MAX_POINTS = 200
LEAST_PART = 0.01  # the first rate, as a part of the peak of the plain kernel's rates; the last is that peak


@record
class Point:
    """The least intrusive mixture for one decay rate. alone: the intrusion of each candidate by itself (float64 on the
    program's grid), infinite where it cannot do it."""

    decay: Fraction
    mixture: Mixture
    alone: tuple[float, ...]


@record
class TradeOff:
    """The curve, by rising decay rates. Made by `Design.trade_off`."""

    problem: Problem
    points: tuple[Point, ...]

    def to_dataset(self) -> Dataset:
        """Returns the curve over the decay rate that was asked for, as an xarray Dataset."""
        from wgflow.run import dataset

        rate, found = "1/time", [p.mixture for p in self.points]
        slowest = [m.slowest_decay(self.problem) for m in found]
        rows: dict[str, Any] = {
            "required_decay": ([float(p.decay) for p in self.points], rate, "decay rate asked of every mode of the band"),
            "intrusion": ([_finite(m.intrusion) for m in found], "1", "least intrusion found"),
            "lower_bound": ([_finite(m.lower_bound) for m in found], "1", "no mixture is below (float64)"),
            "slowest_decay": ([nan if s is None else s[1] for s in slowest], rate, "rate of the band's slowest mode (float64)"),
            "proved": ([m.stabilizer is not None for m in found], "1", "whether both claims have certificates"),
            "eps": ([nan if m.stabilizer is None else float(m.eps) for m in found], "1", "strength"),
            "stabilizer": (["" if m.stabilizer is None else typed(m.stabilizer) for m in found], "1", "stabilizer s"),
        }
        for number, candidate in enumerate(self.problem.candidates):
            values = [_finite(p.alone[number]) for p in self.points]
            rows[f"intrusion_alone_{number + 1}"] = (values, "1", typed(candidate))
        return dataset("required_decay", rows, {"problem": json.dumps(self._provenance())})

    def _provenance(self) -> dict[str, object]:
        asked = self.problem
        return {
            "kernel": str(asked.kernel),
            "dim": asked.dim,
            "role": asked.role.text,
            "among": [str(c) for c in asked.candidates],
            "band": [str(asked.band.low), str(asked.band.high)],
        }

    def plot(self, axes: Any = None) -> Any:
        """Draws intrusion against slowest decay; returns the Matplotlib axes."""
        from wgflow.plots import plot_trade_off

        return plot_trade_off(self.to_dataset(), axes)

    def to_json(self) -> list[dict[str, object]]:
        """Returns one entry a point, the exact numbers as text."""
        return [{"decay": str(p.decay), **p.mixture.to_json(self.problem)} for p in self.points]

    def _repr_html_(self) -> str:
        from wgflow.stability.design_words import TRADE_HEADER, html_table, trade_cells

        return html_table(TRADE_HEADER, [trade_cells(p.decay, p.mixture) for p in self.points])


def _finite(value: float) -> float:
    return value if value < inf else nan


def trade_off(problem: Problem, decay: Fraction, start: Mixture, works: tuple[bool, ...], points: object = 8) -> TradeOff:
    """Returns the curve from a design on: it, and ``points`` more, for rates from 1 % to 100 % of the plain kernel's peak.

    The peak is that of k^2 |F(e)(k)| over the band.  decay, start: of the design.  works: whether each candidate alone makes
    every mode decay. Raises InputError where the design has no stabilizer.

    >>> import wgflow as wg
    >>> curve = wg.design("rbf", among="elastic; rbf(1/2)").trade_off(2)
    >>> [str(p.decay) for p in curve.points]  # the peak is 4 pi/e = 4.62
    ['0', '231/5000', '231/50']
    """
    if start.stabilizer is None:
        raise InputError(f"there is no design to trade off: {start.reason}.")
    count = integer(points, "points", 1, MAX_POINTS)
    k = np.geomspace(float(problem.band.low), float(problem.band.high), 2000)
    peak = float(np.abs(decay_rates(problem.kernel, k, problem.dim, problem.role)).max())
    wanted = {Fraction(f"{rate:.3g}") for rate in peak * np.geomspace(LEAST_PART if count > 1 else 1, 1, count)}
    found = {decay: start, **{rate: least_mixture(problem, needs(problem, rate)) for rate in sorted(wanted - {decay})}}
    return TradeOff(problem, tuple(Point(rate, found[rate], _alone(problem, rate, works)) for rate in sorted(found)))


def _alone(problem: Problem, decay: Fraction, works: tuple[bool, ...]) -> tuple[float, ...]:
    least = candidates_alone(problem, needs(problem, decay))
    return tuple(value if can else inf for value, can in zip(least, works, strict=True))
