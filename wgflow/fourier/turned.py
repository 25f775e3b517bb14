"""Transforms of expressions that do not decay exponentially: the contour is turned into the complex plane.

    F(k) = omega integral_0^R r^{n-1} e(r) Lambda_n(k r) dr + (2 pi)^{n/2} Re integral of e(z) z^{n-1} (k z)^-nu H1_nu(k z) dz

over the ray z = R + t (1 + i), t > 0, nu = n/2 - 1, omega the area of the sphere: exponentially convergent, and equal to the
generalized transform (Abel's summation) where e is analytic and of moderate growth for |arg z| <= pi/4, |z| >= R. One
quadrature serves an octave of k.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from flint import acb, arb

from wgflow.arithmetic import ball
from wgflow.arithmetic.ball import number
from wgflow.arithmetic.complex_ball import OPS
from wgflow.fourier import majorant
from wgflow.fourier.ladder import bits_for, front, hankel_factor, hankel_ladder, sphere
from wgflow.fourier.local import Undecidable
from wgflow.fourier.panels import ACCURACY, NODE_BITS, Nodes, OnTheAxis, nodes_up_to, panels, scale_of
from wgflow.kernels.expression import Tree, evaluate
from wgflow.record import record

STEEP = 6  # k R at the upper end of an octave, at least


def far_growth(tree: Tree) -> majorant.Growth:
    """Returns a bound of e on the sector |arg z| <= pi/4 from some |z| on; raises Undecidable."""
    reason = ""
    with ball.precision(64):
        for j in range(0, 13):
            ops = majorant.Ops(majorant.sector(ball.dyadic(1, j), (arb.pi() / 4).upper()))
            try:
                return evaluate(tree, ops, ops.variable)
            except majorant.NoBound as problem:
                reason = str(problem)
    raise Undecidable(f"no bound of the expression as r grows ({reason})")


class OnTheRay:
    """e(z) z^{n-1} (k z)^-nu H1_nu(k z) dz over t, z = R + t (1 + i), bounded for all k in [k1, k2]."""

    both_halves = True

    def __init__(self, tree: Tree, n: int, corner: arb, k1: arb, k2: arb) -> None:
        self.tree, self.n, self.corner, self.k1, self.k2 = tree, n, corner, k1, k2

    def place(self, t: acb) -> acb:
        return self.corner + t * acb(1, 1)

    def weight(self, t: acb) -> acb:
        """e(z) z^{n-1} dz/dt."""
        z = self.place(t)
        return evaluate(self.tree, OPS, z) * z ** (self.n - 1) * acb(1, 1)

    def size(self, u: acb, kappa: arb) -> arb:
        """Bounds the integrand and its derivative in k, (k z)^-nu H1_{nu+1} z."""
        z = self.place(u)
        if not z.real > 0:
            return arb.nan()
        least = self.k1 * z.abs_lower()
        fall = (-(self.k1 * z.imag).min(self.k2 * z.imag)).exp() * least ** number(Fraction(1 - self.n, 2))
        factor = (2 / arb.pi()).sqrt() * hankel_factor(self.n, least).max(hankel_factor(self.n + 2, least))
        return (abs(self.weight(u)) * fall * factor * (1 + abs(z))).abs_upper()


@record
class TurnedNodes:
    """The quadrature of one octave: real nodes, and exact points z with weights e(z) z^{n-1} dz on the ray."""

    axis: Nodes
    points: tuple[acb, ...]
    weights: tuple[acb, ...]
    error: arb  # of the ray, without the factor (2 pi)^{n/2}; bounds the derivative in k too


def accuracy(n: int) -> int:
    """Bits, relative to the size of the sums: these cancel more in higher dimensions."""
    return ACCURACY + 3 * n


@lru_cache(maxsize=512)
def turned_nodes(tree: Tree, n: int, octave: int) -> TurnedNodes:
    """Returns the quadrature for 2^octave <= k <= 2^{octave+1}; raises Undecidable."""
    growth = far_growth(tree)
    nu = Fraction(n, 2) - 1
    k1, k2 = ball.dyadic(1, octave), ball.dyadic(1, octave + 1)
    with ball.precision(NODE_BITS):
        corner = growth.region.start.max(number(max(Fraction(STEEP), abs(nu * nu - Fraction(1, 4)) / 4)) / k2)
        corner = ball.coarse_point(corner, 8).max(growth.region.start)
        tolerance = scale_of(tree, n, corner) * ball.dyadic(1, -accuracy(n))
        axis = nodes_up_to(OnTheAxis(tree, n), corner, k2, tolerance, arb(0))
        ray = OnTheRay(tree, n, corner, k1, k2)
        stop, error = _ray_end(ray, growth, tolerance)
        points, weights = [], []
        for panel in panels(ray, arb(0), stop, k2, tolerance):
            error += panel.error
            for t, w in panel.rule():
                short = ball.coarse_point(t, NODE_BITS - 10)
                error += w * panel.slope * abs(t - short)
                points.append(ray.place(acb(short)))
                weights.append(ray.weight(acb(short)) * w)
        return TurnedNodes(axis, tuple(points), tuple(weights), error.abs_upper())


def _ray_end(ray: OnTheRay, growth: majorant.Growth, tolerance: arb) -> tuple[arb, arb]:
    """Returns (T, bound of the integral beyond it): for t >= T >= R |z| lies between t and 3 t, and t^s exp(-k1 t) falls."""
    n = ray.n
    s = growth.p + Fraction(n - 1, 2) + 1
    front = growth.size * 2 * ray.k1 ** number(Fraction(1 - n, 2)) * arb(3) ** number(abs(s)) * 4
    t = ray.corner.max(1 / ray.k1)
    for _ in range(200):
        t = (t * ball.dyadic(9, -3)).mid()
        rate = ray.k1 * t - number(s) - 1
        if not rate > 0:
            continue
        factor = hankel_factor(n, ray.k1 * t).max(hankel_factor(n + 2, ray.k1 * t))
        bound = front * factor * t ** number(s + 1) * (-ray.k1 * t).exp() / rate
        if bound <= tolerance:
            return t, bound.abs_upper()
    raise Undecidable("the expression grows too fast")


def ray_sums(nodes: TurnedNodes, n: int, centre: arb, degree: int) -> list[arb]:
    """Returns the Taylor coefficients in x = k^2 of the ray's part: (-z^2/2)^j w^{-nu-j} H1_{nu+j}(w)/j!, w = z sqrt(centre)."""
    nu = Fraction(n, 2) - 1
    sums = [arb(0)] * (degree + 1)
    for z, weight in zip(nodes.points, nodes.weights, strict=True):
        with ball.precision(bits_for(nu, float(abs(z).mid()) * float(centre) ** 0.5, NODE_BITS)):
            w = z * centre.sqrt()
            factor = weight * (acb(0, 1) * w).exp() * (w.log() * acb(number(-nu))).exp()
            values = hankel_ladder(nu, w, degree)
        step = -z * z / (2 * w)
        for j, value in enumerate(values):
            sums[j] += (factor * value).real
            factor *= step / (j + 1)
    return [front(n) * s for s in sums]


def disc_size(nodes: TurnedNodes, n: int, k: arb, slant: arb) -> arb:
    """Bounds both sums for complex wavenumbers of real part >= k and imaginary part at most ``slant`` in size."""
    total = arb(0)
    for r, weight in zip(nodes.axis.points, nodes.axis.weights, strict=True):
        total += abs(weight) * (slant * r).exp()
    total *= sphere(n)
    ray = arb(0)
    for z, weight in zip(nodes.points, nodes.weights, strict=True):
        size = k * abs(z)
        fall = (slant * z.real - k * z.imag).exp() * size ** number(Fraction(1 - n, 2))
        ray += abs(weight) * fall * hankel_factor(n, size)
    return total + front(n) * (2 / arb.pi()).sqrt() * ray
