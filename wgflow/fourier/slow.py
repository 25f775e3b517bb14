"""The transform of a slowly decaying, or growing, expression toward k = 0."""

from __future__ import annotations

from fractions import Fraction

from flint import acb, arb

from wgflow.arithmetic import ball
from wgflow.arithmetic.ball import number
from wgflow.arithmetic.complex_ball import OPS
from wgflow.fourier.ladder import front, hankel_factor, sphere
from wgflow.fourier.local import NO_RATE, Local, Rest, Undecidable
from wgflow.fourier.majorant import Growth
from wgflow.fourier.panels import ACCURACY, BOX_BITS, IOTA, NODE_BITS, OnTheAxis, nodes_up_to
from wgflow.fourier.turned import STEEP, far_growth
from wgflow.kernels.expression import Tree, evaluate

LEAST_MARGIN = Fraction(1, 8)  # of integrability at infinity, for F(0) to be computed


def slow_at_zero(tree: Tree, n: int) -> tuple[Local, ...]:
    """F(0) and a bound of F - F(0) where e is integrable, else a bound of F alone."""
    growth = far_growth(tree)
    margin = -growth.p - n
    with ball.precision(BOX_BITS):
        if margin >= LEAST_MARGIN:
            return _integrable(tree, n, growth, margin)
        return (_growing(tree, n, growth),)


def _integrable(tree: Tree, n: int, growth: Growth, margin: Fraction) -> tuple[Local, ...]:
    """|Lambda_n(z) - 1| <= min(2, z^2/(2n)) <= 2 (z^2/4n)^{d/2} for 0 <= d <= 2."""
    power = min(Fraction(2), margin / 2)
    valid = arb(1)
    total = _total(tree, n, growth, margin)
    weight = n + power
    size = _absolute(tree, n, growth.region.start, weight) + growth.size * growth.region.start ** number(power - margin) / number(
        margin - power
    )
    rest = 2 * sphere(n) * size * (4 * n) ** -number(power / 2)
    value = ball.exact_point(total.mid())
    return (
        Local(NO_RATE, ((Fraction(0), 0, value),), Rest(total.rad().upper(), Fraction(0)), valid),
        Local(NO_RATE, (), Rest(rest.abs_upper(), power), valid),
    )


def _total(tree: Tree, n: int, growth: Growth, margin: Fraction) -> arb:
    """F(0): the integral of e over R^n, cut off where the tail is negligible."""
    with ball.precision(NODE_BITS):
        bits = int((ACCURACY + 4) / margin) + 4
        reach = growth.region.start * ball.dyadic(1, bits)
        tail = growth.size * reach ** -number(margin) / number(margin)
        tolerance = growth.size * ball.dyadic(1, -ACCURACY) * growth.region.start ** -number(margin)
        nodes = nodes_up_to(OnTheAxis(tree, n), reach, arb(0), tolerance, tail)
        return sphere(n) * (sum(nodes.weights, arb(0)) + arb(0, nodes.error))


def _absolute(tree: Tree, n: int, reach: arb, weight: Fraction) -> arb:
    """Bounds the integral of r^{weight-1} |e(r)| over [0, reach], reach <= 2^12 (so that log r near 0 is bounded below)."""
    f = OnTheAxis(tree, n)
    factors = f.factors
    first = reach * ball.dyadic(1, -10)
    power = weight + factors.power - factors.logs * IOTA
    if power <= 0:
        raise Undecidable("the expression is not proved to be integrable at r = 0")
    near = abs(evaluate(f.rest, OPS, acb(first.root(f.q).upper().union(arb(0)))))
    logarithm = (1 / (number(IOTA) * arb.const_e()) + abs(first.log())) ** factors.logs
    total = near * logarithm * first ** number(power) / number(power)
    x = first
    while x < reach:
        right = (x * ball.dyadic(17, -4)).min(reach).mid()
        r = x.union(right)
        total += abs(evaluate(tree, OPS, acb(r))) * r ** number(weight - 1) * (right - x)
        x = right
    if not total.is_finite():
        raise Undecidable("the expression is not proved to be bounded on the axis")
    return total.abs_upper()


def _growing(tree: Tree, n: int, growth: Growth) -> Local:
    """|F| <= C k^{-n-p'} with |e| <= M r^{p'}, p' > -n, for r >= X: the contour turns at R = rho/k >= X.

    The axis gives omega (A + M R^{n+p'}/(n+p')), A over [0, X], and the ray, with z = (rho + t (1 + i))/k and
    s = (n-1)/2 + p', (2 pi)^{n/2} sqrt(2) M k^{-n-p'} sqrt(2/pi) h times the integral of |rho + t (1 + i)|^s exp(-t).
    """
    p = max(growth.p, -n + LEAST_MARGIN)
    big = growth.size * growth.region.start ** number(growth.p - p)
    rho = arb(STEEP)
    valid = (rho / growth.region.start).lower()
    inner = _absolute(tree, n, growth.region.start, Fraction(n))
    axis = sphere(n) * (inner * valid ** number(n + p) + big * rho ** number(n + p) / number(n + p))
    s = Fraction(n - 1, 2) + p
    integral = rho ** number(s)
    if s > 0:  # (rho + sqrt(2) t)^s <= 2^s (rho^s + (sqrt(2) t)^s)
        integral = arb(2) ** number(s) * (integral + arb(2) ** number(s / 2) * arb.gamma(number(s + 1)))
    ray = front(n) * 2 / arb.pi().sqrt() * big * hankel_factor(n, rho) * integral
    return Local(NO_RATE, (), Rest((axis + ray).abs_upper(), -n - p), valid)
