"""Contraction of all modes near k = 0 and toward infinity.

There x and y tend to limits. Where a limit is not zero, all margins are enclosed over a box around the limits. Where both
are zero every multiplier tends to 1 or to 0 or a momentum, so that P(1) tends to 0; by the mean value theorem

    P(1) = x D + y G,    D and G in the ranges of dP(1)/dx and dP(1)/dy over the box

and its sign follows from that of a spectral sum: the flow's, with the learning rates' effect bounded. Where x or y has no
bound, the margins' highest powers decide. Where both are multiples of one sum, the margins are polynomials in one number.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import inf

from flint import arb

from wgflow.arithmetic import ball, exact
from wgflow.fourier.asymptotics import WORKING_BITS, End, expand
from wgflow.fourier.spectral_sum import SpectralSum
from wgflow.kernels.shape import Power
from wgflow.record import record
from wgflow.stability.chart import EndSign
from wgflow.stability.ends import end_sign, size_beyond
from wgflow.stability.feasible import are_proportional
from wgflow.stability.update_bounds import Training, slope_bound
from wgflow.stability.update_margins import BallMargins, exact_margins
from wgflow.stability.update_rule import Rule

INVERSE_SQUARE = SpectralSum(((Power(Fraction(2)), exact.number(1)),))  # k^2 times it is 1
STEPS = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, *(2**j for j in range(4, 40)))
Polynomial = list[arb]  # coefficients, the constant first


@record
class _Limit:
    """k^2 sum -> ``value`` at an end; ``rest`` is the sum without what makes the limit. size: inf where there is no bound."""

    value: exact.Real
    rest: SpectralSum
    size: float = 0.0


@record
class Line:
    """x = a t and y = b t with one t = k^2 total."""

    total: SpectralSum
    a: Fraction
    b: Fraction

    def polynomials(self, rule: Rule) -> list[dict[int, Fraction]]:
        """Returns the margins as polynomials in t, by power, without zeros."""
        out = []
        for coefficients in exact_margins(rule):
            found: dict[int, Fraction] = {}
            for (i, j), c in coefficients.items():
                found[i + j] = found.get(i + j, Fraction(0)) + c * self.a**i * self.b**j
            out.append({power: c for power, c in found.items() if c})
        return out


def line_of(training: Training) -> Line | None:
    """Returns the one sum of which x and y are multiples, None where they are not; one of them is not zero."""
    x, y = training.sums
    if x.is_zero:
        return Line(y, Fraction(0), Fraction(1))
    if y.is_zero or not are_proportional(y, x):
        return Line(x, Fraction(1), Fraction(0)) if y.is_zero else None
    shape, bottom = x.terms[0]
    top = dict(y.terms)[shape]
    (monomial, weight), *others = bottom.terms.items()
    ratio = top.terms.get(monomial, Fraction(0)) / weight
    return Line(x, Fraction(1), ratio) if not others and (y - x.times(exact.number(ratio))).is_zero else None


def contraction_at(training: Training, end: End) -> EndSign | None:
    """Returns where, up to (from) a wavenumber, every mode contracts (sign -1) or none does (1); None: neither is shown."""
    with ball.precision(WORKING_BITS):
        limits = [_limit(total, end) for total in training.sums]
        line = line_of(training)
        whole = None if line is None else _limit(line.total, end)
        if line is not None and whole is not None and (whole.size or whole.value.is_zero):
            return _on_line(training.rule, line, end)
        if not any(limit.size for limit in limits):
            return _bounded(training, end, limits[0], limits[1])
        return _unbounded(training, end, limits[0], limits[1])


def has_no_bound(training: Training, end: End) -> bool:
    """Tells whether the growth rate of a player that trains is unbounded at an end."""
    with ball.precision(WORKING_BITS):
        return any(_limit(total, end).size for total in training.sums)


def _limit(total: SpectralSum, end: End) -> _Limit:
    leading = None if total.is_zero else expand(total, end, 2).leading
    if leading is None:  # zero; or a rest hides it, as where a transform oscillates
        return _Limit(exact.ZERO, total)
    (q, _), power, logs, coefficient = leading
    toward = power + 2 if end is End.ZERO else -power - 2
    if q or toward > 0:
        return _Limit(exact.ZERO, total)
    if toward < 0 or logs:
        return _Limit(exact.ZERO, total, inf)
    return _Limit(coefficient, total - INVERSE_SQUARE.times(coefficient))


def _points(totals: tuple[SpectralSum, ...], end: End) -> list[arb]:
    """Returns powers of two from where the expansions are valid on toward the end."""
    valid = [expand(total, end, 1).valid for total in totals if not total.is_zero]
    mantissa, exponent = (min(valid) if end is End.ZERO else max(valid)).man_exp()
    first = int(exponent) + mantissa.bit_length() - (1 if end is End.ZERO else 0)
    return [ball.dyadic(1, first + (-step if end is End.ZERO else step)) for step in STEPS]


def _outer(end: End, points: list[arb]) -> arb:
    """Returns the point nearest to the end."""
    return min(points) if end is End.ZERO else max(points)


def _box(limit: _Limit, end: End, k: arb) -> arb | None:
    """Returns a ball around k^2 sum at k and everywhere beyond it."""
    if limit.rest.is_zero:
        return ball.real(limit.value)
    size = size_beyond(limit.rest, end, k, 2)
    return None if size is None else ball.real(limit.value) + arb(0, size)


# --- both have limits ---------------------------------------------------------------------------------------------


def _bounded(training: Training, end: End, x: _Limit, y: _Limit) -> EndSign | None:
    to_zero = x.value.is_zero and y.value.is_zero
    margins = BallMargins(training.rule)
    for k in _points(training.sums, end):
        boxes = _box(x, end, k), _box(y, end, k)
        if boxes[0] is None or boxes[1] is None:
            continue
        found = margins.at(boxes[0], boxes[1])
        if any(margin < 0 for margin in found):
            return EndSign(end, 1, k, 1)
        if not all(margin > 0 for margin in found[1 if to_zero else 0 :]):
            continue
        if not to_zero:
            return EndSign(end, -1, k, 1)
        if (answer := _near_one(training, end, k, (boxes[0], boxes[1]))) is not None:
            return answer
    return None


def _near_one(training: Training, end: End, k: arb, boxes: tuple[arb, arb]) -> EndSign | None:
    """Returns the sign of P(1) beyond k, where x and y tend to 0 within boxes around it, from sums that bound it."""
    known = [end_sign(total, end) for total in training.sums]
    if known[0] is None or known[1] is None:
        return None
    slopes = BallMargins(training.rule).first_slopes(*boxes)
    for direction in (-1, 1):  # below P(1), where it must be positive; above it, where it must be negative
        bound = slope_bound(training.sums, [known[0].sign, known[1].sign], slopes, direction)
        found = None if bound.is_zero else end_sign(bound, end)
        if found is not None and found.sign == -direction:
            return EndSign(end, direction, _outer(end, [found.k, k, known[0].k, known[1].k]), found.order)
    return None


# --- one of them has none -----------------------------------------------------------------------------------------


def _unbounded(training: Training, end: End, x: _Limit, y: _Limit) -> EndSign | None:
    """Where one of x, y grows without bound and the other has one: a margin becomes negative as its highest power does."""
    if x.size and y.size:
        return None
    index, other = (0, y) if x.size else (1, x)
    total = training.sums[index]
    known = end_sign(total, end)
    for k in _points(training.sums, end) if known is not None else []:
        box = _box(other, end, k)
        if box is None or known is None:
            continue
        sums = [_in_one(margin, index, box) for margin in exact_margins(training.rule)]
        size = _first(lambda size: any(_beyond(p, known.sign, size) < 0 for p in sums))  # noqa: B023  (called at once)
        found = None if size is None else _larger_than(total, known.sign, size, end)
        if found is not None:
            return EndSign(end, 1, _outer(end, [found.k, k, known.k]), found.order)
    return None


def _in_one(margin: dict[tuple[int, int], Fraction], index: int, other: arb) -> Polynomial:
    """Returns a margin as a polynomial in x (index 0) or y (1), the other in a box."""
    degree = max(powers[index] for powers in margin)
    out = [arb(0)] * (degree + 1)
    raised = [arb(1)]
    for _ in range(max(powers[1 - index] for powers in margin)):
        raised.append(raised[-1] * other)
    for powers, c in margin.items():
        out[powers[index]] += ball.number(c) * raised[powers[1 - index]]
    return out


def _first(holds: Callable[[arb], bool]) -> arb | None:
    """Returns the first power of two of a list for which something holds."""
    return next((size for size in (ball.dyadic(1, e) for e in range(-8, 64)) if holds(size)), None)


def _beyond(coefficients: Polynomial, sign: int, size: arb) -> int:
    """Returns the proved sign of a polynomial at all t with |t| >= size of one sign: that of its highest term, or 0."""
    top = coefficients[-1]
    rest = sum((abs(c) * size**i for i, c in enumerate(coefficients[:-1])), arb(0))
    if not rest < abs(top) * size ** (len(coefficients) - 1):
        return 0
    return (1 if top > 0 else -1) * sign ** (len(coefficients) - 1)


def _larger_than(total: SpectralSum, sign: int, size: arb, end: End) -> EndSign | None:
    """Returns from where on sign k^2 sum > size."""
    excess = total.times(exact.number(sign)) - INVERSE_SQUARE.times(ball.exact_point(size))
    found = None if excess.is_zero else end_sign(excess, end)
    return found if found is not None and found.sign > 0 else None


# --- both are multiples of one sum --------------------------------------------------------------------------------


def _on_line(rule: Rule, line: Line, end: End) -> EndSign | None:
    limit, known = _limit(line.total, end), end_sign(line.total, end)
    if known is None:
        return None
    sums = line.polynomials(rule)
    if limit.size:
        dense = [[ball.number(p.get(i, Fraction(0))) for i in range(max(p, default=0) + 1)] for p in sums]
        size = _first(lambda size: any(_beyond(p, known.sign, size) < 0 for p in dense))
        found = None if size is None else _larger_than(line.total, known.sign, size, end)
        return None if found is None else EndSign(end, 1, _outer(end, [found.k, known.k]), found.order)
    for k in _points((line.total,), end):
        most = size_beyond(line.total, end, k, 2)
        signs = [0] if most is None else [_within(p, known.sign, most) for p in sums]
        if any(sign < 0 for sign in signs) or all(sign > 0 for sign in signs):
            return EndSign(end, 1 if min(signs) < 0 else -1, _outer(end, [k, known.k]), 1)
    return None


def _within(coefficients: dict[int, Fraction], sign: int, size: arb) -> int:
    """Returns the proved sign of a polynomial at all 0 < |t| <= size of one sign: that of its lowest term, or 0."""
    if not coefficients:
        return -1  # P(1) = 0: a multiplier is 1
    lowest = min(coefficients)
    rest = sum((abs(ball.number(c)) * size ** (i - lowest) for i, c in coefficients.items() if i > lowest), arb(0))
    if not rest < abs(ball.number(coefficients[lowest])):
        return 0
    return (1 if coefficients[lowest] > 0 else -1) * sign**lowest
