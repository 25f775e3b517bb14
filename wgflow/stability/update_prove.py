"""Search for a proof that training contracts every mode, as a chart of intervals of k with proved signs.

Signs are those of `wgflow.stability.chart`: -1 where every multiplier is smaller than 1 in size, 1 where one is not.
"""

from __future__ import annotations

import itertools
from heapq import heappop, heappush

from flint import arb

from wgflow.arithmetic import ball
from wgflow.fourier.asymptotics import End, expand
from wgflow.fourier.domain import INDEX_BITS, NODE_BITS, Band, Period, is_sum_of_squares, modes
from wgflow.record import record
from wgflow.stability import prove
from wgflow.stability.chart import Chart, Piece, Region, regions
from wgflow.stability.claim import Mode, Place, wavenumber
from wgflow.stability.prove import MAX_MODES, between, inner_point, merge
from wgflow.stability.update_bounds import Training, UpdateBounds, UpdateNode
from wgflow.stability.update_ends import contraction_at, line_of

PRECISIONS = (128, 512)
MAX_PIECES, MAX_ENCLOSED_PIECES = 1000, 300
NARROW = 2.0**-44  # intervals narrower than this in log k are left undecided: there an end of stability is enclosed
_MARGIN = 40  # powers of two beyond the expansions' range to which the search goes where an end is not decided


@record
class Contraction:
    """Whether every mode of the domain contracts. ``fails``: places where a multiplier is proved >= 1 in size; ``open``: where
    it is not known. ``chart``: None where a multiplier is 1 at every mode."""

    chart: Chart | None
    fails: tuple[Place, ...]
    open: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return self.chart is not None and not self.fails and not self.open


def contraction(training: Training, first_only: bool = False) -> Contraction:
    """Returns whether a training contracts every mode; raises Undecidable.

    ``first_only``: one place where it does not is enough; the chart is then not complete.
    """
    domain = training.discriminator.domain
    if _is_neutral(training):
        return Contraction(None, (_some_place(domain),), ())
    found = _chart(training, first_only and not isinstance(domain, Period))
    fails: list[Place] = []
    unknown: list[str] = []
    for region in regions(found):
        answer = _in_region(training, region)
        if isinstance(answer, str):
            unknown += [answer] if answer else []
        else:
            fails.append(answer)
    return Contraction(found, tuple(fails), () if fails else tuple(unknown))


def _is_neutral(training: Training) -> bool:
    """Tells whether a multiplier is exactly 1 at every mode: nothing moves, or both players cancel."""
    if all(total.is_zero for total in training.sums):
        return True
    line = line_of(training)
    return line is not None and any(not margin for margin in line.polynomials(training.rule))


def _some_place(domain: object) -> Place:
    if isinstance(domain, Band):
        return ball.number(domain.low).upper()
    return Mode(1) if isinstance(domain, Period) else arb(1)


def _in_region(training: Training, region: Region) -> Place | str:
    """Returns a place of a region that is not proved to contract: one that fails, or words; "" where it has no mode."""
    domain = training.discriminator.domain
    if isinstance(domain, Period):
        return _mode_in(training, region, domain)
    if region.sign > 0:
        return inner_point(region)
    line = line_of(training)
    if line is not None and (zero := prove.exact_root(line.total, region)) is not None:
        return zero
    return next((k for k in _outward(region) if sign_at(training, k) > 0), None) or _words(region)


def _outward(region: Region) -> list[arb]:
    """Returns points of a region that has no end, toward where it has none."""
    if region.low is not None and region.high is not None:
        return []
    start, step = (region.low, 2) if region.low is not None else (region.high, -2)
    return [] if start is None else [start * ball.dyadic(1, step * i) for i in range(1, 20)]


def _words(region: Region) -> str:
    if region.low is None:
        return "as k tends to 0"
    if region.high is None:
        return f"beyond k = {region.low.str(6, radius=False)}"
    with ball.precision(NODE_BITS):
        narrow = (region.high / region.low).log() < ball.dyadic(1, -20)
    low, high = (point.str(15 if narrow else 6, radius=False) for point in (region.low, region.high))
    return f"near k = {low}" if narrow else f"for k in [{low}, {high}]"


def sign_at(training: Training, place: Place) -> int:
    """Returns -1 where the mode is proved to contract, 1 where it is proved not to, else 0."""
    for bits in PRECISIONS:
        with ball.precision(bits):
            bounds = UpdateBounds(training)
            sign = bounds.contraction(bounds.node(wavenumber(place, training.discriminator.domain)))
        if sign:
            return sign
    line = line_of(training)
    still = line is not None and prove.sign_at(line.total, place, training.discriminator.domain) == 0
    return 1 if still else 0  # neither player moves the mode: a multiplier is 1


def _mode_in(training: Training, region: Region, period: Period) -> Place | str:
    n = training.discriminator.dim
    with ball.precision(INDEX_BITS):
        least = period.wavenumber(1).lower()
    if region.high is not None and region.high < least:
        return ""
    low = least if region.low is None or region.low < least else region.low
    for count, m2 in enumerate(modes(period, n, low, region.high)):
        sign = sign_at(training, Mode(m2))
        if sign > 0 and is_sum_of_squares(m2, n):
            return Mode(m2)
        if sign >= 0 or count >= MAX_MODES:
            return f"for the modes with |m|^2 {'>=' if sign < 0 else '='} {m2}"
    return ""


# --- the chart ----------------------------------------------------------------------------------------------------


def _chart(training: Training, first_only: bool) -> Chart:
    domain = training.discriminator.domain
    zero = infinity = None
    ends = [] if isinstance(domain, Band) else [End.INFINITY] if isinstance(domain, Period) else list(End)
    zero = contraction_at(training, End.ZERO) if End.ZERO in ends else None
    infinity = contraction_at(training, End.INFINITY) if ends else None
    with ball.precision(NODE_BITS):
        if isinstance(domain, Band):
            low, high = ball.number(domain.low).lower(), ball.number(domain.high).upper()
        else:
            low = domain.wavenumber(1).lower() if isinstance(domain, Period) else zero.k if zero else _typical(training, End.ZERO)
            high = infinity.k if infinity else _typical(training, End.INFINITY)
    if first_only and any(found is not None and found.sign > 0 for found in (zero, infinity)):
        return Chart(zero, (), infinity)
    missing = [end for end in ends if (zero if end is End.ZERO else infinity) is None]
    pieces, exhausted = _cover(training, low, high, first_only)
    return Chart(zero, tuple(merge(pieces)), infinity, tuple(missing), exhausted)


def _typical(training: Training, end: End) -> arb:
    """Returns a power of two well beyond where the sums' expansions become valid."""
    exponents = []
    for total in training.sums:
        if not total.is_zero:
            mantissa, exponent = expand(total, end, 1).valid.man_exp()
            exponents.append(int(exponent) + mantissa.bit_length())
    return ball.dyadic(1, min(exponents) - _MARGIN if end is End.ZERO else min(_MARGIN, max(exponents) + 4))


def _cover(training: Training, low: arb, high: arb, first_only: bool) -> tuple[list[Piece], bool]:
    if not low < high:
        return [], False
    left = MAX_ENCLOSED_PIECES if any(total.is_enclosed for total in training.sums) else MAX_PIECES
    pieces: list[Piece] = []
    with ball.precision(PRECISIONS[0]):
        bounds = UpdateBounds(training)
        a, b = bounds.node(low), bounds.node(high)
        count = itertools.count()  # pieces of one width are never compared
        todo = [(-_width(a, b), next(count), a, b)]  # the widest first, so that what is left at the end is narrow
        while todo:
            width, _, a, b = heappop(todo)
            left -= 1
            sign = bounds.sign(a, b) if left >= 0 else 0
            if sign == 0 and left >= 0 and -width > NARROW:
                middle = bounds.node(between(a.k, b.k))
                for one, other in ((a, middle), (middle, b)):
                    heappush(todo, (-_width(one, other), next(count), one, other))
                continue
            pieces.append(Piece(a.k, b.k, sign))
            if first_only and sign > 0:
                break
    return sorted(pieces, key=lambda piece: ball.Midpoint(piece.low)), left < 0


def _width(a: UpdateNode, b: UpdateNode) -> float:
    return float((b.k / a.k).log().mid())
