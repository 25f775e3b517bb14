"""The sign of a spectral sum near k = 0 and toward infinity, from its exact leading term and bounds of all the rest."""

from __future__ import annotations

from fractions import Fraction

from flint import arb

from wgflow.arithmetic import ball, exact
from wgflow.fourier.asymptotics import WORKING_BITS, End, Expansion, Group, expand
from wgflow.fourier.local import NO_RATE
from wgflow.fourier.spectral_sum import SpectralSum
from wgflow.record import record
from wgflow.stability.chart import EndSign

ORDERS = (1, 2, 4, 8)


def end_sign(total: SpectralSum, end: End) -> EndSign | None:
    """Returns the sign near an end and a point up to (from) which it is proved, or None where no order decides.

    Shapes that are costly between the ends are worth the order whose point lies farthest in.
    """
    best: EndSign | None = None
    for order in ORDERS:
        expansion = expand(total, end, order)
        if expansion.leading is None:
            continue
        sign = ball.sign(expansion.leading[3])
        if sign is None:
            return best
        k = _first_dominated(expansion)
        if k is None:
            continue
        if not total.is_enclosed:
            return EndSign(end, sign, k, order)
        k = _farther_in(expansion, k)
        if best is None or (k > best.k if end is End.ZERO else k < best.k):
            best = EndSign(end, sign, k, order)
    return best


def _first_dominated(expansion: Expansion) -> arb | None:
    """Returns the point nearest to the middle, out of a doubling sequence, from which the leading term dominates."""
    _, start = expansion.valid.man_exp()
    start = int(start) + expansion.valid.man_exp()[0].bit_length()
    toward = -1 if expansion.end is End.ZERO else 1
    start += -1 if expansion.end is End.ZERO else 0
    steps = [0, 1, 2, 3, 4, 5, 6, 8] + [2**j for j in range(4, 60)]
    with ball.precision(WORKING_BITS):
        for step in steps:
            k = ball.dyadic(1, start + toward * step)
            if dominates(expansion, k):
                return k
    return None


def _farther_in(expansion: Expansion, k: arb) -> arb:
    """Returns the best of a few points less than a factor of two nearer to the middle."""
    with ball.precision(WORKING_BITS):
        for eighths in (5, 6, 7) if expansion.end is End.INFINITY else (14, 12, 10):
            nearer = ball.dyadic(eighths, -3) * k
            if dominates(expansion, nearer):
                return nearer
    return k


def dominates(expansion: Expansion, k: arb) -> bool:
    """Tells whether the leading term exceeds the sum of all other terms in size at k and everywhere beyond it.

    Each quotient |other|/|leading| is checked to be monotone beyond k (toward the end), so that its value at k bounds it.
    """
    leading = expansion.leading
    if leading is None or not (k <= expansion.valid if expansion.end is End.ZERO else k >= expansion.valid):
        return False
    rate, power, logs, coefficient = leading
    total = arb(0)
    for index, group in enumerate(expansion.groups):
        for p, m, size in _sizes(group, skip_first=index == 0):
            quotient = _quotient(expansion.end, group.rate, rate, p - power, m - logs, k)
            if quotient is None:
                return False
            total += size * quotient
    return bool(total < abs(ball.real(coefficient)))


def size_beyond(total: SpectralSum, end: End, k: arb, power: int) -> arb | None:
    """Returns a bound of |k^power sum| at k and everywhere beyond it, None where no expansion shows one."""
    found = [_size_beyond(expand(total, end, order), k, power) for order in ORDERS[:3]]
    return min((size for size in found if size is not None), default=None, key=ball.Midpoint)


def _size_beyond(expansion: Expansion, k: arb, power: int) -> arb | None:
    if not (k <= expansion.valid if expansion.end is End.ZERO else k >= expansion.valid):
        return None
    total = arb(0)
    with ball.precision(WORKING_BITS):
        for group in expansion.groups:
            for p, m, size in _sizes(group, skip_first=False):
                factor = _quotient(expansion.end, group.rate, NO_RATE, p + power, m, k)
                if factor is None:
                    return None
                total += size * factor
    return total.upper()


def _sizes(group: Group, skip_first: bool) -> list[tuple[Fraction, int, arb]]:
    terms = [(p, m, abs(ball.real(c))) for p, m, c in group.terms]
    return terms[1 if skip_first else 0 :] + [(r.power, r.logs, r.bound) for r in group.rests]


def _quotient(end: End, rate: tuple, leading_rate: tuple, power: Fraction, logs: int, k: arb) -> arb | None:
    """Returns exp(-(rate - leading rate)) k^power L^logs at k if it is nonincreasing beyond k, else None."""
    value = k ** ball.number(power)
    if end is End.ZERO:
        big_l = -k.log()
        # k^power L^logs grows with k exactly while L > logs/power.
        falls = power > 0 and (logs <= 0 or big_l * ball.number(power) > logs)
        if not (falls or (power == 0 and logs <= 0)):
            return None
        return value * big_l**logs
    (q, b), (q0, b0) = rate, leading_rate
    if (q, b) == (q0, b0):
        return value if power <= 0 else None
    b_ball, b0_ball = ball.real(b), ball.real(b0)
    fall, fall0 = q * b_ball * k**q, q0 * b0_ball * k**q0
    # d/d log k of the exponent is -(fall - fall0) + power; fall - fall0 must exceed it here and increase from here on.
    increasing = q * fall >= q0 * fall0 and q >= q0 and (q > q0 or b_ball > b0_ball)
    if not (increasing and fall - fall0 > ball.number(power)):
        return None
    return value * (b0_ball * k**q0 - b_ball * k**q).exp() if q0 else value * (-b_ball * k**q).exp()


@record
class RatioLimit:
    """The limit of E/S at an end. ``kind``: finite (the limit is top/bottom), +infinity or -infinity (as E/S has it), or
    near (E/S stays in `ball` close to the end, as terms of the leading size are known up to ``slack`` only).

    ``stabilizer_sign`` is the sign of S near the end.
    """

    kind: str
    stabilizer_sign: int
    top: exact.Real = exact.ZERO
    bottom: exact.Real = exact.ONE_REAL
    slack: tuple[arb, arb] = (arb(0), arb(0))  # of top and bottom

    def ball(self) -> arb:
        return (ball.real(self.top) + arb(0, self.slack[0])) / (ball.real(self.bottom) + arb(0, self.slack[1]))


def ratio_limit(kernel: SpectralSum, stabilizer: SpectralSum, end: End) -> RatioLimit | None:
    """Returns the limit of E/S at an end, or None where the leading terms do not tell."""
    bottom = _leading(stabilizer, end)
    if bottom is None:
        return None
    if kernel.is_zero:
        return RatioLimit("finite", bottom.sign)
    top = _leading(kernel, end)
    if top is None:
        return RatioLimit("finite", bottom.sign) if _is_dominated(kernel, bottom.size, end) else None
    order = _compare(top.size, bottom.size, end)
    if order == 0:
        slack = top.beside, bottom.beside
        kind = "finite" if all(size.is_zero() for size in slack) else "near"
        return RatioLimit(kind, bottom.sign, top.coefficient, bottom.coefficient, slack)
    if order < 0:
        return RatioLimit("finite", bottom.sign)
    return RatioLimit("+infinity" if top.sign == bottom.sign else "-infinity", bottom.sign)


Size = tuple[int, exact.Real, Fraction, int]  # (q, b, power, logs)


@record
class Leading:
    """The leading term of a sum at an end; ``beside`` bounds what of the same size (but smaller) goes with it."""

    size: Size
    coefficient: exact.Real
    sign: int
    beside: arb


def _leading(total: SpectralSum, end: End) -> Leading | None:
    for order in ORDERS:
        expansion = expand(total, end, order)
        if expansion.leading is None:
            continue
        rate, power, logs, coefficient = expansion.leading
        same = [rest.bound for rest in expansion.groups[0].rests if (rest.power, rest.logs) == (power, logs)]
        sign = ball.sign(coefficient)
        with ball.precision(WORKING_BITS):
            beside = sum(same, arb(0)).upper()
            if sign and abs(ball.real(coefficient)) > beside:
                return Leading((*rate, power, logs), coefficient, sign, beside)
    return None


def _compare(one: Size, two: Size, end: End) -> int:
    """Returns 1 where ``one`` dominates ``two`` at the end, -1 the other way round, 0 for equal sizes."""
    if one == two:
        return 0
    if one[0] != two[0]:
        return 1 if one[0] < two[0] else -1
    if one[1] != two[1]:
        return -1 if (ball.sign(one[1] - two[1]) or 0) > 0 else 1
    toward = -1 if end is End.ZERO else 1
    return 1 if (toward * one[2], one[3]) > (toward * two[2], two[3]) else -1


def _is_dominated(total: SpectralSum, by: Size, end: End) -> bool:
    """Tells whether everything in a sum without a leading term, rests included, is of smaller size than ``by``."""
    expansion = expand(total, end, ORDERS[-1])
    sizes = [(*g.rate, p, m) for g in expansion.groups for p, m, _ in g.terms]
    sizes += [(*g.rate, r.power, r.logs) for g in expansion.groups for r in g.rests]
    return all(_compare(size, by, end) < 0 for size in sizes)
