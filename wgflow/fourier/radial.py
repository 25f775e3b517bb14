"""The transform of an expression as a shape of the wavenumber like any other.

Values and ranges come from `wgflow.fourier.cells`, the behaviour at both ends from `wgflow.fourier.far`. Both work at unit
length; a power of two carries the expression there.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from math import inf, log

from flint import acb, arb

from wgflow.arithmetic import ball, exact
from wgflow.arithmetic.complex_ball import OPS
from wgflow.arithmetic.number import InputError
from wgflow.fourier.cells import Cells, cells_of
from wgflow.fourier.far import at_infinity, at_zero, power_amplitude
from wgflow.fourier.local import Enclosed, End, Local, Rest, Undecidable
from wgflow.fourier.panels import Factors
from wgflow.kernels.expression import Apply, Expression, Number, R, Tree, evaluate, multiply, substituted
from wgflow.kernels.expression import Power as PowerOfR
from wgflow.kernels.recognize import has_no_modes
from wgflow.kernels.shape import Power, Shape
from wgflow.kernels.text import parse
from wgflow.kernels.written import written_out
from wgflow.record import record

FAR_ORDER = 8
OCTAVES = range(-130, 131)
LOG = Apply("log", R)
SHARP = 40  # bits


@record
class Radial(Enclosed):
    """F(c k), F(k) = integral over R^n of phi(|x|) exp(-i xi.x) dx, |xi| = k, for an expression phi of unit length.

    c = 2^doublings.
    """

    tree: Tree
    n: int
    doublings: int

    @property
    def cells(self) -> Cells:
        return cells_of(self.tree, self.n)

    @property
    def c(self) -> arb:
        return ball.dyadic(1, self.doublings)

    def stretched(self, scale2: Fraction) -> tuple[exact.Real, Radial]:
        raise TypeError("an expression is stretched before it is transformed")

    def length2(self) -> Fraction:
        return Fraction(4) ** self.doublings

    def value(self, ops: object, k2: arb) -> arb:
        if not isinstance(k2, arb):
            raise ValueError("the transform of an expression is known in balls only")
        far = self._far_value(k2)
        return self.cells.value(self.c * self.c * k2) if far is None else far

    def _far_value(self, k2: arb) -> arb | None:
        """Returns the expansion toward infinity where it is sharp, or where the transform is below the quadrature's error."""
        parts = _far_parts(self)
        k = k2.sqrt()
        if not parts or not all(k >= piece.valid for piece in parts):
            return None
        total = arb(0)
        for piece in parts:
            sizes = [ball.real(a) * k ** ball.number(p) for p, _, a in piece.terms]
            if piece.rest is not None:
                sizes.append(arb(0, (piece.rest.bound * k ** ball.number(piece.rest.power)).abs_upper()))
            decay = (-ball.real(piece.rate[1]) * k ** piece.rate[0]).exp() if piece.rate[0] else arb(1)
            total += decay * sum(sizes, arb(0))
        noise = self.cells.noise
        return total if total.rel_accuracy_bits() > SHARP or total.rad() < noise else None

    def slope(self, k1: arb, k2: arb) -> arb:
        return self.cells.slope(self.c * k1, self.c * k2)

    def range(self, k1: arb, k2: arb) -> tuple[arb, arb]:
        return self.cells.range(self.c * k1, self.c * k2)

    def local(self, end: End, order: int) -> tuple[Local, ...]:
        found = at_zero(self.tree, self.n, order) if end is End.ZERO else at_infinity(self.tree, self.n, order)
        return tuple(self._scaled(piece) for piece in found)

    def _scaled(self, piece: Local) -> Local:
        """Carries an expansion in c k over to k."""
        (q, b), rest = piece.rate, piece.rest
        terms = tuple((p, logs, a * exact.power(2, p * self.doublings)) for p, logs, a in piece.terms)
        if rest is not None:
            rest = Rest((rest.bound * self.c ** ball.number(rest.power)).abs_upper(), rest.power, rest.logs)
        rate = (q, b * exact.dyadic(1, q * self.doublings)) if q else piece.rate
        return Local(rate, terms, rest, piece.valid / self.c)


@lru_cache(maxsize=256)
def _far_parts(shape: Radial) -> tuple[Local, ...]:
    try:
        return shape.local(End.INFINITY, FAR_ORDER)
    except Undecidable:
        return ()


Part = tuple[exact.Real, "Radial"]


@lru_cache(maxsize=256)
def radial(tree: Tree, n: int) -> tuple[Part, ...]:
    """Returns (factor, shape) pairs with F(phi)(k) = sum of factor * shape(k) in R^n; the shapes are of unit length.

    A factor log r becomes log r + j log 2 in the unit 2^j, hence a second pair.
    """
    factors = Factors.of(tree)
    plain = multiply((PowerOfR(factors.power), factors.rest))
    doublings = _typical_length(plain, n) if factors.logs <= 1 else 0
    try:
        plain = _stretched(plain, doublings)
    except InputError:  # the stretch would make its numbers too long
        doublings = 0
    front = exact.dyadic(1, n * doublings)
    if not factors.logs:
        return ((front, Radial(plain, n, doublings)),)
    own = (front, Radial(multiply((plain, *[LOG] * factors.logs)), n, doublings))
    if not doublings:
        return (own,)
    return own, (front * exact.log(Fraction(2)) * doublings, Radial(plain, n, doublings))


def _stretched(tree: Tree, doublings: int) -> Tree:
    return substituted(tree, multiply((Number(Fraction(2) ** doublings), R))) if doublings else tree


def _typical_length(tree: Tree, n: int) -> int:
    """Returns j, 2^j being about the length of phi; it chooses a scale, nothing rests on it.

    That is the least 2^j for which r^n |phi(r)| is half its largest or, where that lies at an end, where log |phi| bends most
    over log r.
    """
    logs: list[float] = []
    with ball.precision(400):  # log(1 + r^2) far in
        for j in OCTAVES:
            value = abs(evaluate(tree, OPS, acb(ball.dyadic(1, j)))).mid()
            logs.append(float(value.log()) if value.is_finite() and value > 0 else -inf)
    weighted = [size + n * j * log(2) for j, size in zip(OCTAVES, logs, strict=True)]
    top = max(weighted)
    where = next(j for j, size in zip(OCTAVES, weighted, strict=True) if size >= top - log(2))
    if OCTAVES[4] < where and weighted.index(top) < len(OCTAVES) - 4:  # there is a maximum
        return where
    bends = [abs(a - 2 * b + c) if min(a, b, c) > -inf else 0.0 for a, b, c in zip(logs, logs[1:], logs[2:], strict=False)]
    return OCTAVES[bends.index(max(bends)) + 1] if max(bends) > 1e-6 else 0


def transform_of_tree(family: object, n: int) -> list[tuple[exact.Real, Shape]]:
    """Returns [(factor, shape)] with F(phi)(k) = factor * shape(k) for an expression; none where F vanishes for all k > 0."""
    assert isinstance(family, Expression)
    if has_no_modes(family.tree):
        return []
    law = _power_law(family.tree, n)
    return list(radial(family.tree, n)) if law is None else [law]


def _power_law(tree: Tree, n: int) -> tuple[exact.Real, Shape] | None:
    """F(r^beta) and F(r^{2m} log r) are powers of k, exactly."""
    factors = Factors.of(tree)
    if factors.rest != Number(Fraction(1)) or factors.logs > 1:
        return None
    beta = factors.power
    if beta <= -n:
        raise Undecidable(f"the expression is not integrable at r = 0 in dimension {n}")
    amplitude = power_amplitude(beta, n, factors.logs)
    return None if amplitude is None else (amplitude, Power(n + beta))


# --- without closed forms ------------------------------------------------------------------------------------------


def enclosed(kernel: object, n: int, k: arb) -> arb:
    """Returns a ball around F(e)(k) in R^n from quadrature alone, also where a closed form is known; raises Undecidable.

    kernel: text or Kernel.  k: an exact point or a narrow ball, k > 0.

    >>> from flint import arb
    >>> enclosed("exp(-r**4)", 1, arb(1)).str(10, radius=False)
    '1.524709757'
    """
    total = arb(0)
    given = parse(kernel)
    given.check_dimension(n)
    for term in given.terms:
        tree, inside = written_out(term.family, n)
        if has_no_modes(tree) and not inside:
            continue
        a2 = ball.number(term.scale2)
        if inside:
            value = cells_of(tree, n, inside).value(a2 * k * k)
        else:
            value = arb(0)
            for factor, shape in radial(tree, n):
                value += ball.real(factor) * shape.cells.value(a2 * (shape.c * k) ** 2)
        total += ball.number(term.weight) * a2 ** ball.number(Fraction(n, 2)) * value
    return total
