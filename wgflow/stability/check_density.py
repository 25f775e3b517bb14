"""The independent check of the signs of a mixing measure.

Signs over an interval come from a Taylor polynomial of second order in log t of the density divided by one of its terms,
where the search (`mixture`) compares logarithms of sums. Shared with it are the formulas and expansions in `kernels`.
"""

from __future__ import annotations

from flint import arb

from wgflow.arithmetic import ball, exact
from wgflow.arithmetic.ball_ops import OPS
from wgflow.fourier.asymptotics import End
from wgflow.kernels.mixing import Density, GammaShape, MixingMeasure, Size, expansion, inverted
from wgflow.stability.chart import Chart, EndSign, Piece
from wgflow.stability.verified import Refused, require

CHECK_BITS = 192
WORK = 3000  # intervals looked at for one chart, at least
WORK_PER_PIECE = 20
ORDERS = (1, 2, 4, 8, 16)


def require_nonpositive(measure: MixingMeasure, chart: Chart | None) -> None:
    require(all(ball.sign(weight) in (-1, 0) for _, weight in measure.atoms), "an atom is not proved to be negative")
    require_signs(measure.density, chart)
    require(chart is None or chart.all_negative, "the chart leaves t where the density is not negative")


def has_positive_part(measure: MixingMeasure, chart: Chart | None) -> bool:
    """Whether an atom is positive or a chart (of signs that hold) shows the density to be positive somewhere."""
    return any(ball.sign(w) == 1 for _, w in measure.atoms) or (chart is not None and 1 in chart.signs)


def require_signs(density: Density, chart: Chart | None) -> None:
    """Requires that a chart covers all t > 0 and that each of its signs holds."""
    require((chart is None) == (not density), "the chart and the density do not match")
    if chart is None:
        return
    zero, infinity, pieces = chart.zero, chart.infinity, chart.pieces
    require(not chart.missing, "the chart misses an end")
    if zero is None or infinity is None:
        raise Refused("the chart says nothing about an end")
    start, stop = (pieces[0].low, pieces[-1].high) if pieces else (zero.k, zero.k)
    require(bool(zero.k > 0) and bool(infinity.k > 0), "an end argument begins at no t > 0")
    require(bool(start <= zero.k) and bool(stop >= infinity.k), "the chart has a gap")
    with ball.precision(CHECK_BITS):
        for end in (zero, infinity):
            _require_end(density, end)
        work = [WORK + WORK_PER_PIECE * len(pieces)]
        for piece in pieces:
            require(bool(piece.low > 0), "the chart has t <= 0")
            if piece.sign and not _holds(density, piece, work):
                raise Refused(f"the sign near t = {piece.low.str(6, radius=False)} does not hold")


def _require_end(density: Density, stated: EndSign) -> None:
    """Requires the sign from t to the end: all terms have it, or the leading one exceeds those against it, which fall."""
    what = f"the sign toward t = {stated.end.value} does not hold"
    if all(ball.sign(c) == stated.sign for _, c in density):
        return
    terms, rests = expansion(*_toward(density, stated.end), stated.order)
    size, lead = _leading(terms, rests)
    require(ball.sign(lead) == stated.sign, what)
    u = stated.k if stated.end is End.ZERO else 1 / stated.k
    against = [(s, c) for s, c in terms.items() if s != size and ball.sign(c) != stated.sign] + rests
    total = arb(0)
    for (b, p), coefficient in against:
        db, dp = ball.number(b - size[0]), ball.number(p - size[1])
        # u^dp exp(-db/u) with db >= 0 rises in u up to u = db/(-dp), and everywhere where dp >= 0
        require(bool(dp >= 0) or bool(-dp * u <= db), what)
        total += abs(ball.real(coefficient)) * u**dp * (-db / u).exp()
    require(bool(total < abs(ball.real(lead))), what)


def _toward(density: Density, end: End) -> tuple[Density]:
    return (density if end is End.ZERO else inverted(density),)


def _leading(terms: dict[Size, exact.Real], rests: list[tuple[Size, exact.Real]]) -> tuple[Size, exact.Real]:
    """Returns the leading term toward 0 of an expansion; raises Refused where the rests may hide it."""
    require(bool(terms), "the leading term is not known")
    size = min(terms)
    require(all(size < other for other, _ in rests), "the leading term is not known")
    return size, terms[size]


def _holds(density: Density, piece: Piece, work: list[int]) -> bool:
    """Whether the density has the piece's sign on all of it; ``work`` is what is left of the intervals to look at."""
    todo = [(piece.low, piece.high)]
    while todo:
        low, high = todo.pop()
        work[0] -= 1
        if work[0] < 0:
            return False
        middle = ball.coarse_point((low * high).sqrt(), 60)
        if not _taylor(density, low, middle, high, piece.sign):
            if not low < middle < high:
                return False
            todo += [(low, middle), (middle, high)]
    return True


def _taylor(density: Density, low: arb, middle: arb, high: arb, sign: int) -> bool:
    """Whether f = density/(a term of this sign) > 0 on [low, high], by f(m) + f'(m) x + f''([low, high]) x^2/2, x = log t/m."""
    own = [(shape, c) for shape, c in density if ball.real(c) * sign > 0]
    if not own:
        return False
    shape, lead = max(own, key=lambda term: ball.Midpoint(term[0].log_value(OPS, middle) + abs(ball.real(term[1])).log()))
    whole = low.union(high)
    reach = (high / middle).log().max((middle / low).log()).upper()
    x = arb(0, reach)
    value, slope, curve = arb(0), arb(0), arb(0)
    for other, coefficient in density:
        relative = GammaShape(other.p - shape.p, other.a - shape.a, other.b - shape.b)
        weight, log_at = ball.real(coefficient) / ball.real(lead), relative.log_value(OPS, middle)
        at, everywhere = relative.log_slope(OPS, middle), relative.log_slope(OPS, whole)
        q, q_everywhere = log_at.exp(), (log_at + everywhere * x).exp()
        bend = -ball.number(relative.a) * whole - ball.number(relative.b) / whole
        value += weight * q
        slope += weight * q * at
        curve += weight * q_everywhere * (everywhere * everywhere + bend)
    return bool(value + slope * x + curve * (reach * reach / 2).union(arb(0)) > 0)


def leading_term(density: Density, end: End) -> tuple[Size, exact.Real]:
    """Returns the leading term toward an end."""
    for order in ORDERS:
        try:
            return _leading(*expansion(*_toward(density, end), order))
        except Refused:
            continue
    raise Refused(f"the leading term toward t = {end.value} is not known")
