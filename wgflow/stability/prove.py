"""Search for a proof: the sign of a spectral sum at every wavenumber, as a chart of intervals with proved signs.

The chart covers (0, infinity) or a band: an end argument near 0, an adaptive subdivision, an end argument toward infinity.
The search may use any trick; what it finds is plain data that `wgflow.stability.check` replays without it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from flint import arb

from wgflow.arithmetic import ball
from wgflow.fourier.asymptotics import End, expand
from wgflow.fourier.domain import NODE_BITS, Band
from wgflow.fourier.enclose import Enclosure, Node, Undecidable, enclosure, sign_of
from wgflow.fourier.spectral_sum import SpectralSum
from wgflow.stability.ends import EndSign, end_sign

PRECISIONS = (128, 512)
MAX_PIECES = 4000
NARROW = -50  # intervals narrower than 2^-50 in log k are left undecided: there a root is enclosed
CLOSE = -56  # how close to a simple root the cuts around it are placed


@dataclass(frozen=True)
class Piece:
    """The sum has ``sign`` on all of [low, high]; 0 where that is not decided. Points are exact."""

    low: arb
    high: arb
    sign: int


@dataclass(frozen=True)
class Chart:
    """Signs over a set of wavenumbers: adjoining pieces, and the behaviour beyond them where the set has no end there."""

    zero: EndSign | None
    pieces: tuple[Piece, ...]
    infinity: EndSign | None
    missing: tuple[End, ...] = ()  # ends that belong to the set and whose sign is not decided
    exhausted: bool = False

    @property
    def signs(self) -> set[int]:
        ends = {e.sign for e in (self.zero, self.infinity) if e is not None}
        return ends | {p.sign for p in self.pieces} | ({0} if self.missing else set())

    @property
    def all_negative(self) -> bool:
        return self.signs == {-1}


class Budget:
    """Counts intervals, so that a search ends."""

    def __init__(self, pieces: int = MAX_PIECES) -> None:
        self.left = pieces

    def spend(self) -> bool:
        self.left -= 1
        return self.left >= 0


def chart(total: SpectralSum, band: Band | None = None, stop: Callable[[int], bool] | None = None) -> Chart:
    """Returns the sign chart of a sum that is not identically zero, over all k > 0 or over a band.

    ``stop(sign)`` may end the search early, when the sign of a new piece already answers the question; the chart is then
    not complete. Raises Undecidable where a coefficient has no provable sign.
    """
    zero = infinity = None
    missing: list[End] = []
    if band is not None:
        low, high = _below(band.low), _above(band.high)
    else:
        zero, infinity = end_sign(total, End.ZERO), end_sign(total, End.INFINITY)
        missing = [end for end, found in ((End.ZERO, zero), (End.INFINITY, infinity)) if found is None]
        low = zero.k if zero else _typical(total, End.ZERO, -40)
        high = infinity.k if infinity else _typical(total, End.INFINITY, 4)
        if high <= low:  # the two ends overlap: any point between serves as their meeting point
            high = low
    pieces, exhausted = _cover(total, low, high, stop)
    return Chart(zero, tuple(pieces), infinity, tuple(missing), exhausted)


def _typical(total: SpectralSum, end: End, shift: int) -> arb:
    """Returns the power of two next to where expansions at the end become valid, times 2^shift."""
    mantissa, exponent = expand(total, end, 1).valid.man_exp()
    return ball.dyadic(1, int(exponent) + mantissa.bit_length() + shift)


def _below(value: Fraction) -> arb:
    with ball.precision(NODE_BITS):
        return ball.number(value).lower()


def _above(value: Fraction) -> arb:
    with ball.precision(NODE_BITS):
        return ball.number(value).upper()


def _cover(
    total: SpectralSum, low: arb, high: arb, stop: Callable[[int], bool] | None
) -> tuple[list[Piece], bool]:
    if not low < high:
        return [], False
    budget = Budget()
    pieces = _subdivide(total, low, high, PRECISIONS[0], budget, stop)
    if any(p.sign == 0 for p in pieces) and budget.left > 0:
        again: list[Piece] = []
        for piece in pieces:
            if piece.sign == 0 and not _is_narrow(piece):
                again += _subdivide(total, piece.low, piece.high, PRECISIONS[1], budget, stop)
            else:
                again.append(piece)
        pieces = again
    return merge(pieces), budget.left < 0


def _is_narrow(piece: Piece) -> bool:
    with ball.precision(NODE_BITS):
        return bool((piece.high / piece.low).log() < arb(2) ** NARROW)


def merge(pieces: list[Piece]) -> list[Piece]:
    """Joins neighbouring undecided pieces; signed ones stay as they were proved."""
    out: list[Piece] = []
    for piece in pieces:
        if out and out[-1].sign == piece.sign == 0:
            out[-1] = Piece(out[-1].low, piece.high, 0)
        else:
            out.append(piece)
    return out


def _subdivide(
    total: SpectralSum, low: arb, high: arb, bits: int, budget: Budget, stop: Callable[[int], bool] | None
) -> list[Piece]:
    pieces: list[Piece] = []
    with ball.precision(bits):
        bounds = enclosure(total)
        stack = [(bounds.node(low), bounds.node(high))]
        while stack:
            left, right = stack.pop()
            sign = bounds.sign(left, right) if budget.spend() else 0
            if sign == 0 and budget.left >= 0 and (cuts := _cuts(bounds, left, right)):
                nodes = [left, *cuts, right]
                stack += reversed(list(zip(nodes, nodes[1:], strict=False)))
                continue
            pieces.append(Piece(left.k, right.k, sign))
            if stop is not None and stop(sign):
                break
    return pieces


def _cuts(bounds: Enclosure, left: Node, right: Node) -> list[Node]:
    """Returns where to cut an undecided interval: tightly around a simple root, else in the middle; none if too narrow."""
    width = (right.k / left.k).log()
    if width < arb(2) ** NARROW:
        return []
    if sign_of(left.value) * sign_of(right.value) < 0 and not bounds.slope(left, right).contains(0):
        cuts = _around_root(bounds, left, right)
        if cuts:
            return cuts
    return [bounds.node(between(left.k, right.k))]


def between(low: arb, high: arb) -> arb:
    """Returns an exact point near the geometric mean, with about as many bits as telling the two apart needs."""
    middle = (low * high).sqrt()
    gap = (high / low).log()
    bits = 12 if gap > arb(2) ** -6 else 110
    point = ball.coarse_point(middle, bits)
    return point if low < point < high else ball.coarse_point(middle, 120)


def _around_root(bounds: Enclosure, left: Node, right: Node) -> list[Node]:
    """Returns two nodes of opposite sign close around the root between ``left`` and ``right`` (Illinois method)."""
    a, b = left, right
    fa, fb = a.value.mid(), b.value.mid()
    for _ in range(60):
        if (b.k / a.k).log() < arb(2) ** NARROW:
            break
        t = fa / (fa - fb)
        k = ball.coarse_point(a.k * ((b.k / a.k).log() * t).exp(), 110)
        spread = k * arb(2) ** CLOSE
        inner = [bounds.node(ball.coarse_point(k + s, 120)) for s in (-spread, spread)]
        for node in inner:
            if not (a.k < node.k < b.k) or sign_of(node.value) == 0:
                continue
            if sign_of(node.value) == sign_of(a.value):
                a, fa, fb = node, node.value.mid(), fb / 2
            else:
                b, fb, fa = node, node.value.mid(), fa / 2
    cuts = [node for node in (a, b) if node is not left and node is not right]
    return cuts
