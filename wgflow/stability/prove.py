"""Search for a proof: the sign of a spectral sum at every wavenumber, as a chart of intervals with proved signs.

The chart covers (0, infinity) or a band: an end argument near 0, an adaptive subdivision, an end argument toward infinity.
The search may use any trick; what it finds is plain data that `wgflow.stability.check` replays without it.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import isqrt

from flint import arb

from wgflow.arithmetic import ball
from wgflow.fourier.asymptotics import End, expand
from wgflow.fourier.domain import INDEX_BITS, NODE_BITS, Band, Domain, Period, is_sum_of_squares, modes
from wgflow.fourier.enclose import Enclosure, Node, enclosure, sign_of
from wgflow.fourier.spectral_sum import SpectralSum
from wgflow.record import record
from wgflow.stability.chart import Chart, EndSign, Piece, Region, regions
from wgflow.stability.claim import Mode, Place, exact_value, square, wavenumber
from wgflow.stability.ends import end_sign

PRECISIONS = (128, 512)
MAX_PIECES = 4000
MAX_ENCLOSED_PIECES = 400  # they make cells of a quadrature
MAX_OSCILLATING_PIECES = 1500  # they cost more, and where signs change without end no number is enough
NARROW = -50  # intervals narrower than 2^-50 in log k are left undecided: there a root is enclosed
LOGARITHMIC_FROM = 40  # binary orders below the validity of the expansions from where A L + B is used
CLOSE = -56  # how close to a simple root the cuts around it are placed


class Budget:
    """Counts intervals, so that a search ends."""

    def __init__(self, pieces: int) -> None:
        self.left = pieces

    def spend(self) -> bool:
        self.left -= 1
        return self.left >= 0


def chart(total: SpectralSum, band: Band | None = None, first_only: bool = False) -> Chart:
    """Returns the sign chart of a sum that is not identically zero, over all k > 0 or over a band.

    ``first_only`` ends the search at the first piece that is positive; the chart is then not complete. Raises Undecidable
    where a coefficient has no provable sign.
    """
    zero = infinity = None
    missing: list[End] = []
    if band is not None:
        low, high = _below(band.low), _above(band.high)
    else:
        zero, infinity = end_sign(total, End.ZERO), end_sign(total, End.INFINITY)
        missing = [end for end, found in ((End.ZERO, zero), (End.INFINITY, infinity)) if found is None]
        low = zero.k if zero else _typical(total, End.ZERO, -4 if total.is_enclosed else -40)
        high = infinity.k if infinity else _typical(total, End.INFINITY, 4)
    first = [] if zero is None or band is not None else logarithmic_pieces(total, zero)
    if first and first[-1].high < high:
        low = first[-1].high
    else:
        first = []
    pieces, exhausted = _cover(total, low, high, first_only)
    pieces = merge(first + pieces)
    return Chart(zero, tuple(pieces), infinity, tuple(missing), exhausted)


def _most_pieces(total: SpectralSum) -> int:
    if total.is_log_concave:
        return MAX_PIECES
    return MAX_ENCLOSED_PIECES if total.is_enclosed else MAX_OSCILLATING_PIECES


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


def _cover(total: SpectralSum, low: arb, high: arb, first_only: bool) -> tuple[list[Piece], bool]:
    if not low < high:  # the end arguments overlap
        return [], False
    budget = Budget(_most_pieces(total))
    pieces = _subdivide(total, low, high, PRECISIONS[0], budget, first_only)
    if any(p.sign == 0 for p in pieces) and budget.left > 0:
        again: list[Piece] = []
        for piece in pieces:
            if piece.sign == 0 and not _is_narrow(piece):
                again += _subdivide(total, piece.low, piece.high, PRECISIONS[1], budget, first_only)
            else:
                again.append(piece)
        pieces = again
    return pieces, budget.left < 0


def logarithmic_pieces(total: SpectralSum, zero: EndSign) -> list[Piece]:
    """Returns signs from zero.k to a fixed small k where the leading terms toward 0 are k^p (A L + B), L = log(1/k).

    With A much smaller than B the sign changes at L = -B/A, at wavenumbers such as exp(-10^12) that no subdivision reaches.
    """
    expansion = expand(total, End.ZERO, zero.order)
    main = expansion.main_logarithm
    if main is None:
        return []
    with ball.precision(2 * NODE_BITS):
        slope, constant = main
        _, exponent = expansion.valid.man_exp()
        last = ball.dyadic(1, int(exponent) + expansion.valid.man_exp()[0].bit_length() - LOGARITHMIC_FROM)
        if not zero.k < last:
            return []
        cuts = [zero.k, last]
        root = -constant / slope
        slack = abs(expansion.minor(last) / slope).upper() * 2 + abs(root).upper() * ball.dyadic(1, -100)
        inner = [ball.coarse_point((-(root + s)).exp(), 110) for s in (slack, -slack)]
        if all(zero.k < k < last for k in inner):
            cuts[1:1] = inner
        return [Piece(a, b, expansion.logarithmic_sign(a, b)) for a, b in pairwise(cuts)]


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


def _subdivide(total: SpectralSum, low: arb, high: arb, bits: int, budget: Budget, first_only: bool) -> list[Piece]:
    pieces: list[Piece] = []
    with ball.precision(bits):
        bounds = enclosure(total)
        stack = [(bounds.node(low), bounds.node(high))]
        while stack:
            left, right = stack.pop()
            sign = bounds.sign(left, right) if budget.spend() else 0
            if sign == 0 and budget.left >= 0 and (cuts := _cuts(bounds, left, right)):
                nodes = [left, *cuts, right]
                stack += reversed(list(pairwise(nodes)))
                continue
            pieces.append(Piece(left.k, right.k, sign))
            if first_only and sign > 0:
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
    """Returns two nodes of opposite sign close around the root between ``left`` and ``right``, or fewer where that fails.

    The Illinois method on the balls' midpoints finds the root; the signs of the two nodes beside it are proved.
    """
    a, b, start = arb(0), (right.k / left.k).log(), left.k  # t = log(k/start)
    fa, fb = left.value.mid(), right.value.mid()
    t = b
    for _ in range(40):
        before, t = t, ((a * fb - b * fa) / (fb - fa)).mid()
        if abs(t - before) < ball.dyadic(1, CLOSE):
            break
        f = bounds.node(ball.coarse_point(start * t.exp(), 110)).value.mid()
        if f * fb < 0:
            a, fa = b, fb
        else:
            fa /= 2
        b, fb = t, f
    cuts = []
    for step, side in ((-1, left), (1, right)):
        node = bounds.node(ball.coarse_point(start * (t + step * ball.dyadic(1, CLOSE + 1)).exp(), 110))
        if left.k < node.k < right.k and sign_of(node.value) == sign_of(side.value):
            cuts.append(node)
    return cuts


# --- decisions ----------------------------------------------------------------------------------------------------

MAX_MODES = 2000


@record
class Decision:
    """Whether a sum is negative on the domain. ``grows``: places where it is proved >= 0; ``open``: where it is unknown."""

    chart: Chart | None  # None: the sum is identically zero
    grows: tuple[Place, ...]
    open: tuple[str, ...]

    @property
    def decays(self) -> bool:
        return self.chart is not None and not self.grows and not self.open


def decide(total: SpectralSum, domain: Domain, n: int, first_only: bool = False) -> Decision:
    """Decides whether a sum is negative at every wavenumber of the domain; raises Undecidable.

    ``first_only``: one place where it is not negative is enough; the chart is then not complete.
    """
    if total.is_zero:
        return Decision(None, (some_place(domain),), ())
    if isinstance(domain, Period):  # a positive piece need not hold a mode: the whole chart is needed
        return _decide_modes(total, chart(total), domain, n)
    found = chart(total, domain, first_only)
    grows: list[Place] = []
    unknown: list[str] = []
    for region in regions(found):
        if region.sign > 0:
            grows.append(inner_point(region))
        elif (zero := exact_root(total, region)) is not None:
            grows.append(zero)
        else:
            unknown.append(_between_text(region))
    # Where the sum changes sign it is undecided on a tiny interval; that is no open question of its own.
    return Decision(found, tuple(grows), () if grows else tuple(unknown))


def some_place(domain: Domain) -> Place:
    if isinstance(domain, Period):
        return Mode(1)
    return _above(domain.low) if isinstance(domain, Band) else arb(1)


def inner_point(region: Region) -> arb:
    """Returns an exact point of a region, a normal double of few digits where there is one."""
    low, high = region.low, region.high
    with ball.precision(NODE_BITS):
        tiny, huge = ball.dyadic(1, -1000), ball.dyadic(1, 1000)
        if low is None:
            low = arb(1) / 8 if high is None else high / 8
        if high is None:
            high = low * 8
        if low < tiny < high:
            low = tiny
        if low < huge < high:
            high = huge
        middle = (low * high).sqrt()
        for bits in (4, 8, 16, 30, 53):
            point = ball.coarse_point(middle, bits)
            if low < point < high:
                return point
        return ball.coarse_point(middle, 120)


def exact_root(total: SpectralSum, region: Region) -> arb | None:
    """Returns a double in an undecided region at which the sum is exactly zero, if exact arithmetic shows one.

    Tried are the fractions of small denominator; a rational tangent point such as k = 1 is found this way.
    """
    if region.low is None or region.high is None or not (ball.is_moderate(region.low) and ball.is_moderate(region.high)):
        return None
    low, high = ball.point_fraction(region.low), ball.point_fraction(region.high)
    for denominator in (1, 16, 1024):
        guess = ((low + high) / 2).limit_denominator(denominator)
        power_of_two = guess.denominator & (guess.denominator - 1) == 0
        if low <= guess <= high and guess > 0 and power_of_two:
            value = exact_value(total, guess**2)
            if value is not None and value.is_zero:
                with ball.precision(NODE_BITS):
                    return ball.number(guess).mid()
    return None


def _between_text(region: Region) -> str:
    def text(point: arb) -> str:
        return point.str(6, radius=False)

    if region.low is None:
        return "as k tends to 0"
    if region.high is None:
        return f"beyond k = {text(region.low)}"
    with ball.precision(NODE_BITS):
        narrow = (region.high / region.low).log() < ball.dyadic(1, -20)
    return f"near k = {region.low.str(15, radius=False)}" if narrow else f"for k in [{text(region.low)}, {text(region.high)}]"


def sign_at(total: SpectralSum, place: Place, domain: Domain) -> int | None:
    """Returns the proved sign of a sum at one wavenumber (0 only where it is exactly zero), or None."""
    if total.is_zero:
        return 0
    for bits in (128, 512, 2048):
        with ball.precision(bits):
            node = enclosure(total).node(wavenumber(place, domain))
            if (sign := sign_of(node.value)) != 0:
                return sign
    k2 = square(place, domain)
    value = None if k2 is None else exact_value(total, k2)
    return 0 if value is not None and value.is_zero else None


def _decide_modes(total: SpectralSum, found: Chart, period: Period, n: int) -> Decision:
    with ball.precision(NODE_BITS):
        least = period.wavenumber(1).lower()
    grows: list[Place] = []
    unknown: list[str] = []
    for region in regions(found):
        if region.high is not None and region.high < least:
            continue
        low = least if region.low is None or region.low < least else region.low
        answer = _mode_in(total, period, n, low, region.high)
        if isinstance(answer, Mode):
            grows.append(answer)
        elif answer:
            unknown.append(answer)
    return Decision(found, tuple(grows), () if grows else tuple(unknown))


def _mode_in(total: SpectralSum, period: Period, n: int, low: arb, high: arb | None) -> Mode | str:
    """Returns a mode in [low, high] that does not decay, "" where all are proved to, or where that is not known."""
    for count, m2 in enumerate(modes(period, n, low, high)):
        sign = sign_at(total, Mode(m2), period)
        if sign is not None and sign >= 0 and is_sum_of_squares(m2, n):
            return Mode(m2)
        if sign is None or count >= MAX_MODES:
            return f"for the modes with |m|^2 {'=' if sign is None else '>='} {m2}"
        if sign >= 0:  # positive, but it is not known to be a mode; a perfect square always is one
            with ball.precision(INDEX_BITS):
                root = (isqrt(m2) + 1) ** 2
                inside = high is None or period.wavenumber(root) < high
            if inside and (sign_at(total, Mode(root), period) or -1) > 0:
                return Mode(root)
            return f"for the modes with |m|^2 near {m2}"
    return ""
