"""The transform of an expression of unit length, enclosed by quadrature.

On cells of x = k^2 the quadrature's sum (`wgflow.fourier.panels`) is replaced by its Taylor polynomial, whose
coefficients are transforms in higher dimensions, with a bound of the rest. Values, slopes and ranges over intervals then
cost a polynomial. Every function here returns balls that contain the true value.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cached_property, lru_cache
from math import lgamma, log, log2

from flint import arb

from wgflow.arithmetic import ball
from wgflow.arithmetic.ball import number
from wgflow.fourier.ladder import front, ladder, sphere
from wgflow.fourier.local import Undecidable
from wgflow.fourier.panels import ACCURACY, NODE_BITS, POINT_BITS, WORK_BITS, Nodes, cut_off, integration_nodes, scale_of
from wgflow.fourier.turned import accuracy, disc_size, far_growth, ray_sums, turned_nodes
from wgflow.kernels.expression import Tree
from wgflow.record import record

MOST_DEGREE = 80
MOST_HALVINGS = 12
MOST_CELLS = 400  # that one interval may span
MOST_DIMENSION = 64
WIDE = 2
MOST_CANCELLED = 20_000
LONG = 250  # lengths: from there on the turned contour is shorter


@record
class Cell:
    """f(x) = sum of coefficients (x - centre)^j + rest for |x - centre| <= half, with |rest| <= error.

    ``slope_error`` bounds the derivative of the rest in k.
    """

    centre: arb
    half: arb
    coefficients: tuple[arb, ...]
    error: arb
    slope_error: arb

    def value(self, x: arb) -> arb:
        return _horner(self.coefficients, x - self.centre) + arb(0, self.error)

    def derivative(self, x: arb) -> arb:
        """d/dx of the polynomial part."""
        return _horner(tuple(j * c for j, c in enumerate(self.coefficients))[1:], x - self.centre)


def _horner(coefficients: tuple[arb, ...], h: arb) -> arb:
    total = arb(0)
    for c in reversed(coefficients):
        total = total * h + c
    return total


class AxisSums:
    """Quadrature on the real axis, for expressions that decay exponentially: one rule for all k up to a power of two.

    ``first_octave`` i stands for all k up to 2^{i+1}.
    """

    def __init__(self, tree: Tree, n: int, inside: bool, first_octave: int = -5) -> None:
        self.tree, self.n, self.inside, self.first_octave = tree, n, inside, first_octave
        self.levels: dict[int, Nodes] = {}

    @property
    def noise(self) -> arb:
        """The accuracy that cells reach at best: the quadrature's error at small k."""
        return (sphere(self.n) * self.nodes(self._level(self.first_octave)).error).abs_upper()

    def _level(self, octave: int) -> int:
        return max(min(0, self.first_octave + 1), octave + 1)

    def nodes(self, level: int) -> Nodes:
        """Returns the quadrature for k <= 2^level."""
        if level not in self.levels:
            self.levels[level] = integration_nodes(self.tree, self.n, ball.dyadic(1, level), self.inside)
        return self.levels[level]

    def make(self, octave: int, centre: arb, half: arb) -> Cell | None:
        nodes = self.nodes(self._level(octave))
        b = number(Fraction(self.n, 2))
        goal = nodes.error.max(ball.dyadic(1, -ACCURACY) * sum((abs(w) for w in nodes.weights), arb(0)))
        found = _lagrange(nodes, b, half, goal) or _cauchy(nodes, centre, half, goal)
        if found is None:
            return None
        degree, rest, rest_slope = found
        sums = axis_sums(nodes, self.n, centre, half, degree)
        area, top = sphere(self.n), (centre + half).sqrt()
        error = (area * (nodes.error + rest)).abs_upper()
        slope = (area * (nodes.error + rest_slope * 2 * top)).abs_upper()  # d/dk = 2 k d/dx
        return Cell(centre, half, tuple(sums), error, slope)


class TurnedSums:
    """Quadrature on a turned contour, for expressions that decay slowly or grow: one rule an octave of k.

    ``near``: the quadrature on the axis for small k, where the expression does decay exponentially.
    """

    def __init__(self, tree: Tree, n: int, near: AxisSums | None) -> None:
        self.tree, self.n, self.near = tree, n, near
        self.noise = arb(0)

    @property
    def first_octave(self) -> int | None:
        return None if self.near is None else self.near.first_octave

    def make(self, octave: int, centre: arb, half: arb) -> Cell | None:
        if self.near is not None and octave == self.near.first_octave:
            return self.near.make(octave, centre, half)
        if not 8 * half < centre:
            return None
        nodes = turned_nodes(self.tree, self.n, octave)
        with ball.precision(53):
            # Cauchy's bound on the disc |x - centre| <= 3 half: there Im k <= 3 half/(2 Re k).
            reach = 3 * half
            k = (centre - reach).sqrt()
            size = disc_size(nodes, self.n, k, reach / (2 * k))
            degree = int(accuracy(self.n) / 1.58) + 1  # 3^-degree
            rest = size * arb(3) ** -(degree + 1) * 3 / 2
            rest_slope = size / reach * arb(3) ** -degree * (degree + 1) * 9 / 4
        with ball.precision(NODE_BITS):
            ray = ray_sums(nodes, self.n, centre, degree)
        axis = axis_sums(nodes.axis, self.n, centre, half, degree)
        errors = sphere(self.n) * nodes.axis.error + front(self.n) * nodes.error
        error = (errors + rest).abs_upper()
        slope = (errors + rest_slope * 2 * (centre + half).sqrt()).abs_upper()
        return Cell(centre, half, tuple(a + b for a, b in zip(axis, ray, strict=True)), error, slope)


def axis_sums(nodes: Nodes, n: int, centre: arb, half: arb, degree: int) -> list[arb]:
    """Returns the Taylor coefficients in x = k^2 of the real nodes' sum, times the area of the sphere."""
    b = number(Fraction(n, 2))
    with ball.precision(3 * POINT_BITS):
        quarters = [r * r / 4 for r in nodes.points]  # exact, and so are the arguments
        arguments = [-centre * quarter for quarter in quarters]
    with ball.precision(WORK_BITS + _cancelled_bits(nodes, half)):
        sums = [arb(0)] * (degree + 1)
        for quarter, x, weight in zip(quarters, arguments, nodes.weights, strict=True):
            factor = weight
            for j, value in enumerate(ladder(b, x, degree)):
                sums[j] += factor * value
                factor *= -quarter / ((b + j) * (j + 1))
        return [sphere(n) * s for s in sums]


def sums_for(tree: Tree, n: int, inside: bool) -> AxisSums | TurnedSums:
    """Returns the quadrature that fits an expression; raises Undecidable with the reason where none does."""
    if n > MOST_DIMENSION:
        raise Undecidable(f"transforms of expressions are enclosed for dim <= {MOST_DIMENSION}")
    if inside:
        return AxisSums(tree, n, True)
    near: AxisSums | None = None
    try:
        with ball.precision(NODE_BITS):
            reach, _ = cut_off(tree, n, scale_of(tree, n) * ball.dyadic(1, -ACCURACY))
        if reach < LONG:
            return AxisSums(tree, n, False)
        near = AxisSums(tree, n, False, -int(log2(float(reach) / LONG)) - 2)
        reason = Undecidable("the expression decays slowly")
    except Undecidable as problem:
        reason = problem
    try:
        far_growth(tree)
    except Undecidable:
        if near is not None:
            return AxisSums(tree, n, False)
        raise reason from None
    return TurnedSums(tree, n, near)


class Cells:
    """The enclosed transform of one expression in one dimension; cells are made where they are asked for.

    They are the octaves [2^i, 2^{i+1}] of k, cut into halves of x = k^2 as long as needed.
    """

    def __init__(self, tree: Tree, n: int, inside: bool = False) -> None:
        self.sums = sums_for(tree, n, inside)
        self.n = n
        self.cells: dict[tuple[object, object], Cell | None] = {}

    @cached_property
    def noise(self) -> arb:
        return self.sums.noise

    def cell_at(self, x: arb) -> tuple[Cell, arb]:
        """Returns the cell that holds the exact point x, and its upper end."""
        octave = _octave(x, self.sums.first_octave)
        low, high = (arb(0) if octave == self.sums.first_octave else ball.dyadic(1, 2 * octave)), ball.dyadic(1, 2 * octave + 2)
        for _ in range(MOST_HALVINGS):
            cell = self._cell(octave, low, high)
            if cell is not None:
                return cell, high
            middle = ((low + high) / 2).mid()
            if x < middle:
                high = middle
            else:
                low = middle
        raise Undecidable(f"the transform's cells near k = {x.sqrt().str(4, radius=False)} would be too small")

    def _cell(self, octave: int, low: arb, high: arb) -> Cell | None:
        key = (low.man_exp(), high.man_exp())
        if key not in self.cells:
            with ball.precision(WORK_BITS):
                self.cells[key] = self.sums.make(octave, ((low + high) / 2).mid(), ((high - low) / 2).mid())
        return self.cells[key]

    # --- what is asked for ---

    def value(self, x: arb) -> arb:
        """Returns a ball around f at x = k^2 (itself a ball)."""
        if not x.is_finite():
            return arb.nan()
        low, high = x.lower(), x.upper()
        cell, end = self.cell_at(low)
        if high <= end:
            return cell.value(x)
        least, most = self.range(low.sqrt().lower(), high.sqrt().upper())
        return least.union(most)

    def _over(self, k1: arb, k2: arb) -> list[tuple[Cell, arb]]:
        """Returns the cells that cover [k1, k2], each with a ball around its part of x."""
        x, stop = (k1 * k1).lower(), (k2 * k2).upper()
        out: list[tuple[Cell, arb]] = []
        while True:
            cell, end = self.cell_at(x)
            out.append((cell, x.union(end.min(stop))))
            if end >= stop or len(out) > MOST_CELLS:
                break
            x = end
        if len(out) > MOST_CELLS:
            raise Undecidable("an interval spans too many cells of the transform")
        return out

    def slope(self, k1: arb, k2: arb) -> arb:
        """2 x f'(x), with the bound of the rest's derivative in k times k; not finite on wide intervals."""
        if k2 > WIDE * k1:
            return arb.nan()
        total: arb | None = None
        for cell, x in self._over(k1, k2):
            part = 2 * x * cell.derivative(x) + arb(0, (cell.slope_error * k2).abs_upper())
            total = part if total is None else total.union(part)
        assert total is not None
        return total

    def range(self, k1: arb, k2: arb) -> tuple[arb, arb]:
        """Returns bounds of f over [k1, k2]; none on wide intervals, where they would cost much and tell little."""
        if k2 > WIDE * k1:
            return arb.neg_inf(), arb.pos_inf()
        low, high = arb.pos_inf(), arb.neg_inf()
        for cell, x in self._over(k1, k2):
            middle = x.mid()
            inside = cell.value(middle) + cell.derivative(x) * (x - middle)  # the mean value form
            low, high = low.min(inside.lower()), high.max(inside.upper())
        return low, high


def _octave(x: arb, first: int | None) -> int:
    """Returns i with 2^i <= k < 2^{i+1}, and ``first`` for all smaller k."""
    mantissa, exponent = x.man_exp()
    if mantissa == 0:
        if first is None:
            raise Undecidable("the transform at k = 0 is not known")
        return first
    top = int(exponent) + int(mantissa).bit_length() - 1  # 2^top <= x
    return top // 2 if first is None else max(first, top // 2)


def _cancelled_bits(nodes: Nodes, half: arb) -> int:
    """How many bits cancel between nodes: one adds up to |W| exp(r sqrt(half)) to the polynomial's sizes. Only a guide."""
    root = float(half) ** 0.5
    logs = [log2(abs(w) or 1e-300) for w in nodes.floats[1]]
    bits = max(e + 1.45 * root * r for e, r in zip(logs, nodes.floats[0], strict=True)) - max(logs)
    if not bits < MOST_CANCELLED:
        raise Undecidable("too many bits cancel in the quadrature; a band of smaller wavenumbers may decide")
    return max(0, int(bits))


Degree = tuple[int, arb, arb]  # J, and bounds of what the Taylor polynomial of degree J leaves out and of its d/dx


def _lagrange(nodes: Nodes, b: arb, half: arb, goal: arb) -> Degree | None:
    """|Lambda| <= 1 on the whole cell, so a node leaves out at most |W| (half r^2/4)^{J+1}/((b)_{J+1} (J+1)!)."""
    if _is_hopeless(nodes, b, half, goal):
        return None
    with ball.precision(53):
        steps = [half * r * r / 4 for r in nodes.points]
        sizes = [abs(w) + 0 for w in nodes.weights]
        for j in range(MOST_DEGREE + 1):
            sizes = [s * y / ((b + j) * (j + 1)) for s, y in zip(sizes, steps, strict=True)]
            bound = sum(sizes, arb(0))
            if bound < goal and j > 1:
                return j, bound.abs_upper(), (bound * (j + 1) / half).abs_upper()
    return None


def _is_hopeless(nodes: Nodes, b: arb, half: arb, goal: arb) -> bool:
    """Tells, in floats and for speed only, whether some node alone leaves out more than the goal at the highest degree."""
    if not float(goal):
        return False
    top = MOST_DEGREE + 1
    shift = lgamma(float(b) + top) - lgamma(float(b)) + lgamma(top + 1) + log(float(goal))
    quarter = float(half) / 4
    return any(
        w and r and log(abs(w)) + top * (log(quarter) + 2 * log(r)) > shift
        for r, w in zip(nodes.floats[0], nodes.floats[1], strict=True)
    )


def _cauchy(nodes: Nodes, centre: arb, half: arb, goal: arb) -> Degree | None:
    """|Lambda(k r)| <= exp(r |Im k|): on the disc |x - centre| <= d the sum is at most B = sum of |W| exp(eta r).

    There |Im k| <= eta, as d = 2 eta (sqrt(centre + eta^2) - eta). With t = half/d the rest is at most B t^{J+1}/(1-t).
    """
    with ball.precision(53):
        for eta in (arb(1) / 4, arb(1) / 2, arb(3) / 4, arb(1), arb(3) / 2, arb(2), arb(3), arb(5)):
            d = 2 * eta * ((centre + eta * eta).sqrt() - eta)
            t = half / d
            if not t < arb(1) / 2:
                continue
            size = sum((abs(w) * (eta * r).exp() for r, w in zip(nodes.points, nodes.weights, strict=True)), arb(0))
            needed = ((goal * (1 - t) / size).log() / t.log()).upper()
            if not needed < MOST_DEGREE:
                continue
            j = max(2, int(float(needed)) + 1)
            rest = size * t ** (j + 1) / (1 - t)
            return j, rest.abs_upper(), (size / d * t**j * (j + 1) / (1 - t) ** 2).abs_upper()
    return None


@lru_cache(maxsize=64)
def cells_of(tree: Tree, n: int, inside: bool = False) -> Cells:
    """Returns the cells of one transform; they are made where they are asked for, and kept. ``inside``: e = 0 for r > 1."""
    return Cells(tree, n, inside)
