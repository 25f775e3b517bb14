"""The eps that make every mode decay in every dimension: those for which the measure E - eps S is nonpositive (and not zero).

Where S >= 0 they form [v, infinity) with v the supremum of dE/dS: over the atoms the largest exact ratio of weights, over
the densities a limit at an end of t, exact, or an interior maximum, enclosed. The end v belongs to the interval, for a
limit of nonpositive measures is nonpositive; only where E = vS no mode moves under v. (S <= 0 is the mirrored problem.)
That no eps outside leaves every mode decaying in every dimension is Laplace's method, see `every_dimension`.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from math import log2

from flint import arb

from wgflow.arithmetic import ball, exact
from wgflow.arithmetic.ball_ops import OPS
from wgflow.fourier.asymptotics import End, Undecidable
from wgflow.fourier.domain import NODE_BITS
from wgflow.kernels.mixing import Density, MixingMeasure
from wgflow.record import record, replace
from wgflow.stability.answer import Emptiness, Feasible, IntervalEnd
from wgflow.stability.mixture import Decision, decide, leading, proved_sign

ROUNDS = 6
TIGHT, LOOSE = -44, -30  # relative widths of an interior end, as powers of two
MARGIN = 12  # octaves of t that are sampled beyond the scales of the terms


@record
class _Candidate:
    """A lower bound of the supremum: the exact ratio top/bottom (bottom > 0), or the ratio at a point t."""

    kind: str
    value: arb
    top: exact.Real = exact.ZERO
    bottom: exact.Real = exact.ONE_REAL
    end: End | None = None
    t: arb | None = None


def feasible_everywhere(kernel: MixingMeasure, stabilizer: MixingMeasure) -> Feasible:
    """Returns the interval of eps with E - eps S <= 0, not identically zero; raises Undecidable with what is missing."""
    if stabilizer.is_zero:
        answer = decide(kernel)
        if answer.is_nonpositive and not answer.is_zero:
            return Feasible(lower_chart=answer.chart, upper_chart=answer.chart)
        if answer.open:
            raise Undecidable(f"the sign of the kernel's mixing density is open {answer.open[0]}")
        return Feasible(empty=Emptiness("mixing kernel", chart=answer.chart))
    minus = stabilizer.times(exact.number(-1))
    positive = decide(minus)
    if positive.is_nonpositive:
        found = _lower_end(kernel, stabilizer)
        return Feasible(empty=found) if isinstance(found, Emptiness) else Feasible(lower=found, upper_chart=positive.chart)
    negative = decide(stabilizer)
    if not negative.is_nonpositive:
        raise Undecidable("the stabilizer's mixing measure is not proved to have one sign, so its quotient bounds no eps")
    found = _lower_end(kernel, minus)
    if isinstance(found, Emptiness):
        return Feasible(empty=found)
    upper = replace(found, low=ball.negated(found.high), high=ball.negated(found.low))
    return Feasible(upper=upper, lower_chart=negative.chart)


def _lower_end(kernel: MixingMeasure, stabilizer: MixingMeasure) -> IntervalEnd | Emptiness:
    """Returns the supremum of dE/dS for S >= 0, or why it is infinite."""
    exact_ones = [*_atom_ratios(kernel, stabilizer), *_limits(kernel.density, stabilizer.density)]
    for candidate in exact_ones:
        if isinstance(candidate, Emptiness):
            return candidate
    known = [c for c in exact_ones if isinstance(c, _Candidate)]
    search = _Interior(kernel.density, stabilizer.density)
    best = search.best()
    for _ in range(ROUNDS):
        top = max([*known, *([best] if best else [])], key=lambda c: ball.Midpoint(c.value), default=None)
        if top is None:
            raise Undecidable("no quotient of the mixing measures is known")
        answer, end = _try(kernel, stabilizer, top)
        if end is not None:
            return end
        if answer.positive_pieces:
            better = search.near(answer.positive_pieces)
            if best is not None and not better.value.mid() > best.value.mid() and top is best:
                break
            best = better
        else:
            break
    raise Undecidable("the supremum of the quotient of the mixing measures is not enclosed")


def _try(kernel: MixingMeasure, stabilizer: MixingMeasure, top: _Candidate) -> tuple[Decision, IntervalEnd | None]:
    """Returns the end of the interval where E - vS <= 0 for the candidate's v (or just above it, for an interior one)."""
    if top.t is None:
        total = kernel.times(top.bottom) - stabilizer.times(top.top)
        answer = decide(total)
        low, high = top.value.lower(), top.value.upper()
        if total.is_zero:
            return answer, IntervalEnd(low, high, False, "mixing identity", top.end)
        end = IntervalEnd(low, high, True, top.kind, top.end, None, answer.chart)
        return answer, end if answer.is_nonpositive else None
    for power in range(TIGHT, LOOSE + 1, 7):
        with ball.precision(NODE_BITS):
            size = abs(top.value).upper()
            low, high = top.value.lower(), ball.coarse_point(top.value + size * ball.dyadic(1, power), 100)
        answer = decide(kernel - stabilizer.times(ball.exact_point(high)))
        if answer.is_nonpositive:
            return answer, IntervalEnd(low, high, True, "mixing interior", None, top.t, answer.chart)
        if answer.is_positive:
            break
    return answer, None


def _atom_ratios(kernel: MixingMeasure, stabilizer: MixingMeasure) -> Iterable[_Candidate | Emptiness]:
    weights = dict(stabilizer.atoms)
    for t, weight in kernel.atoms:
        below = weights.pop(t, exact.ZERO)
        if not below.is_zero:
            yield _ratio("mixing atom", weight, below, None)
        elif proved_sign(weight) > 0:
            yield Emptiness("mixing atom")
    for weight in weights.values():
        yield _ratio("mixing atom", exact.ZERO, weight, None)


def _limits(kernel: Density, stabilizer: Density) -> Iterable[_Candidate | Emptiness]:
    if not kernel:
        if stabilizer:
            yield _ratio("mixing limit", exact.ZERO, leading(stabilizer, End.ZERO)[1], End.ZERO)
        return
    if not stabilizer:
        answer = decide(MixingMeasure((), kernel))
        if answer.is_positive:
            yield Emptiness("mixing density", chart=answer.chart)
        return
    for end in End:
        (size, top), (other, bottom) = leading(kernel, end), leading(stabilizer, end)
        if size == other:
            yield _ratio("mixing limit", top, bottom, end)
        elif size > other:
            yield _ratio("mixing limit", exact.ZERO, bottom, end)
        elif proved_sign(top) > 0:
            yield Emptiness("mixing end", end)


def _ratio(kind: str, top: exact.Real, bottom: exact.Real, end: End | None) -> _Candidate:
    with ball.precision(NODE_BITS):
        return _Candidate(kind, ball.real(top) / ball.real(bottom), top, bottom, end)


class _Interior:
    """The largest ratio of two densities at sampled points t (what is sampled proves nothing but a lower bound)."""

    def __init__(self, kernel: Density, stabilizer: Density) -> None:
        self.kernel, self.stabilizer = kernel, stabilizer

    def best(self) -> _Candidate | None:
        if not (self.kernel and self.stabilizer):
            return None
        scales = [0.0]
        for shape, _ in self.kernel + self.stabilizer:
            for value in (1 / shape.a if shape.a else None, shape.b or None):
                if value is not None:
                    scales.append(_log2(value))
        low, high = min(scales) - MARGIN, max(scales) + MARGIN
        count = max(48, min(400, int(2 * (high - low))))
        return self._zoom(low, high, count)

    def near(self, points: tuple[arb, ...]) -> _Candidate:
        """Returns the largest ratio near points where the ratio is known to be large."""
        with ball.precision(NODE_BITS):
            logs = [float(t.log().mid()) / float(arb(2).log()) for t in points[:8]]
        return max((self._zoom(x - 1, x + 1, 8) for x in logs), key=lambda c: ball.Midpoint(c.value))

    def _zoom(self, low: float, high: float, count: int) -> _Candidate:
        """Samples [low, high] in log2 t, and ever closer around the best point."""
        found = None
        while count:
            step = (high - low) / count
            points = [(x, self._at(x)) for x in (low + step * i for i in range(count + 1))]
            x, best = max(points, key=lambda pair: ball.Midpoint(pair[1].value))
            if found is None or best.value.mid() > found.value.mid():
                found = best
            low, high = x - step, x + step
            count = 8 if step > 2e-9 else 0
        assert found is not None
        return found

    def _at(self, x: float) -> _Candidate:
        with ball.precision(NODE_BITS):
            t = ball.coarse_point((arb(x) * arb(2).log()).exp(), 60)
            return _Candidate("mixing interior", density_ratio(self.kernel, self.stabilizer, t), t=t)


def density_ratio(kernel: Density, stabilizer: Density, t: arb) -> arb:
    """Returns a ball around the quotient of two densities at t, at the precision in force."""
    top = max(shape.log_value(OPS, t).mid() for shape, _ in stabilizer)
    values = [
        sum((ball.real(c) * (shape.log_value(OPS, t) - top).exp() for shape, c in density), arb(0))
        for density in (kernel, stabilizer)
    ]
    return values[0] / values[1]


def _log2(value: Fraction) -> float:
    return log2(value.numerator) - log2(value.denominator)
