"""Rates of trained networks beside the predicted ones: signs, the order of the modes, and what the tangent kernel explains."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from wgflow.dynamics.fitted_rate import Fit
from wgflow.dynamics.growth import NEUTRAL, GrowthTable
from wgflow.dynamics.student import quantile
from wgflow.record import record

Floats = NDArray[np.float64]

AS_PREDICTED, NOT_AS_PREDICTED, NOT_DECIDED = "as predicted", "not as predicted", "not decided"
_CONFIDENCE = 0.975  # on each side: 95 % intervals


@record
class Departure:
    """Growth rates of trained networks, and what their tangent kernels make of the predicted ones.

    growth: predicted rates beside the mean over the networks.  trials: (S, K) fits, a row a network.  explained: (S, K)
    rates, 1/time: theory with each network's tangent kernel at its start.
    """

    growth: GrowthTable
    trials: tuple[tuple[Fit, ...], ...]
    explained: tuple[tuple[float, ...], ...]

    @property
    def signs(self) -> tuple[str, ...]:
        """Of each mode: whether the 95 % interval of its rate lies on the predicted side of 0."""
        return tuple(_sign(row.predicted, row.fit, row.scale) for row in self.growth.rows)

    @property
    def ordering(self) -> str:
        """Whether the modes grow in the predicted order: `order_of` with the predicted rates."""
        return order_of([row.predicted for row in self.growth.rows], self.trials)

    @property
    def explained_ordering(self) -> str:
        """Whether the modes grow in the order of the explained rates."""
        return order_of(list(self.mean_explained), self.trials)

    @property
    def mean_explained(self) -> tuple[float, ...]:
        """The explained rates, averaged over the networks."""
        return tuple(np.mean(np.array(self.explained), axis=0).tolist())

    @property
    def explained_signs(self) -> str:
        """Whether all modes have the signs of the explained rates."""
        rows = zip(self.growth.rows, self.mean_explained, strict=True)
        return _joined([_sign(rate, row.fit, abs(rate)) for row, rate in rows])

    @property
    def ratios(self) -> tuple[float, ...]:
        """Of every network and mode with a measured rate: measured / explained."""
        pairs = [
            (found.rate, rate)
            for fits, rates in zip(self.trials, self.explained, strict=True)
            for found, rate in zip(fits, rates, strict=True)
        ]
        return tuple(measured / rate for measured, rate in pairs if measured is not None and rate)

    def verdict(self) -> str:
        """Returns NOT_AS_PREDICTED where one sign is, else NOT_DECIDED where one is, else AS_PREDICTED."""
        return _joined(self.signs)

    def sentences(self) -> tuple[str, ...]:
        """Returns what the table says of the order, of the size of the departure and of its reason, for people."""
        shares = [row.fit.rate / row.predicted for row in self.growth.rows if row.fit.rate is not None and row.predicted]
        out = [f"order of the modes {self.ordering}; that of the explained rates: {_yes(self.explained_ordering)}."]
        if NOT_AS_PREDICTED in self.signs:
            out.append(f"signs {NOT_AS_PREDICTED}; those of the explained rates: {_yes(self.explained_signs)}.")
        if shares and self.ratios:
            out.append(
                f"measured / predicted: {min(shares):.2g} to {max(shares):.2g}, for a gradient step moves features through the "
                f"network's tangent kernel, which theory takes for 1 (the unit of time has its fastest direction at the free "
                f"speed); measured / explained by it: {min(self.ratios):.3f} to {max(self.ratios):.3f}."
            )
        return tuple(out)

    def to_json(self) -> dict[str, object]:
        """Returns plain data."""
        columns = zip(self.growth.rows, self.mean_explained, self.signs, strict=True)
        return {
            "networks": len(self.trials),
            "modes": [{"mode": row.mode, "explained": rate, "sign": sign} for row, rate, sign in columns],
            "signs": self.verdict(),
            "explained_signs": self.explained_signs,
            "ordering": self.ordering,
            "explained_ordering": self.explained_ordering,
            "trials": [
                [{"measured": found.to_json(), "explained": rate} for found, rate in zip(fits, rates, strict=True)]
                for fits, rates in zip(self.trials, self.explained, strict=True)
            ],
            "reason": " ".join(self.sentences()),
        }


def mean_fit(fits: Sequence[Fit]) -> Fit:
    """Returns the mean rate of S runs that differ by chance, with a 95 % interval that covers their spread.

    Half its width is Student's t times the standard error of the mean, and in addition the mean half-width of the runs' own
    intervals. No rate where a run has none, or there is one run alone (its own fit then).

    >>> found = mean_fit([Fit(rate, 0.01, (0.0, 1.0), 9) for rate in (1.0, 1.1, 1.2)])
    >>> round(found.rate, 9), round(found.half_width, 3)
    (1.1, 0.258)
    """
    if len(fits) == 1:
        return fits[0]
    missing = next((found.reason for found in fits if found.rate is None), None)
    if missing is not None:
        return Fit(None, None, None, 0, f"one network: {missing}")
    rates = [float(found.rate) for found in fits if found.rate is not None]
    own = float(np.mean([found.half_width for found in fits if found.half_width is not None]))
    windows = [found.window for found in fits if found.window is not None]
    window = (min(first for first, _ in windows), max(last for _, last in windows))
    return Fit(float(np.mean(rates)), _half_width(rates) + own, window, min(found.points for found in fits))


def order_of(rates: Sequence[float], trials: Sequence[Sequence[Fit]]) -> str:
    """Returns whether measured rates come in the order of ``rates``, pair by pair.

    AS_PREDICTED where the 95 % interval of every pair's difference, over the networks, lies on the side of 0 that ``rates``
    give; NOT_AS_PREDICTED where one lies on the other side; else NOT_DECIDED. Pairs whose rates differ by less
    than a thousandth of the largest are left out, each pair has its own 95 %, and a single network has the intervals of its fits.

    >>> fits = [[Fit(a, 0.0, (0.0, 1.0), 9) for a in row] for row in ((1.0, 2.0), (1.1, 2.2))]
    >>> order_of([3, 4], fits), order_of([4, 3], fits), order_of([3, 3], fits)
    ('as predicted', 'not as predicted', 'not decided')
    """
    least = NEUTRAL * max((abs(rate) for rate in rates), default=0.0)
    found = {
        _pair([fits[j] for fits in trials], [fits[i] for fits in trials], rates[j] > rates[i])
        for i, j in combinations(range(len(rates)), 2)
        if abs(rates[j] - rates[i]) > least
    }
    return _joined(found)


def _pair(first: Sequence[Fit], second: Sequence[Fit], larger: bool) -> str:
    """Returns whether the rates of ``first`` are larger than those of ``second``, or smaller, as predicted."""
    gaps, own = [], []
    for a, b in zip(first, second, strict=True):
        if a.rate is None or b.rate is None or a.half_width is None or b.half_width is None:
            return NOT_DECIDED
        gaps.append(a.rate - b.rate)
        own.append(a.half_width + b.half_width)
    return _side(float(np.mean(gaps)), _half_width(gaps) + float(np.mean(own)), larger)


def _sign(predicted: float, found: Fit, scale: float) -> str:
    if found.rate is None or found.half_width is None or abs(predicted) < NEUTRAL * scale:
        return NOT_DECIDED
    return _side(found.rate, found.half_width, predicted > 0)


def _side(value: float, half_width: float, positive: bool) -> str:
    if not abs(value) > half_width:
        return NOT_DECIDED
    return AS_PREDICTED if (value > 0) == positive else NOT_AS_PREDICTED


def _half_width(values: Sequence[float]) -> float:
    """Returns Student's t times the standard error of the mean; 0 for one value, whose own interval then speaks alone."""
    count = len(values)
    if count < 2:
        return 0.0
    return quantile(_CONFIDENCE, count - 1) * float(np.std(values, ddof=1)) / count**0.5


def _joined(verdicts: Collection[str]) -> str:
    """Returns the worst of several verdicts; NOT_DECIDED of none."""
    return next((word for word in (NOT_AS_PREDICTED, NOT_DECIDED) if word in verdicts), AS_PREDICTED if verdicts else NOT_DECIDED)


def _yes(verdict: str) -> str:
    return {AS_PREDICTED: "yes", NOT_AS_PREDICTED: "no"}.get(verdict, NOT_DECIDED)
