"""A bound of an expression along a line beside the real axis: how fast its transform falls toward k = infinity.

The line runs from i a to X + i a and on: straight where e decays exponentially, along X + i a + t (1 + i) where it does not.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from flint import acb, arb

from wgflow.arithmetic import ball
from wgflow.arithmetic.ball import number
from wgflow.arithmetic.complex_ball import OPS
from wgflow.fourier import majorant
from wgflow.fourier.local import Undecidable
from wgflow.fourier.panels import BOX_BITS, Factors, tail_integral
from wgflow.fourier.turned import far_growth
from wgflow.kernels.expression import Tree, evaluate

MOST_BOXES = 4000
HEIGHTS = tuple(2.0 ** (j / 2) for j in range(8, -13, -1))


@lru_cache(maxsize=256)
def height_for(tree: Tree, order: int, most: arb | None = None) -> arb:
    """Returns a with e proved to be analytic for 0 < Im z < a beside the positive axis; raises Undecidable.

    ``order`` asks for a larger a, where there is one: larger rates, larger constants. ``most`` bounds a; there e has a germ at
    0 in powers of r, known to be analytic up to that distance. Without it e must be analytic at 0.
    """
    with ball.precision(BOX_BITS):
        highest = _highest(tree, most)
        wish = (highest * (1 - 0.5 / order)).min((arb(order).sqrt() + 1) / 2) if most is None else highest
        height = ball.coarse_point(wish, 20)
        return height if height <= highest else highest


@lru_cache(maxsize=256)
def line_integral(tree: Tree, n: int, height: arb, k: arb) -> arb:
    """Bounds the integral of |e(z)| |z|^{(n-1)/2} exp(-k (Im z - a)) |dz| over the line, for all wavenumbers >= k."""
    with ball.precision(BOX_BITS):
        start, bound = _far_bound(tree, height)
        half = Fraction(n - 1, 2)
        if bound.decay is None:
            far, tail = start, _ray_tail(bound, half, start, k)
        else:
            far, tail = _straight_tail(bound, half, start, height)
        total = tail
        step = (far / 256).max(height / 64)
        x = arb(0)
        while x < far:
            right = (x + step).min(far).mid()
            total += _box_size(tree, acb(x.union(right), height), half) * (right - x)
            x = right
        if not total.is_finite():
            raise Undecidable("the expression is not bounded beside the real axis")
        return total.abs_upper()


def _straight_tail(bound: majorant.Growth, half: Fraction, start: arb, height: arb) -> tuple[arb, arb]:
    """Returns (T, bound beyond it): |z| <= t sqrt(1 + (a/X)^2), exp(-b |z|^q) <= exp(-b t^q)."""
    assert bound.decay is not None
    q, b = bound.decay
    far = start
    for _ in range(60):  # far enough that the tail no longer matters
        wider = (1 + (height / start) ** 2).sqrt() ** number(max(bound.p + half, Fraction(0)))
        tail = tail_integral(bound, far, half + 1)
        if tail is not None and far * b ** number(1 / q) > 8:
            return far, wider * tail
        far = (far * ball.dyadic(5, -2)).mid()
    raise Undecidable("the expression decays too slowly as r grows")


def _ray_tail(bound: majorant.Growth, half: Fraction, start: arb, k: arb) -> arb:
    """|z| lies between X and 2 (X + t) on z = X + i a + t (1 + i), a <= X; the integral of (X + t)^s exp(-k t) is at most
    2^s (X^s + Gamma(s+1) k^-s)/k for s >= 0."""
    s = bound.p + half
    root = arb(2).sqrt() * bound.size / k
    if s <= 0:
        return root * start ** number(s)
    power = number(s)
    return root * arb(2) ** (2 * power) * (start**power + arb.gamma(power + 1) * k**-power)


@lru_cache(maxsize=256)
def _highest(tree: Tree, most: arb | None) -> arb:
    """Returns the largest height of a list up to which e is proved to be analytic, and bounded far out."""
    reason = "its analyticity is not proved"
    for height in HEIGHTS:
        a = arb(height)
        if most is not None and a > most:
            if height / 2**0.5 > most:
                continue
            a = most
        try:
            _check_strip(tree, a, arb(0) if most is None else most)
        except (Undecidable, majorant.NoBound) as problem:
            reason = str(problem)
            continue
        return a
    raise Undecidable(f"no bound of the transform toward infinity: {reason}")


def _check_strip(tree: Tree, height: arb, corner: arb) -> None:
    """Raises Undecidable unless e is proved to be analytic on 0 <= Re z, 0 <= Im z <= a, |z| > corner."""
    start, _ = _far_bound(tree, height)
    rest = Factors.of(tree).rest
    todo = [(arb(0), start, arb(0), height)]
    looked = 0
    while todo:
        x0, x1, y0, y1 = todo.pop()
        looked += 1
        box = acb(x0.union(x1), y0.union(y1))
        if abs(box) < corner or evaluate(rest, OPS, box).is_finite():
            continue
        if looked > MOST_BOXES or (x1 - x0 < ball.dyadic(1, -12) and y1 - y0 < ball.dyadic(1, -12)):
            raise Undecidable("the expression is not proved to be analytic beside the real axis")
        if x1 - x0 > y1 - y0:
            middle = ((x0 + x1) / 2).mid()
            todo += [(x0, middle, y0, y1), (middle, x1, y0, y1)]
        else:
            middle = ((y0 + y1) / 2).mid()
            todo += [(x0, x1, y0, middle), (x0, x1, middle, y1)]


def _far_bound(tree: Tree, height: arb) -> tuple[arb, majorant.Growth]:
    """Returns (X, bound of e): on the strip for Re z >= X where e decays there, else on the sector |arg z| <= pi/4, |z| >= X."""
    for j in range(0, 12):
        start = ball.dyadic(1, j)
        ops = majorant.Ops(majorant.strip(start, height))
        try:
            bound = evaluate(tree, ops, ops.variable)
        except majorant.NoBound:
            continue
        if bound.decay is not None:
            return start, bound
        break
    growth = far_growth(tree)
    return growth.region.start.max(height), growth


def _box_size(tree: Tree, z: acb, half: Fraction, depth: int = 0) -> arb:
    """Bounds |e(z)| |z|^half on a horizontal segment."""
    size = abs(evaluate(tree, OPS, z)) * abs(z) ** number(half)
    if size.is_finite() or depth > 6:
        return size.abs_upper()
    x0, x1 = z.real.lower(), z.real.upper()
    middle = ((x0 + x1) / 2).mid()
    left = _box_size(tree, acb(x0.union(middle), z.imag), half, depth + 1)
    return left.max(_box_size(tree, acb(middle.union(x1), z.imag), half, depth + 1))
