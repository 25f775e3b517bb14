"""Laws on a line by their distribution function: points, uniform pieces, samples, Gaussians, and mixtures of these."""

from __future__ import annotations

import numpy as np

from wgflow.arithmetic.number import InputError, shown
from wgflow.dynamics.particles.initial import parse_cloud
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record

HALVINGS = 200  # of an interval of doubles, so that its ends become neighbours
TAIL = 40.0  # standard deviations outside which a Gaussian has no mass in double precision


@record
class LineLaw:
    """A probability law with the distribution function F: linear between knots, with jumps at them, plus normal parts.

    knots: (K,), ascending.  below, above: (K,), the linear part of F at a knot, from the left and from the right.  means, stds,
    shares: (G,), of the normal parts, whose shares and the last ``above`` add up to 1. Make one with `line_law`.
    """

    knots: Floats
    below: Floats
    above: Floats
    means: Floats
    stds: Floats
    shares: Floats

    @property
    def is_piecewise(self) -> bool:
        """Whether F is piecewise linear: no normal parts."""
        return not self.means.size

    @property
    def is_atomic(self) -> bool:
        """Whether the law is made of points alone."""
        return self.is_piecewise and bool((self.below[1:] == self.above[:-1]).all())

    def distribution(self, x: Floats) -> Floats:
        """Returns F(x), halfway up a jump where x is on one; the shape of x.

        So a point repels or attracts another at the same place by nothing, as in `SumMethod`.

        >>> line_law("point(at=1) + uniform(low=0, high=2)").distribution(np.array([-1.0, 0.5, 1.0, 1.5, 3.0])).tolist()
        [0.0, 0.125, 0.5, 0.875, 1.0]
        """
        return (self._linear(x, "left") + self._linear(x, "right")) / 2 + self._normal(x)

    def quantiles(self, u: Floats) -> Floats:
        """Returns X(u), the least x with F(x) >= u, 0 < u < 1; the shape of u.

        >>> line_law("uniform(low=0, high=1) + point(at=3)").quantiles(np.array([0.25, 0.5, 0.75])).tolist()
        [0.5, 1.0, 3.0]
        """
        if self.is_piecewise:
            return self._explicit(u)
        if self.means.size == 1 and not self.knots.size:
            from scipy.special import ndtri  # late: scipy

            return np.asarray(self.means[0] + self.stds[0] * ndtri(u))
        return self._on_knots(u, self._bisected(u))

    def nodes(self, count: int) -> tuple[Floats, Floats]:
        """Returns (positions, weights), (M,) each: the points themselves of an atomic law, else ``count`` quantiles."""
        if self.is_atomic:
            weights = self.above - self.below
            return self.knots[weights > 0], weights[weights > 0]
        return self.quantiles(levels(count)), np.full(count, 1 / count)

    def _linear(self, x: Floats, side: str) -> Floats:
        """The linear part of F(x), from the left or from the right."""
        if not self.knots.size:
            return np.zeros(np.shape(x))
        right = np.searchsorted(self.knots, x, side="right" if side == "right" else "left")  # the first knot beyond x
        last, first = np.maximum(right - 1, 0), np.minimum(right, self.knots.size - 1)
        gap = self.knots[first] - self.knots[last]
        part = np.divide(x - self.knots[last], gap, out=np.zeros(np.shape(x)), where=gap > 0)
        between = self.above[last] + (self.below[first] - self.above[last]) * np.clip(part, 0.0, 1.0)
        return np.where(right == 0, 0.0, np.where(right == self.knots.size, self.above[-1], between))

    def _normal(self, x: Floats) -> Floats:
        if self.is_piecewise:
            return np.zeros(np.shape(x))
        from scipy.special import ndtr  # late: scipy

        return np.asarray(ndtr((np.asarray(x)[..., np.newaxis] - self.means) / self.stds) @ self.shares)

    def _explicit(self, u: Floats) -> Floats:
        k = np.minimum(np.searchsorted(self.above, u, side="left"), self.knots.size - 1)  # the first knot with F(x+) >= u
        before = np.maximum(k - 1, 0)
        rise = self.below[k] - self.above[before]
        inside = (u < self.below[k]) & (rise > 0)
        part = np.divide(u - self.above[before], rise, out=np.zeros(np.shape(u)), where=inside)
        return np.where(inside, self.knots[before] + part * (self.knots[k] - self.knots[before]), self.knots[k])

    def _bisected(self, u: Floats) -> Floats:
        ends = np.concatenate([self.knots, self.means - TAIL * self.stds, self.means + TAIL * self.stds])
        low, high = np.full(np.shape(u), ends.min()), np.full(np.shape(u), ends.max())
        for _ in range(HALVINGS):
            middle = low + (high - low) / 2
            enough = self._linear(middle, "right") + self._normal(middle) >= u
            low, high = np.where(enough, low, middle), np.where(enough, middle, high)
        return high

    def _on_knots(self, u: Floats, x: Floats) -> Floats:
        """Returns x with the values that belong on a jump put on it exactly."""
        if not self.knots.size:
            return x
        below, above = self.below + self._normal(self.knots), self.above + self._normal(self.knots)
        k = np.minimum(np.searchsorted(above, u), self.knots.size - 1)
        return np.where((below[k] <= u) & (u <= above[k]), self.knots[k], x)


def levels(count: int) -> Floats:
    """Returns u_i = (i + 1/2)/count, (count,): the middles of equal masses.

    >>> levels(2).tolist()
    [0.25, 0.75]
    """
    return (np.arange(count) + 0.5) / count


def line_law(source: object) -> LineLaw:
    """Returns the law that text spells (`wgflow.dynamics.particles.initial`), or that of samples (N,) or (N, 1) of equal weight.

    >>> line_law([2.0, 0.0, 2.0]).above.round(3).tolist()
    [0.333, 1.0]
    """
    if isinstance(source, LineLaw):
        return source
    if isinstance(source, str):
        return _of_text(source)
    try:
        points = np.array(source, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{shown(source)} is no law on a line; type 'uniform(low=0, high=1)', or give an array (N,).") from None
    if not points.size or points.shape not in ((points.size,), (points.size, 1)) or not np.isfinite(points).all():
        raise InputError(f"samples of a law on a line have the shape {points.shape}; give (N,) finite numbers, N at least 1.")
    knots, counts = np.unique(points, return_counts=True)
    total = np.cumsum(counts)
    return LineLaw(knots, (total - counts) / points.size, total / points.size, *_no_normals())


def _of_text(text: str) -> LineLaw:
    pieces: list[tuple[float, float, float]] = []
    normals: list[tuple[float, float, float]] = []
    for part in parse_cloud(text, 1):
        p = part.numbers
        if part.shape.name == "gaussian" and p["std"] > 0:
            normals.append((float(p["mean"][0]), p["std"], part.share))
        elif part.shape.name == "uniform":
            pieces.append((p["low"], p["high"], part.share))
        else:
            at = float(p["mean" if part.shape.name == "gaussian" else "at"][0])
            pieces.append((at, at, part.share))
    means, stds, shares = np.array(normals).reshape(-1, 3).T
    return LineLaw(*_piecewise(np.array(pieces).reshape(-1, 3), 1 - shares.sum()), means, stds, shares)


def _piecewise(pieces: Floats, total: float) -> tuple[Floats, Floats, Floats]:
    """Returns knots and F from both sides, of pieces (low, high, share) in rows; low = high for a point."""
    low, high, share = pieces.T
    knots = np.unique(pieces[:, :2])
    length = np.where(high > low, high - low, 1.0)
    part = np.clip((knots[:, np.newaxis] - low) / length, 0.0, 1.0)
    spread = high > low
    below = (np.where(spread, part, knots[:, np.newaxis] > low) * share).sum(axis=1)  # in one order: no gap gets a rounding
    above = (np.where(spread, part, knots[:, np.newaxis] >= low) * share).sum(axis=1)
    if knots.size:
        below, above = below * (total / above[-1]), above * (total / above[-1])
    return knots, below, above


def _no_normals() -> tuple[Floats, Floats, Floats]:
    return np.zeros(0), np.zeros(0), np.zeros(0)
