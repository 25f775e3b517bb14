"""Sums of the parts of a kernel over positions on a line or a circle, in any order."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.sums.order import Order
from wgflow.dynamics.sums.sorted_line import cumulative, laid_out, weight_at, weights_below_less_above
from wgflow.dynamics.sums.sorted_moments import Line, one_sided
from wgflow.dynamics.sums.sorted_parts import Part
from wgflow.dynamics.sums.sorted_window import window_sums, with_images

Floats = NDArray[np.float64]


class PartSums:
    """Values and slopes of sums of parts; on a circle the parts are in units of the period. Remembers the last order.

    >>> import numpy as np
    >>> PartSums((Part(0.0, np.array([0.0, -1.0])),)).value(np.array([5.0]), np.array([1.0, 2.0]), np.ones(2)).tolist()
    [-7.0]
    """

    def __init__(self, parts: tuple[Part, ...], period: float | None = None) -> None:
        self.period = None if period is None else float(period)
        self.parts = tuple(part for part in parts if part.coefficients.size)
        self._slopes = tuple(slope for part in self.parts if (slope := part.slope()).coefficients.size)
        self._orders = Order(), Order()

    def value(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        """Returns the sum of w_j e(|x_i - s_j|), coincident ones included. All (P,) or (S,)."""
        return self._summed(self.parts, +1, points, sources, weights)

    def slope(self, points: Floats, sources: Floats, weights: Floats) -> Floats:
        """Returns the sum of w_j e'(|x_i - s_j|) sign(x_i - s_j); coincident ones contribute 0."""
        return self._summed(self._slopes, -1, points, sources, weights) / (self.period or 1.0)

    def _summed(self, parts: tuple[Part, ...], parity: int, points: Floats, sources: Floats, weights: Floats) -> Floats:
        """Returns the sum over both sides; with ``parity`` -1 the side above has the opposite sign."""
        w = np.ascontiguousarray(weights, dtype=np.float64)
        if w.shape != sources.shape:
            raise InputError(f"weights have the shape {w.shape} for {sources.size} sources; give one weight a source.")
        if not points.size or not sources.size or not parts:
            return np.zeros(points.size)
        if not (np.isfinite(points).all() and np.isfinite(sources).all()):
            return np.full(points.size, np.nan)
        line, order = laid_out(self._wrapped(points), self._wrapped(sources), w, self._orders)
        total = np.zeros(points.size)
        for part in parts:
            total += self._part_sum(part, parity, line)
        result = np.empty(points.size)
        result[order] = total
        return result

    def _part_sum(self, part: Part, parity: int, line: Line) -> Floats:
        if parity < 0 and part.is_constant():
            ranks = weights_below_less_above(cumulative(line.weights), line.below, line.through)
            return np.multiply(part.coefficients[0], ranks, out=ranks)
        period = 1.0 if self.period is not None and part.rate else None
        if part.radius is not None:
            around = line if self.period is None else with_images(line, part.radius)
            total = window_sums(around, part, part.radius, False) + parity * window_sums(around, part, part.radius, True)
        else:
            total = one_sided(line, part.rate, part.coefficients, False, period)
            total += parity * one_sided(line, part.rate, part.coefficients, True, period)
        if parity > 0:
            total += part.coefficients[0] * weight_at(line.weights, line.below, line.through)
            if self.period is not None and (part.rate or part.radius is not None):
                total -= 2 * part.mass() * line.weights.sum()
        return total

    def _wrapped(self, positions: Floats) -> Floats:
        """Returns positions on a line as they are, on a circle in periods, 0 <= u < 1."""
        if self.period is None:
            return positions
        unit = np.mod(positions, self.period) / self.period
        unit[unit >= 1.0] = 0.0  # a tiny negative position
        return unit
