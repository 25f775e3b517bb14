"""Enclosures of the update's margins at wavenumbers and over intervals of them.

x = learning rate * growth rate of the discriminator and y, of the generator, are k^2 times spectral sums; their values and
logarithmic slopes over an interval are enclosed (`wgflow.fourier.enclose`), and the margins' slopes follow from them by
power series of order one. The bound of a margin is then of second order in the interval's width.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from wgflow.arithmetic import ball, exact
from wgflow.fourier.enclose import MeanValueEnclosure, Node, Range, enclosure, hermite_range
from wgflow.fourier.spectral_sum import SpectralSum
from wgflow.kernels.shape import PositiveShape
from wgflow.record import record, replace
from wgflow.stability.claim import Claim
from wgflow.stability.update_margins import BallMargins
from wgflow.stability.update_rule import Rule

_BITS = 40  # of the exact numbers that bound slopes


@record
class Training:
    """A rule about a constant density C, and the two claims whose growth rates it uses: discriminator and generator."""

    rule: Rule
    discriminator: Claim
    generator: Claim
    density: Fraction

    @property
    def sums(self) -> tuple[SpectralSum, SpectralSum]:
        """(X, Y): x = k^2 X(k) and y = k^2 Y(k) are learning rate times growth rate of discriminator and generator."""
        return self._weighted(*self.rule.rates)

    @property
    def drift(self) -> SpectralSum:
        """The growth of a mode in one cycle toward zero learning rates, divided by k^2 and the learning rates' size."""
        one, other = self._weighted(*self.rule.drift)
        return one + other

    def scaled(self, factor: Fraction) -> Training:
        """Returns the training with both learning rates multiplied."""
        return replace(self, rule=self.rule.scaled(factor))

    def at_eps(self, eps: Fraction) -> Training:
        """Returns the training with another strength of the stabilizer."""
        return replace(self, discriminator=replace(self.discriminator, eps=eps))

    def _weighted(self, rate_d: Fraction, rate_g: Fraction) -> tuple[SpectralSum, SpectralSum]:
        return (
            self.discriminator.growth.times(exact.number(rate_d * self.density)),
            self.generator.growth.times(exact.number(rate_g * self.density)),
        )


@record
class UpdateNode:
    """An exact wavenumber with what was computed there: the nodes of both sums (None: a sum that is zero), the margins."""

    k: arb
    parts: tuple[Node | None, Node | None]
    margins: tuple[arb, ...]


class UpdateBounds:
    """Signs of a training's margins, at points and over intervals of k."""

    def __init__(self, training: Training) -> None:
        self.margins = BallMargins(training.rule)
        self.sums = training.sums
        self.enclosures = tuple(None if total.is_zero else MeanValueEnclosure(total) for total in self.sums)

    def node(self, k: arb) -> UpdateNode:
        parts = tuple(None if each is None else each.node(k) for each in self.enclosures)
        x, y = self.moves(UpdateNode(k, (parts[0], parts[1]), ()))
        return UpdateNode(k, (parts[0], parts[1]), tuple(self.margins.at(x, y)))

    def moves(self, node: UpdateNode) -> tuple[arb, arb]:
        """Returns balls around x and y at a node."""
        x, y = (arb(0) if part is None else node.k * node.k * part.value for part in node.parts)
        return x, y

    def contraction(self, node: UpdateNode) -> int:
        """Returns -1 where every multiplier is proved smaller than 1 in size, 1 where one is proved not to be, else 0."""
        return _verdict([(m.lower(), m.upper()) for m in node.margins])

    def sign(self, left: UpdateNode, right: UpdateNode) -> int:
        """Returns the same about all of [left.k, right.k]."""
        (x, x_slope), (y, y_slope) = (self._over(i, left, right) for i in (0, 1))
        found = []
        for index, (value, slope) in enumerate(self.margins.along(ball_of(x), ball_of(y), x_slope, y_slope)):
            ends = [Node(node.k, node.margins[index], ()) for node in (left, right)]
            low, high = hermite_range(ends[0], ends[1], slope)
            if value.is_finite():
                low, high = low.max(value.lower()), high.min(value.upper())
            found.append((low, high))
        if not found[0][0] > 0 and not any(high < 0 for _, high in found):
            sign = self._first_sign(left, right, x, y)
            return 1 if sign < 0 else -1 if sign > 0 and all(low > 0 for low, _ in found[1:]) else 0
        return _verdict(found)

    def _over(self, index: int, left: UpdateNode, right: UpdateNode) -> tuple[Range, arb]:
        """Returns bounds of x (or y) over an interval, and a ball around its slope in log k."""
        bounds, a, b = self.enclosures[index], left.parts[index], right.parts[index]
        if bounds is None or a is None or b is None:
            return (arb(0), arb(0)), arb(0)
        k2 = (left.k * left.k).union(right.k * right.k)
        slope = _slope(bounds, a, b, k2)
        low, high = bounds.range(a, b)
        ends = [Node(node.k, node.k * node.k * each.value, ()) for node, each in ((left, a), (right, b))]
        least, most = hermite_range(ends[0], ends[1], slope)
        crude = [(bound * k2).lower() for bound in (low, high)] + [(bound * k2).upper() for bound in (low, high)]
        return (least.max(min(crude)), most.min(max(crude))), slope

    def _first_sign(self, left: UpdateNode, right: UpdateNode, x: Range, y: Range) -> int:
        """Returns the proved sign of P(1) over an interval, or 0: it is x dP/dx + y dP/dy somewhere between 0 and (x, y)."""
        signs = [sign_of_range(*bounds) for bounds in (x, y)]
        if not all(sign or total.is_zero for sign, total in zip(signs, self.sums, strict=True)):
            return 0
        boxes = [low.min(arb(0)).union(high.max(arb(0))) for low, high in (x, y)]
        slopes = self.margins.first_slopes(boxes[0], boxes[1])
        for direction in (-1, 1):
            bound = slope_bound(self.sums, signs, slopes, direction)
            if bound.is_zero:
                continue
            signs_of = enclosure(bound)
            if signs_of.sign(signs_of.node(left.k), signs_of.node(right.k)) == -direction:
                return -direction
        return 0


def _slope(bounds: MeanValueEnclosure, a: Node, b: Node, k2: arb) -> arb:
    """Returns a ball around the slope of k^2 sum in log k, term by term where that is known: k^2 times coulomb's is constant."""
    if not all(isinstance(shape, PositiveShape) for shape, _ in bounds.terms):
        low, high = bounds.range(a, b)
        return k2 * (2 * low.union(high) + bounds.slope(a, b))
    total = arb(0)
    for (_, coefficient), (f0, d0), (f1, d1) in zip(bounds.terms, a.parts, b.parts, strict=True):
        total += ball.real(coefficient) * k2 * f0.union(f1) * (2 + (d0 / f0).union(d1 / f1))
    return total


def sign_of_range(low: arb, high: arb) -> int:
    return 1 if low > 0 else -1 if high < 0 else 0


def slope_bound(sums: tuple[SpectralSum, SpectralSum], signs: list[int], slopes: tuple[arb, arb], direction: int) -> SpectralSum:
    """Returns a sum that is below (direction -1) or above (1) P(1)/k^2 wherever x and y have these signs."""
    bound = SpectralSum(())
    for total, sign, slope in zip(sums, signs, slopes, strict=True):
        bound = bound + total.times(_next_to(slope, direction * sign))
    return bound


def _next_to(slope: arb, direction: int) -> exact.Real:
    """Returns a short exact number next to a ball, above (1) or below (-1) it."""
    point = slope.upper() if direction > 0 else slope.lower()
    step = abs(point).upper() * ball.dyadic(1, 2 - _BITS)
    return ball.exact_point(ball.coarse_point(point + direction * step, _BITS))


def ball_of(bounds: Range) -> arb:
    return bounds[0].union(bounds[1])


def _verdict(found: list[Range]) -> int:
    if all(low > 0 for low, _ in found):
        return -1
    return 1 if any(high < 0 for _, high in found) else 0
