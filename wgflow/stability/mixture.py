"""The sign of a signed mixing measure: search. Atoms are compared exactly; the density gets a sign chart in t.

Toward t = 0 the leading term of an exact expansion exceeds all others together from some t on; toward infinity the same
is asked of the density as a function of 1/t. Between, h = log P - log N for the positive and negative parts P and N is
enclosed over intervals: the logarithm of each term is concave in log t, so its ends bound it and its slope.
"""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from wgflow.arithmetic import ball, exact
from wgflow.arithmetic.ball_ops import OPS
from wgflow.fourier.asymptotics import End, Undecidable
from wgflow.fourier.domain import NODE_BITS
from wgflow.fourier.enclose import Node, hermite_range, log_sum_exp
from wgflow.kernels.mixing import Density, GammaShape, MixingMeasure, Size, expansion, inverted
from wgflow.record import record
from wgflow.stability.chart import Chart, EndSign, Piece

ORDERS = (1, 2, 4, 8, 16)
MOST_CELLS = 6000
LEAST_WIDTH = ball.dyadic(1, -34)  # of an interval of log t
FARTHEST = 2**90  # an end argument begins at t = 2^-this at the least
NEAREST = 4096  # and no later than at t = 2^this


@record
class Decision:
    """The sign of a measure: ``chart`` of its density (None where it has none), where it is positive, where it is open."""

    chart: Chart | None
    positive_atoms: tuple[Fraction, ...]
    open: tuple[str, ...]
    is_zero: bool

    @property
    def positive_pieces(self) -> tuple[arb, ...]:
        """A point t in each part of the chart where the density is proved to be positive."""
        if self.chart is None:
            return ()
        points = [_between(p.low, p.high) for p in self.chart.pieces if p.sign > 0]
        points += [e.k for e in (self.chart.zero, self.chart.infinity) if e is not None and e.sign > 0]
        return tuple(points)

    @property
    def is_positive(self) -> bool:
        """Whether a part is proved to be positive."""
        return bool(self.positive_atoms or self.positive_pieces)

    @property
    def is_nonpositive(self) -> bool:
        """Whether no part is positive, proved."""
        return not self.open and not self.is_positive


def decide(measure: MixingMeasure) -> Decision:
    """Returns where a signed measure is positive; raises Undecidable where a coefficient or an end has no proved sign."""
    signs = [(t, proved_sign(weight)) for t, weight in measure.atoms]
    chart = sign_chart(measure.density) if measure.density else None
    return Decision(chart, tuple(t for t, sign in signs if sign > 0), _open(chart), measure.is_zero)


def _open(chart: Chart | None) -> tuple[str, ...]:
    if chart is None:
        return ()
    return tuple(f"for t near {_between(p.low, p.high).str(6, radius=False)}" for p in chart.pieces if p.sign == 0)


def proved_sign(value: exact.Real) -> int:
    """Returns the sign of an exact real; raises Undecidable where 4096 bits do not prove it."""
    sign = ball.sign(value)
    if sign is None:
        raise Undecidable("a coefficient of the mixing measure has no sign that 4096 bits can prove")
    return sign


def _between(low: arb, high: arb) -> arb:
    """Returns an exact point near the geometric mean."""
    with ball.precision(NODE_BITS):
        return ball.coarse_point((low * high).sqrt(), 50)


# --- the ends -----------------------------------------------------------------------------------------------------


def leading(density: Density, end: End) -> tuple[Size, exact.Real]:
    """Returns (size, coefficient) of the leading term toward an end, in t toward 0, in 1/t toward infinity."""
    toward = density if end is End.ZERO else inverted(density)
    for order in ORDERS:
        terms, rests = expansion(toward, order)
        if terms and all(min(terms) < size for size, _ in rests):
            return min(terms), terms[min(terms)]
    raise Undecidable(f"more than {ORDERS[-1]} orders of the mixing density cancel toward t = {end.value}")


def _end(density: Density, end: End) -> EndSign:
    """Returns the sign toward an end, from a power of two on."""
    _, coefficient = leading(density, end)
    sign = proved_sign(coefficient)
    toward = density if end is End.ZERO else inverted(density)
    found = None
    for order in ORDERS:
        terms, rests = expansion(toward, order)
        if terms and all(min(terms) < size for size, _ in rests):
            power = _reach(terms, rests)
            if power is not None and (found is None or power < found[0] - 2):
                found = power, order
    if found is None:
        raise Undecidable(f"the mixing density has no sign that is proved toward t = {end.value}")
    return EndSign(end, sign, ball.dyadic(1, -found[0] if end is End.ZERO else found[0]), found[1])


def _reach(terms: dict[Size, exact.Real], rests: list[tuple[Size, exact.Real]]) -> int | None:
    """Returns an e such that the leading term exceeds all others for 0 < t <= 2^-e: the least one, or nearly so."""
    low, high = -64, 64
    if not _leads(terms, rests, high):
        low = high
        while not _leads(terms, rests, high := 2 * high):
            low = high
            if high > FARTHEST:
                return None
    else:
        while low > -NEAREST and _leads(terms, rests, low):
            low *= 2
    while high - low > max(1, abs(high) >> 8):
        middle = (low + high) // 2
        low, high = (low, middle) if _leads(terms, rests, middle) else (middle, high)
    return high


def _leads(terms: dict[Size, exact.Real], rests: list[tuple[Size, exact.Real]], power: int) -> bool:
    """Whether the opposing terms, at t = 2^-power, are together less than the leading one, and fall relative to it below."""
    lead = min(terms)
    with ball.precision(NODE_BITS):
        coefficient = ball.real(terms[lead])
        t = ball.dyadic(1, -power)
        total = arb(0)
        opposing = [(size, abs(ball.real(c))) for size, c in terms.items() if not ball.real(c) * coefficient > 0]
        for (b, p), bound in opposing + [(size, abs(ball.real(c))) for size, c in rests]:
            more_b, more_p = ball.number(b - lead[0]), ball.number(p - lead[1])
            if not more_p + more_b / t >= 0:
                return False
            total += bound * (more_p * t.log() - more_b / t).exp()
        return bool(total < abs(coefficient))


# --- between ------------------------------------------------------------------------------------------------------


def sign_chart(density: Density) -> Chart:
    """Returns the signs of a density (not identically zero) on all t > 0; 0 on intervals where no sign is proved."""
    signs = {proved_sign(c) for _, c in density}
    if len(signs) == 1:  # the end arguments hold from anywhere on
        return Chart(EndSign(End.ZERO, min(signs), arb(1), 1), (), EndSign(End.INFINITY, min(signs), arb(1), 1))
    zero, infinity = (_end(density, end) for end in End)
    if zero.k >= infinity.k:
        return Chart(zero, (), infinity)
    with ball.precision(NODE_BITS):
        cells = _Cells(density)
        pieces: list[Piece] = []
        todo = [(cells.node(zero.k), cells.node(infinity.k))]
        for _ in range(MOST_CELLS):
            if not todo:
                break
            left, right = todo.pop()
            sign = cells.sign(left, right)
            if sign or (right.k / left.k).log() < LEAST_WIDTH:
                pieces.append(Piece(left.k, right.k, sign))
            else:
                middle = cells.node(_between(left.k, right.k))
                todo += [(middle, right), (left, middle)]
        pieces += [Piece(left.k, right.k, 0) for left, right in reversed(todo)]
    return Chart(zero, tuple(_joined(pieces)), infinity)


def _joined(pieces: list[Piece]) -> list[Piece]:
    """Joins neighbours of one sign."""
    out: list[Piece] = []
    for piece in pieces:
        if out and out[-1].sign == piece.sign:
            out[-1] = Piece(out[-1].low, piece.high, piece.sign)
        else:
            out.append(piece)
    return out


class _Cells:
    """Signs over intervals of t of a density with terms of both signs; a factor that all have in common is taken out."""

    def __init__(self, density: Density) -> None:
        p, a, b = (min(getattr(shape, name) for shape, _ in density) for name in ("p", "a", "b"))
        plus: list[tuple[GammaShape, exact.Real]] = []
        minus: list[tuple[GammaShape, exact.Real]] = []
        for shape, coefficient in density:
            reduced = GammaShape(shape.p - p, shape.a - a, shape.b - b)
            sign = proved_sign(coefficient)
            (plus if sign > 0 else minus).append((reduced, coefficient * sign))
        self.terms, self.plus = plus + minus, len(plus)

    def node(self, t: arb) -> Node:
        parts = tuple((s.log_value(OPS, t) + ball.real(c).log(), s.log_slope(OPS, t)) for s, c in self.terms)
        values = [v for v, _ in parts]
        return Node(t, log_sum_exp(values[: self.plus]) - log_sum_exp(values[self.plus :]), parts)

    def sign(self, left: Node, right: Node) -> int:
        """Returns the proved sign on all of [left.k, right.k], or 0."""
        width = (right.k / left.k).log()
        cut = self.plus
        slope = _mean_slope(left.parts[:cut], right.parts[:cut], width)
        slope -= _mean_slope(left.parts[cut:], right.parts[cut:], width)
        low, high = hermite_range(left, right, slope)
        return 1 if low > 0 else -1 if high < 0 else 0


Parts = tuple[tuple[arb, arb], ...]


def _mean_slope(left: Parts, right: Parts, width: arb) -> arb:
    """Encloses the logarithmic slope of a sum of terms with falling slopes: the mean of their slopes weighted by size."""
    slopes = [a.union(b) for (_, a), (_, b) in zip(left, right, strict=True)]
    if len(slopes) == 1:
        return slopes[0]
    top = max(v.mid() for v, _ in left + right)
    least = [(v.min(w) - top).exp() for (v, _), (w, _) in zip(left, right, strict=True)]
    most = [(_highest(one, two, width) - top).exp() for one, two in zip(left, right, strict=True)]
    all_least, all_most = sum(least, arb(0)), sum(most, arb(0))
    weights = [
        (low / (low + (all_most - high))).union(high / (high + (all_least - low))) for low, high in zip(least, most, strict=True)
    ]
    sizes = [w.mid() for w in weights]
    centre = slopes[sizes.index(max(sizes))].mid()
    mean = centre + sum((w * (s - centre) for w, s in zip(weights, slopes, strict=True)), arb(0))
    hull = slopes[0]
    for s in slopes[1:]:
        hull = hull.union(s)
    return hull.intersection(mean) if mean.is_finite() else hull  # both contain it; NaN weights (0/0) leave the hull


def _highest(left: tuple[arb, arb], right: tuple[arb, arb], width: arb) -> arb:
    """Bounds a concave function over an interval from above, by its tangents at both ends."""
    (v, rise), (w, fall) = left, right
    return (v.max(v + rise * width)).min(w.max(w - fall * width)).upper()
