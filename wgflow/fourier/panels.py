"""Gauss quadrature of an expression against every wavenumber at once, with a proved bound of what it leaves out.

    integral over [0, oo) of r^{n-1} e(r) Lambda_n(k r) dr  =  sum over i of W_i Lambda_n(k r_i)  +  error,   0 <= k <= kappa,

Lambda_n(z) = 0F1(; n/2; -z^2/4), the mean of cos(z u_1) over the unit sphere, so |Lambda_n(k z)| <= exp(k |Im z|) and its
derivative in k is at most |z| times that. Panels are as long as the Bernstein ellipses on which the integrand is proved to
be analytic allow; the tail is bounded by `wgflow.fourier.majorant`. Trefethen 2013, Approximation Theory and
Approximation Practice, theorem 19.3; Johansson 2018, ICMS.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cached_property, lru_cache
from math import ceil, lcm, log

from flint import acb, arb

from wgflow.arithmetic import ball
from wgflow.arithmetic.ball import number
from wgflow.arithmetic.complex_ball import OPS
from wgflow.fourier import majorant
from wgflow.fourier.local import Undecidable
from wgflow.kernels.expression import ONE, Apply, Number, Power, Product, R, Tree, children, evaluate, multiply, substituted
from wgflow.record import record

TYPE_CHECKING = False  # type checkers take it as true; importing typing would cost start-up
if TYPE_CHECKING:
    from typing import Protocol
else:
    Protocol = object

ACCURACY = 66  # bits, relative to the integral of r^{n-1} |e|
WORK_BITS = 120
NODE_BITS = 200  # so that what moving a node costs does not count
BOX_BITS = 53
POINT_BITS = 104  # short, so that products of points are exact
MOST_POINTS = 48
COLUMNS = 6
ELLIPSES = (4.0, 2.5, 1.7)
MOST_PANELS = 3000
IOTA = Fraction(1, 8)


@record
class Nodes:
    """Exact points and weights; ``error`` bounds what the sum leaves out, and also the derivative of that in k."""

    points: tuple[arb, ...]
    weights: tuple[arb, ...]
    error: arb
    reach: arb  # the integral is cut off there

    @cached_property
    def floats(self) -> tuple[list[float], list[float]]:
        """Points and weights, rounded: a guide only."""
        return [float(r) for r in self.points], [float(w) for w in self.weights]


@record
class Factors:
    """A product taken apart: r^power * log(r)^logs * rest(r)."""

    power: Fraction
    logs: int
    rest: Tree

    @staticmethod
    def of(tree: Tree) -> Factors:
        power, logs, rest = Fraction(0), 0, []
        for item in tree.items if isinstance(tree, Product) else (tree,):
            if isinstance(item, Power):
                power += item.exponent
            elif item == Apply("log", R):
                logs += 1
            else:
                rest.append(item)
        return Factors(power, logs, multiply(rest) if rest else Number(ONE))


def exponents(tree: Tree) -> set[Fraction]:
    """Returns the exponents of r that occur in a tree."""
    own = {tree.exponent} if isinstance(tree, Power) else set()
    return own.union(*(exponents(child) for child in children(tree)))


@lru_cache(maxsize=256)
def gauss(count: int) -> tuple[tuple[arb, arb], ...]:
    """Returns the nodes and weights of Gauss's rule on [-1, 1]."""
    with ball.precision(NODE_BITS + 16):
        return tuple(arb.legendre_p_root(count, i, weight=True) for i in range(count))


class OnTheAxis:
    """r^{n-1} e(r) dr in the variable u, r = u^q, which clears the denominators of all exponents.

    Integrands on the real axis are real there, so a bound on the upper half of an ellipse is enough.
    """

    both_halves = False

    def __init__(self, tree: Tree, n: int) -> None:
        self.factors = Factors.of(tree)
        found = exponents(self.factors.rest) | {self.factors.power}
        self.q = lcm(*(e.denominator for e in found))
        self.power = int(self.q * (n - 1 + self.factors.power) + self.q - 1)
        self.n, self.rest = n, substituted(self.factors.rest, Power(Fraction(self.q)))
        if n + self.factors.power <= 0:
            raise Undecidable(f"the expression is not proved to be integrable at r = 0 in dimension {n}")

    def __call__(self, u: acb) -> acb:
        value = self.q * u**self.power * evaluate(self.rest, OPS, u)
        return value * (self.q * OPS.log(u)) ** self.factors.logs if self.factors.logs else value

    def size(self, u: acb, kappa: arb) -> arb:
        """Bounds |integrand| (1 + |r|) exp(kappa |Im r|) on a box."""
        r = u**self.q
        return (abs(self(u)) * (1 + abs(r)) * (kappa * abs(r.imag)).exp()).abs_upper()


class Integrand(Protocol):
    """What a Gauss rule needs: a bound on boxes, finite only where the integrand is analytic."""

    both_halves: bool

    def size(self, u: acb, kappa: arb) -> arb: ...


def _ellipse_size(f: Integrand, a: arb, b: arb, rho: float, kappa: arb) -> arb:
    """Bounds the integrand on the Bernstein ellipse of [a, b]; not finite where it is not proved to be analytic there."""
    with ball.precision(BOX_BITS):
        centre, half = (a + b) / 2, (b - a) / 2
        q = arb(rho)
        wide, high = half * (q + 1 / q) / 2, half * (q - 1 / q) / 2
        most = arb(0)
        for i in range(COLUMNS):
            x0, x1 = -1 + arb(2 * i) / COLUMNS, -1 + arb(2 * i + 2) / COLUMNS
            near = arb(0) if x0 < 0 < x1 else abs(x0).min(abs(x1))
            top = high * (1 - near * near).nonnegative_part().sqrt()
            for side in (top, -top) if f.both_halves else (top,):
                box = acb((centre + wide * x0).union(centre + wide * x1), arb(0).union(side))
                size = f.size(box, kappa)
                if not size.is_finite():
                    return size
                most = most.max(size)
        return most.abs_upper()


def _points_needed(f: Integrand, a: arb, b: arb, kappa: arb, tolerance: arb) -> tuple[int, arb, arb] | None:
    """Returns (points, error, slope) of a Gauss rule on [a, b] that meets the tolerance, or None.

    N points miss at most 64/15 M rho^{-2(N-1)}/(1 - rho^{-2}) times half the length, M the bound on the ellipse. The
    integrand's derivative on [a, b] is at most ``slope``: M on the smallest ellipse over the distance to it (Cauchy).
    """
    small = ELLIPSES[-1]
    slope: arb | None = None
    for rho in ELLIPSES:
        size = _ellipse_size(f, a, b, rho, kappa)
        if not size.is_finite():
            continue
        with ball.precision(BOX_BITS):
            front = size * (b - a) / 2 * 64 / 15 / (1 - arb(rho) ** -2)
            if slope is None:
                near = size if rho == small else _ellipse_size(f, a, b, small, kappa)
                slope = (near / ((b - a) / 4 * (arb(small) + 1 / arb(small) - 2))).abs_upper()
            if not front > tolerance:
                return 2, front.abs_upper(), slope
            count = 1 + ceil(float(((front / tolerance).log() / (2 * arb(rho).log())).upper()))
            if count <= MOST_POINTS:
                count = max(2, count)
                return count, (front * arb(rho) ** (-2 * (count - 1))).abs_upper(), slope
    return None


def integration_nodes(tree: Tree, n: int, kappa: arb, inside: bool = False) -> Nodes:
    """Returns nodes for all real k in [0, kappa]; raises Undecidable with what is missing. ``inside``: e = 0 for r > 1."""
    with ball.precision(NODE_BITS):
        f = OnTheAxis(tree, n)
        tolerance = scale_of(tree, n, arb(1) if inside else None) * ball.dyadic(1, -ACCURACY)
        if inside:
            return nodes_up_to(f, arb(1), kappa, tolerance, arb(0))
        reach, tail = cut_off(tree, n, tolerance)
        return nodes_up_to(f, reach, kappa, tolerance, tail)


def nodes_up_to(f: OnTheAxis, reach: arb, kappa: arb, tolerance: arb, tail: arb) -> Nodes:
    """Returns nodes on [0, reach] for 0 <= k <= kappa; ``tail`` is added to the error."""
    start, head = _head(f, tolerance)
    points: list[arb] = []
    weights: list[arb] = []
    error = tail + head
    for panel in panels(f, start, _root(reach, f.q), kappa, tolerance):
        error += panel.error
        for u, w in panel.rule():
            r = u**f.q
            weight = (_accurate(f, u.mid()) + arb(0, (u.rad() * panel.slope).upper())) * w
            points.append(ball.coarse_point(r, POINT_BITS))
            weights.append(weight.mid())
            error += _moved(r, weight, points[-1], kappa)
    return Nodes(tuple(points), tuple(weights), error.abs_upper(), reach)


def _moved(r: arb, w: arb, x: arb, kappa: arb) -> arb:
    """Bounds what taking the point x for r and the middle for w changes in w Lambda(k r) and in its derivative in k.

    |d/dr Lambda(k r)| <= k and |d/dr d/dk Lambda(k r)| <= 1 + k r.
    """
    return w.rad() * (1 + r) + abs(w) * abs(r - x) * (1 + kappa + kappa * r.max(x))


def _root(x: arb, q: int) -> arb:
    return x.root(q).mid() if q > 1 else x


@record
class Panel:
    """A Gauss rule on [a, b] with its error, and a bound of the integrand's derivative there."""

    a: arb
    b: arb
    points: int
    error: arb
    slope: arb

    def rule(self) -> Iterator[tuple[arb, arb]]:
        """Yields points and weights of the rule."""
        for x, w in gauss(self.points):
            yield (self.a + self.b) / 2 + (self.b - self.a) / 2 * x, w * (self.b - self.a) / 2


def panels(f: Integrand, start: arb, stop: arb, kappa: arb, tolerance: arb) -> list[Panel]:
    """Returns Gauss rules that cover [start, stop], each within the tolerance."""
    found: list[Panel] = []
    count = 0
    todo = [(start, stop)]
    while todo:
        a, b = todo.pop()
        count += 1
        if count > MOST_PANELS:
            raise Undecidable(f"the expression is not proved to be analytic near r = {a.str(6, radius=False)}")
        rule = _points_needed(f, a, b, kappa, tolerance)
        if rule is None:
            centre = ((a + b) / 2 if not (a > 0 and b > 4 * a) else (a * b).sqrt()).mid()
            todo += [(centre, b), (a, centre)]
        else:
            found.append(Panel(a, b, *rule))
    return found


def _accurate(f: OnTheAxis, u: arb) -> arb:
    """The integrand at a point, with more bits where functions of the expression lose them."""
    value = f(acb(u)).real
    for bits in (2 * NODE_BITS, 4 * NODE_BITS):
        if value.rel_accuracy_bits() >= ACCURACY + 16:
            break
        with ball.precision(bits):
            value = f(acb(u)).real
    return value


def scale_of(tree: Tree, n: int, reach: arb | None = None) -> arb:
    """Returns roughly the integral of r^{n-1} |e(r)| up to ``reach``: it sets tolerances, nothing rests on it."""
    with ball.precision(BOX_BITS):
        most = 0.0
        for i in range(-40, 61):
            r = arb(2) ** (arb(i) / 4)
            if reach is not None and not r <= reach:
                r = reach
            value = abs(evaluate(tree, OPS, acb(r))) * r**n
            size = float(value.mid()) if value.is_finite() else 0.0
            if most < size < 1e300:
                most = size
        return ball.dyadic(1, ceil(log(most, 2))) if most else arb(1)


def cut_off(tree: Tree, n: int, tolerance: arb) -> tuple[arb, arb]:
    """Returns (R, bound): the integral of r^{n-1} |e| (1 + r) beyond R is at most ``bound`` <= tolerance."""
    reason = ""
    for j in range(0, 13):
        start = arb(2) ** j
        try:
            ops = majorant.Ops(majorant.strip(start, arb(0)))
            bound = evaluate(tree, ops, ops.variable)
        except majorant.NoBound as problem:
            reason = str(problem)
            continue
        if bound.decay is None:
            raise Undecidable("the expression has no proved exponential decay as r grows")
        reach = start
        for _ in range(200):
            tail = tail_integral(bound, reach, Fraction(n + 1))
            if tail is not None and 2 * tail <= tolerance:
                return reach, (2 * tail).abs_upper()
            reach = (reach * ball.dyadic(5, -2)).mid()
            if reach > 10**7:
                break
        raise Undecidable("the expression decays too slowly as r grows")
    raise Undecidable(f"no bound of the expression as r grows ({reason})")


def tail_integral(bound: majorant.Growth, reach: arb, s: Fraction) -> arb | None:
    """Bounds the integral over [R, oo) of r^{s-1} |v|: r^t exp(-b r^q) falls at the logarithmic rate b q R^q - t or faster."""
    assert bound.decay is not None
    q, b = bound.decay
    t = number(s + bound.p)
    rate = b * number(q) * reach ** number(q) - t
    if not (rate > 0 and reach >= bound.region.start):
        return None
    return bound.size * reach**t * (-b * reach ** number(q)).exp() / rate


def _head(f: OnTheAxis, tolerance: arb) -> tuple[arb, arb]:
    """Returns (u0, bound): the integral over r < u0^q is left out and bounded; u0 = 0 where the integrand is analytic at 0."""
    with ball.precision(BOX_BITS):
        for j in range(0, 40, 4):
            if f.factors.logs == 0 and f(acb(arb(0, ball.dyadic(1, -j)), arb(0, ball.dyadic(1, -j)))).is_finite():
                return arb(0), arb(0)
    for j in range(8, 4000, 8):
        start = ball.dyadic(1, -j)
        bound = near_zero(f, start)
        if bound <= tolerance:
            return start, bound.abs_upper()
    raise Undecidable("the expression's singularity at r = 0 is not understood")


def near_zero(f: OnTheAxis, start: arb) -> arb:
    """Bounds the integral of 2 r^{n-1} |e| over r < start^q, where e is r^s times logarithms and Bessel functions K.

    |log r| <= r^-iota/(iota e) and K_v(x) <= 2^{v-1} Gamma(v) x^-v (DLMF 10.32.10), K_0 <= K_iota.
    """
    edge = start**f.q
    power, size = f.n + f.factors.power - f.factors.logs * IOTA, (1 / (number(IOTA) * arb.const_e())) ** f.factors.logs
    rest = f.factors.rest
    for item in rest.items if isinstance(rest, Product) else (rest,):
        match item:
            case Apply("besselk", argument, order) if order is not None:
                inner = Factors.of(argument)
                v = abs(order) or IOTA
                least = evaluate(inner.rest, OPS, acb(edge.union(arb(0)))).real
                if inner.logs or inner.power < 0 or not least > 0:
                    raise Undecidable("besselk's argument at r = 0 is not understood")
                size *= 2 ** (number(v) - 1) * arb.gamma(number(v)) * least.lower() ** -number(v)
                power -= v * inner.power
            case _:
                value = abs(evaluate(item, OPS, acb(edge.union(arb(0)))))
                if not value.is_finite():
                    raise Undecidable("the expression's singularity at r = 0 is not understood")
                size *= value.abs_upper()
    if power <= 0:
        raise Undecidable(f"the expression is not proved to be integrable at r = 0 in dimension {f.n}")
    return (2 * size * edge ** number(power) / number(power)).abs_upper()
