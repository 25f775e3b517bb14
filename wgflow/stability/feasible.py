"""The interval of feasible eps: those for which E(k) - eps S(k) < 0 at every k of the domain.

With R = E/S, a wavenumber where S > 0 asks for eps > R(k), one where S < 0 for eps < R(k). So the lower end is the
supremum of R over S > 0, the upper end the infimum over S < 0 (which is the lower end of the mirrored problem E, -S, -eps).
Candidates come from sampling and from the exact limits at both ends; what is reported is proved:

- a supremum approached at an end: E - vS < 0 everywhere at the exact limit v (then v itself is feasible), or E = vS;
- an interior one: a place where E - low S >= 0, and E - high S < 0 everywhere, with high - low tiny.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from math import isqrt, log

from flint import arb

from wgflow.arithmetic import ball, exact
from wgflow.fourier.asymptotics import End, Undecidable
from wgflow.fourier.domain import INDEX_BITS, NODE_BITS, Band, Domain, Period, is_sum_of_squares, modes
from wgflow.fourier.spectral_sum import SpectralSum
from wgflow.record import record, replace
from wgflow.stability.answer import Emptiness, Feasible, IntervalEnd
from wgflow.stability.chart import Chart
from wgflow.stability.claim import Mode, Place, at_eps, wavenumber
from wgflow.stability.ends import RatioLimit, ratio_limit
from wgflow.stability.prove import Decision, decide

TIGHT = -40  # relative width of an interior end, as a power of two
LOOSE = -30  # the widest that is reported: 2^-30 < 1e-9
ROUNDS = 20
MANY_MODES = 10**7


@record
class _Sample:
    place: Place
    ratio: arb
    sign: int  # of S


class _Search:
    """One side of the problem: the supremum of E/S over S > 0."""

    def __init__(self, kernel: SpectralSum, stabilizer: SpectralSum, domain: Domain, n: int) -> None:
        self.kernel, self.stabilizer, self.domain, self.n = kernel, stabilizer, domain, n

    def mirror(self) -> _Search:
        return _Search(self.kernel, self.stabilizer.times(exact.number(-1)), self.domain, self.n)

    def decide(self, eps: exact.Real) -> Decision:
        return decide(at_eps(self.kernel, self.stabilizer, eps), self.domain, self.n, first_only=True)

    def sample(self, place: Place) -> _Sample | None:
        with ball.precision(NODE_BITS):
            k = wavenumber(place, self.domain)
            bottom = self.stabilizer.value(k)
            sign = 1 if bottom > 0 else -1 if bottom < 0 else 0
            ratio = self.kernel.value(k) / bottom
            return _Sample(place, ratio, sign) if sign and ratio.is_finite() else None

    def limits(self) -> list[tuple[End, RatioLimit | None]]:
        ends = () if isinstance(self.domain, Band) else (End.INFINITY,) if isinstance(self.domain, Period) else tuple(End)
        return [(end, ratio_limit(self.kernel, self.stabilizer, end)) for end in ends]

    # --- sampling (floats guide it; nothing here proves anything) ---

    def grid(self) -> list[_Sample]:
        found = [self.sample(place) for place in self._places()]
        return [s for s in found if s is not None]

    def _places(self) -> Iterable[Place]:
        logs = [0.0]
        for shape, _ in self.kernel.terms + self.stabilizer.terms:
            if (length2 := shape.length2()) is not None:
                logs.append(-0.5 * (log(length2.numerator) - log(length2.denominator)))
        low, high = min(logs) - 4, max(logs) + log(self.n) + 3
        if isinstance(self.domain, Band):
            low, high = (log(x.numerator) - log(x.denominator) for x in (self.domain.low, self.domain.high))
        if isinstance(self.domain, Period):
            with ball.precision(NODE_BITS):
                low = float(self.domain.wavenumber(1).log().mid())
            high = max(high, low + 3)
        steps = max(8, min(120, int((high - low) / 0.5)))
        for i in range(steps + 1):
            yield from self._near(low + (high - low) * i / steps)

    def _near(self, t: float) -> list[Place]:
        """Returns the places next to k = exp(t): the point itself, or the modes around it."""
        with ball.precision(INDEX_BITS if isinstance(self.domain, Period) else NODE_BITS):
            k = ball.coarse_point(arb(t).exp(), 60)
            if isinstance(self.domain, Band):
                inside = k.max(ball.number(self.domain.low).upper()).min(ball.number(self.domain.high).lower())
                return [inside.mid()]
            if not isinstance(self.domain, Period):
                return [k]
            index = self.domain.index(k)
            if index > MANY_MODES:  # perfect squares are modes in every dimension, and dense enough here
                root = isqrt(int(index.mid().floor().unique_fmpz()))
                return [Mode(root**2), Mode((root + 1) ** 2)]
            middle = max(1, int(float(index.mid())))
            low = self.domain.wavenumber(max(1, middle - 8)).lower()
        out: list[Place] = []
        for m2 in islice(modes(self.domain, self.n, low, None), 24):
            if is_sum_of_squares(m2, self.n):
                out.append(Mode(m2))
            if m2 > middle + 1:
                break
        return out

    def refine(self, start: _Sample) -> _Sample:
        """Returns the best sample near a local maximum of the ratio over S > 0 (golden section and parabolas)."""
        best = start
        with ball.precision(NODE_BITS):
            centre = float(wavenumber(start.place, self.domain).log().mid())
        if abs(centre) > 600:
            return best
        scale = abs(start.ratio.mid())

        def gain(t: float) -> float:
            nonlocal best
            values = []
            for place in self._near(t):
                found = self.sample(place)
                if found is None or found.sign < 0:
                    continue
                with ball.precision(NODE_BITS):
                    values.append(
                        float((found.ratio.mid() - start.ratio.mid()) / scale)
                        if not scale.is_zero()
                        else float(found.ratio.mid())
                    )
                if found.ratio.mid() > best.ratio.mid():
                    best = found
            return max(values, default=-1e300)

        _maximize(gain, centre - 0.7, centre, centre + 0.7)
        return best

    # --- the supremum ---

    def supremum(self, samples: list[_Sample]) -> IntervalEnd | Emptiness:
        """Returns the lower end of the feasible interval, or why there is none; raises Undecidable."""
        limits = self.limits()
        ruling = [(end, limit) for end, limit in limits if limit is not None and limit.stabilizer_sign > 0]
        for end, limit in ruling:
            if limit.kind == "+infinity":
                return Emptiness("end", end)
        finite = [(end, limit) for end, limit in ruling if limit.kind == "finite"]
        best = max((s for s in samples if s.sign > 0), key=lambda s: ball.Midpoint(s.ratio), default=None)
        if best is not None:
            best = self.refine(best)
        with ball.precision(NODE_BITS):
            top = max(finite, key=lambda pair: ball.Midpoint(pair[1].ball()), default=None)
            limit_rules = top is not None and (best is None or not best.ratio > top[1].ball() * _factor(top[1].ball(), -20))
        undecided_limit = False
        if top is not None and limit_rules:
            answer = self._at_limit(*top)
            if isinstance(answer, IntervalEnd):
                return answer
            undecided_limit = not answer.grows
            best = self._better(best, answer)
        known = all(limit is not None for _, limit in limits)
        bounded = [(end, limit) for end, limit in ruling if limit.kind in ("finite", "near")]
        return self._interior(best, top if undecided_limit else None, bounded if known else None)

    def _at_limit(self, end: End, limit: RatioLimit) -> IntervalEnd | Decision:
        """Tries E - vS < 0 at the exact limit v = top/bottom (multiplied by bottom, which has the sign of S: positive)."""
        total = self.kernel.times(limit.bottom) - self.stabilizer.times(limit.top)
        answer = decide(total, self.domain, self.n, first_only=True)
        with ball.precision(NODE_BITS):
            value = limit.ball()
        if total.is_zero:
            return IntervalEnd(value.lower(), value.upper(), False, "identity", end)
        if answer.decays:
            return IntervalEnd(value.lower(), value.upper(), True, "limit", end, None, answer.chart)
        return answer

    def _better(self, best: _Sample | None, answer: Decision) -> _Sample | None:
        for place in answer.grows:
            found = self.sample(place)
            if found is not None and found.sign > 0:
                found = self.refine(found)
                if best is None or found.ratio.mid() > best.ratio.mid():
                    best = found
        return best

    def _interior(
        self, best: _Sample | None, approached: tuple[End, RatioLimit] | None, bounded: list[tuple[End, RatioLimit]] | None
    ) -> IntervalEnd | Emptiness:
        spread = TIGHT
        for _ in range(ROUNDS):
            with ball.precision(NODE_BITS):
                limit_value = approached[1].ball() if approached else None
                if best is None and limit_value is None:
                    raise Undecidable("no mode was found that bounds eps on this side")
                use_limit = limit_value is not None and (best is None or not best.ratio.lower() > limit_value.upper())
                ratio = limit_value if use_limit else best.ratio  # type: ignore[union-attr]
                assert ratio is not None
                low = ball.coarse_point(ratio.lower() - _step(ratio, -84), 90)
                high = ball.coarse_point(ratio.upper() + _step(ratio, spread), 70)
            answer = self.decide(ball.exact_point(high))
            if answer.decays:
                attained: bool | None = None
                with ball.precision(NODE_BITS):
                    if not use_limit and bounded is not None and all(low > limit.ball() for _, limit in bounded):
                        attained = False
                if use_limit:
                    assert approached is not None
                    return IntervalEnd(low, high, None, "approached", approached[0], None, answer.chart)
                assert best is not None
                return IntervalEnd(low, high, attained, "interior", None, best.place, answer.chart)
            improved = self._better(best, answer)
            if improved is not best and improved is not None:
                with ball.precision(NODE_BITS):  # on a torus of many modes the best one is approached in tiny steps
                    if best is not None and improved.ratio < best.ratio + _step(ratio, spread + 3):
                        spread = min(spread + 3, LOOSE)
                best = improved
                continue
            if (conflict := self._conflict(best, answer)) is not None:
                return conflict
            if spread >= LOOSE:
                where = answer.open[0] if answer.open else "between the ends"
                raise Undecidable(f"the end of the feasible interval could not be enclosed ({where})")
            spread += 5
        raise Undecidable("the end of the feasible interval could not be enclosed")

    def _conflict(self, best: _Sample | None, answer: Decision) -> Emptiness | None:
        found = [self.sample(place) for place in answer.grows]
        return empty_pair([s for s in [best, *found] if s is not None])


def empty_pair(samples: list[_Sample]) -> Emptiness | None:
    """Returns a proof that no eps is feasible, from a place that asks for eps > R and one that asks for eps < R."""
    below = max((s for s in samples if s.sign > 0), key=lambda s: ball.Midpoint(s.ratio), default=None)
    above = min((s for s in samples if s.sign < 0), key=lambda s: ball.Midpoint(s.ratio), default=None)
    if below is None or above is None or not below.ratio >= above.ratio:
        return None
    return Emptiness("pair", None, below.place, above.place)


def _step(ratio: arb, power: int) -> arb:
    """Returns |ratio| 2^power, or 2^(power - 200) where the ratio may vanish."""
    size = abs(ratio).upper()
    return size * ball.dyadic(1, power) if not ratio.contains(0) else ball.dyadic(1, power - 200)


def _factor(ratio: arb, power: int) -> arb:
    """Returns 1 + 2^power for a positive ratio, 1 - 2^power for a negative one."""
    return 1 + ball.dyadic(1 if ratio > 0 else -1, power)


def _maximize(gain: object, a: float, b: float, c: float, rounds: int = 40) -> None:
    """Brent's maximization on [a, c] from the middle point b: parabolas where they help, else golden section."""
    assert callable(gain)
    golden = 0.381966011250105
    x = w = v = b
    fx = fw = fv = gain(x)
    step = last = c - a
    for _ in range(rounds):
        middle, tolerance = (a + c) / 2, 1e-9 * max(1.0, abs(x))
        if abs(x - middle) <= 2 * tolerance - (c - a) / 2:
            return
        use_golden = True
        if abs(last) > tolerance:
            r, q = (x - w) * (fx - fv), (x - v) * (fx - fw)
            p, q = (x - v) * q - (x - w) * r, 2 * (q - r)
            p = -p if q > 0 else p
            q = abs(q)
            if q and abs(p) < abs(q * last / 2) and q * (a - x) < p < q * (c - x):
                last, step, use_golden = step, p / q, False
        if use_golden:
            last = (c - x) if x < middle else (a - x)
            step = golden * last
        u = x + (step if abs(step) > tolerance else (tolerance if step > 0 else -tolerance))
        fu = gain(u)
        if fu >= fx:
            a, c = (x, c) if u >= x else (a, x)
            v, fv, w, fw, x, fx = w, fw, x, fx, u, fu
        else:
            a, c = (u, c) if u < x else (a, u)
            if fu >= fw or w == x:
                v, fv, w, fw = w, fw, u, fu
            elif fu >= fv or v in (x, w):
                v, fv = u, fu


def feasible(kernel: SpectralSum, stabilizer: SpectralSum, domain: Domain, n: int) -> Feasible:
    """Returns the interval of feasible eps with proofs; raises Undecidable with the reason where a part is missing."""
    if stabilizer.is_zero:
        answer = decide(kernel, domain, n)
        if answer.decays:
            return Feasible(lower_chart=answer.chart, upper_chart=answer.chart)
        if answer.open:
            raise Undecidable(f"the sign of the kernel's transform is not decided {answer.open[0]}")
        return Feasible(empty=Emptiness("kernel", None, answer.grows[0]))
    up = _Search(kernel, stabilizer, domain, n)
    down = up.mirror()
    samples = up.grid()
    if (none := empty_pair(samples)) is not None:
        return Feasible(empty=none)
    if {s.sign for s in samples} >= {1, -1} and are_proportional(kernel, stabilizer):
        return Feasible(empty=Emptiness("identity", None, _first(samples, 1), _first(samples, -1)))
    positive = _sign_chart(up, down, samples, -1)
    negative = None if positive else _sign_chart(up, up, samples, 1)
    if (none := empty_pair(samples)) is not None:  # the charts may have found places that the grid missed
        return Feasible(empty=none)
    if positive is None and negative is None and not ({s.sign for s in samples} >= {1, -1}):
        raise Undecidable("the sign of the stabilizer's transform is not decided everywhere")
    lower = upper = None
    if negative is None:
        found = up.supremum(samples)
        if isinstance(found, Emptiness):
            return Feasible(empty=found)
        lower = found
    if positive is None:
        flipped = [replace(s, ratio=-s.ratio, sign=-s.sign) for s in samples]
        found = down.supremum(flipped)
        if isinstance(found, Emptiness):
            return Feasible(empty=_unflipped(found))
        upper = replace(found, low=ball.negated(found.high), high=ball.negated(found.low))
    return Feasible(lower, upper, None, negative, positive)


def are_proportional(one: SpectralSum, two: SpectralSum) -> bool:
    """Tells whether one = v * two for some number v; ``two`` is not zero."""
    shape, bottom = two.terms[0]
    top = dict(one.terms).get(shape, exact.ZERO)
    return (one.times(bottom) - two.times(top)).is_zero


def _first(samples: list[_Sample], sign: int) -> Place:
    return next(s.place for s in samples if s.sign == sign)


def _unflipped(found: Emptiness) -> Emptiness:
    return replace(found, below=found.above, above=found.below) if found.kind == "pair" else found


def _sign_chart(up: _Search, side: _Search, samples: list[_Sample], unwanted: int) -> Chart | None:
    """Returns a chart that proves side.stabilizer < 0 everywhere, or None; then adds samples (of ``up``) where it is not."""
    if any(s.sign == unwanted for s in samples):
        return None
    answer = decide(side.stabilizer, side.domain, side.n, first_only=True)
    if not answer.decays:
        samples += [s for s in map(up.sample, answer.grows[:8]) if s is not None]
    return answer.chart if answer.decays else None
