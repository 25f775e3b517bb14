"""Enclosures of a spectral sum over an interval of wavenumbers.

Two ways, one interface (`node`, `sign`, `slope`). Where all shapes are positive and decreasing with concave log f
(`LogEnclosure`), the sum is P - N with positive sums P and N, and h = log P - log N is enclosed: tight even where P and
N agree to many digits or lie far outside any exponent range. Otherwise (`MeanValueEnclosure`) the mean value form of
g itself is used. Intervals are in t = log k.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction

from flint import arb

from wgflow.arithmetic import ball, beta_bessel, exact
from wgflow.arithmetic.ball_ops import OPS
from wgflow.fourier.local import Enclosed, Undecidable
from wgflow.fourier.spectral_sum import SpectralSum
from wgflow.kernels.shape import BesselJ, Hypergeometric, PositiveShape, Shape
from wgflow.record import record


@record
class Node:
    """A wavenumber (an exact point) with what was computed there."""

    k: arb
    value: arb  # log P - log N, or g: it has the sign of the sum
    parts: tuple[tuple[arb, arb], ...]  # per term (log of coefficient * f, logarithmic slope), or (f, slope of f)


Range = tuple[arb, arb]


def sign_of(value: arb) -> int:
    """Returns 1, -1, or 0 where the ball contains zero or is not finite."""
    return 1 if value > 0 else -1 if value < 0 else 0


class Enclosure(ABC):
    """Signs of a spectral sum that is not identically zero, at points and over intervals."""

    @abstractmethod
    def node(self, k: arb) -> Node:
        """Returns the node at an exact point k > 0."""

    @abstractmethod
    def range(self, left: Node, right: Node) -> Range:
        """Returns (low, high) with low <= `Node.value` <= high over [left.k, right.k]; not one ball, whose radius is coarse."""

    @abstractmethod
    def slope(self, left: Node, right: Node) -> arb:
        """Returns a ball around d value / d log k over [left.k, right.k]."""

    def sign(self, left: Node, right: Node) -> int:
        """Returns the proved sign of the sum on all of [left.k, right.k], or 0."""
        low, high = self.range(left, right)
        return 1 if low > 0 else -1 if high < 0 else 0


def enclosure(total: SpectralSum) -> Enclosure:
    """Returns the enclosure that fits the shapes of a sum; raises Undecidable where a coefficient has no proved sign."""
    return LogEnclosure(total) if total.is_log_concave else MeanValueEnclosure(total)


def _proved_sign(coefficient: exact.Real) -> int:
    sign = ball.sign(coefficient)
    if sign is None:
        raise Undecidable("a coefficient of the transform has no sign that 4096 bits can prove")
    return sign


class LogEnclosure(Enclosure):
    def __init__(self, total: SpectralSum) -> None:
        signs = [_proved_sign(c) for _, c in total.terms]
        order = [i for i, s in enumerate(signs) if s > 0] + [i for i, s in enumerate(signs) if s < 0]
        self.shapes: list[tuple[PositiveShape, exact.Real]] = []
        for i in order:
            shape, coefficient = total.terms[i]
            assert isinstance(shape, PositiveShape)
            self.shapes.append((shape, coefficient if signs[i] > 0 else -coefficient))
        self.positive = sum(s > 0 for s in signs)

    @property
    def constant_sign(self) -> int:
        """1 or -1 where all terms have that sign, else 0."""
        return 1 if self.positive == len(self.shapes) else -1 if self.positive == 0 else 0

    def node(self, k: arb) -> Node:
        k2 = k * k
        parts = []
        for shape, coefficient in self.shapes:
            parts.append((shape.log_value(OPS, k2) + ball.real(coefficient).log(), shape.log_slope(OPS, k2)))
        if self.constant_sign:
            return Node(k, arb(self.constant_sign), tuple(parts))
        plus, minus = parts[: self.positive], parts[self.positive :]
        return Node(k, log_sum_exp([v for v, _ in plus]) - log_sum_exp([v for v, _ in minus]), tuple(parts))

    def slope(self, left: Node, right: Node) -> arb:
        if self.constant_sign:
            return arb(0)
        cut = self.positive
        return _group_slope(left.parts[:cut], right.parts[:cut]) - _group_slope(left.parts[cut:], right.parts[cut:])

    def range(self, left: Node, right: Node) -> Range:
        if self.constant_sign:
            return arb(self.constant_sign), arb(self.constant_sign)
        return hermite_range(left, right, self.slope(left, right))


def log_sum_exp(values: list[arb]) -> arb:
    """Returns log of the sum of exp(values)."""
    if len(values) == 1:
        return values[0]
    top = max(v.mid() for v in values)
    return top + sum(((v - top).exp() for v in values), arb(0)).log()


def _group_slope(left: tuple[tuple[arb, arb], ...], right: tuple[tuple[arb, arb], ...]) -> arb:
    """Encloses the logarithmic slope of a sum of positive decreasing terms: the mean of their slopes weighted by size."""
    slopes = [a.union(b) for (_, a), (_, b) in zip(left, right, strict=True)]
    if len(slopes) == 1:
        return slopes[0]
    top = max(v.mid() for v, _ in left)
    most = [(v - top).exp() for v, _ in left]  # at the left end the terms are largest
    least = [(v - top).exp() for v, _ in right]
    all_most, all_least = sum(most, arb(0)), sum(least, arb(0))
    weights = []
    for high, low in zip(most, least, strict=True):
        weights.append((low / (low + (all_most - high))).union(high / (high + (all_least - low))))
    sizes = [w.mid() for w in weights]
    centre = slopes[sizes.index(max(sizes))].mid()
    mean = centre + sum((w * (s - centre) for w, s in zip(weights, slopes, strict=True)), arb(0))
    hull = slopes[0]
    for s in slopes[1:]:
        hull = hull.union(s)
    # Both enclose the same number, so their intersection does; NaN weights (0/0) leave the hull.
    return hull.intersection(mean) if mean.is_finite() else hull


def hermite_range(left: Node, right: Node, slope: arb) -> Range:
    """Returns bounds of a function over an interval, from its end values and a ball around its slope in log k.

    Over a width w with slopes in [lo, hi] the function lies below both lines of slope hi from the left end and of slope
    lo from the right end, hence below the point where they cross; likewise from below.
    """
    a, b = left.value, right.value
    if not slope.is_finite():
        return arb.neg_inf(), arb.pos_inf()
    low, high = slope.lower(), slope.upper()
    if low >= 0 or high <= 0:
        return a.min(b), a.max(b)
    width = (right.k / left.k).log()
    above = a + high * (b - a - low * width) / (high - low)
    below = a + low * (a - b + high * width) / (high - low)
    return below.min(a.min(b)), above.max(a.max(b))


class MeanValueEnclosure(Enclosure):
    def __init__(self, total: SpectralSum) -> None:
        for _, coefficient in total.terms:
            _proved_sign(coefficient)
        self.terms = total.terms

    def node(self, k: arb) -> Node:
        parts = []
        total = arb(0)
        for shape, coefficient in self.terms:
            value = shape.value(OPS, k * k)
            total += ball.real(coefficient) * value
            parts.append((value, _slope_at(shape, k * k, value)))
        return Node(k, total, tuple(parts))

    def slope(self, left: Node, right: Node) -> arb:
        width = (right.k / left.k).log()
        total = arb(0)
        for (shape, coefficient), (f0, d0), (f1, d1) in zip(self.terms, left.parts, right.parts, strict=True):
            if isinstance(shape, PositiveShape):
                both = f0.union(f1) * (d0 / f0).union(d1 / f1)
            elif isinstance(shape, Enclosed):
                both = shape.slope(left.k, right.k)
            else:
                both = d0 + arb(0, (_curvature_bound(shape, left.k, right.k) * width).upper())
            total += ball.real(coefficient) * both
        return total

    def range(self, left: Node, right: Node) -> Range:
        low, high = self._crude_range(left, right)
        return (low, high) if low > 0 or high < 0 else hermite_range(left, right, self.slope(left, right))

    def _crude_range(self, left: Node, right: Node) -> Range:
        """Positive shapes lie between their end values, oscillating ones below their magnitude: enough on wide intervals."""
        low, high = arb(0), arb(0)
        for (shape, coefficient), (f0, _), (f1, _) in zip(self.terms, left.parts, right.parts, strict=True):
            c = ball.real(coefficient)
            if isinstance(shape, PositiveShape):
                ends = c * f0, c * f1
            elif isinstance(shape, Enclosed):
                bounds = shape.range(left.k, right.k)
                ends = c * bounds[0], c * bounds[1]
            elif isinstance(shape, Hypergeometric):
                length = ball.number(shape.c2).sqrt()
                least, most = beta_bessel.range_1f2(shape.a, shape.m, (left.k * length).lower(), (right.k * length).upper())
                ends = c * least, c * most
            else:
                assert isinstance(shape, BesselJ)
                size = abs(c) * magnitude(shape, left.k)
                ends = -size, size
            low += ends[0].min(ends[1])
            high += ends[0].max(ends[1])
        return low, high


def _slope_at(shape: Shape, k2: arb, value: arb) -> arb:
    """d f / d log k at k^2."""
    if isinstance(shape, PositiveShape):
        return value * shape.log_slope(OPS, k2)
    if isinstance(shape, Enclosed):
        return arb.nan()  # `MeanValueEnclosure.slope` asks the shape itself; at a point it would cost and not be used
    factor, raised = _derivative(shape)
    return -2 * _argument(shape, k2) * ball.number(factor) * raised.value(OPS, k2)


Oscillating = BesselJ | Hypergeometric


def _derivative(shape: Shape) -> tuple[Fraction, Oscillating]:
    """Returns (factor, g) with d f / d log k = -2 x factor g, x = (c k)^2/4: both families are closed under it."""
    match shape:
        case BesselJ(b, c2):
            return 1 / b, BesselJ(b + 1, c2)
        case Hypergeometric(a, m, c2):
            low = a + Fraction(m, 2)
            return a / (low * (low + exact.HALF)), Hypergeometric(a + 1, m, c2)
    raise TypeError(f"{shape!r} does not oscillate")


def _argument(shape: Shape, k2: arb) -> arb:
    assert isinstance(shape, (BesselJ, Hypergeometric))
    return ball.number(shape.c2) * k2 / 4


def magnitude(shape: Oscillating, k: arb) -> arb:
    """Returns a bound of |f(k')| for an oscillating shape and all k' >= k: 1, or less where its decay is known."""
    z = k * ball.number(shape.c2).sqrt()
    if isinstance(shape, BesselJ):
        return beta_bessel.magnitude_0f1(shape.b, z)
    return beta_bessel.magnitude_1f2(shape.a, shape.m, z)


def _curvature_bound(shape: Shape, k1: arb, k2: arb) -> arb:
    """Bounds |d^2 f / d (log k)^2| over [k1, k2]: 4 x factor |g| + 4 x^2 factor factor' |g'|."""
    first, g = _derivative(shape)
    second, h = _derivative(g)
    x = _argument(shape, k2 * k2)
    return 4 * x * ball.number(first) * (magnitude(g, k1) + x * ball.number(second) * magnitude(h, k1))
