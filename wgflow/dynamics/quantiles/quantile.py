"""Flows of a density on a line by its quantiles X(u), 0 < u < 1: the singular part of the force is exact, whatever N.

With F the distribution functions, c = e'(0+) the slope of the kernel at r = 0, and R = e - c r, which has no kink there,

    dX/dt (u) = role [ 2c (u - F_q(X)) + R' * (p - q) (X) ],    since F_p(X(u)) = u    (Carrillo, Choi, Hauray 2014; MATH 4)

For energy and coulomb R = 0, and every quantile moves by itself. With g = 2 role c:

g > 0 (energy, generator)      order is kept: where X(u) = X(u') for u < u' the upper one is faster by g (u' - u). A point mass of
                               p spreads at once, which particles cannot do (Bonaschi, Carrillo, Di Francesco, Peletier 2015).
g < 0 (energy, discriminator)  quantiles that meet stay together from then on: g (u - F_q) pushes them into each other. Groups
                               move with their mean level, which is the force on a point mass.
g = 0 (matern(3/2))            the velocity is one Lipschitz function of the place: order and points are kept.
"""

from __future__ import annotations

import numpy as np

from wgflow.arithmetic.number import InputError, integer, shown
from wgflow.conventions import HALF_IN_ENERGY, Role
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.quantiles.line_law import LineLaw, levels, line_law
from wgflow.dynamics.quantiles.quantile_order import group_levels
from wgflow.dynamics.sums.sorted_parts import Part, line_parts
from wgflow.dynamics.sums.sorted_sums import PartSums
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.kernels.kernel import Kernel
from wgflow.kernels.text import parse
from wgflow.record import record

COUNT = 1000
MOST_QUANTILES = 10**7


@record
class LineKernel:
    """A kernel on the line as c r + R(r), R'(0) = 0; remainder: the sums of R, None where R' = 0."""

    cusp: float
    remainder: PartSums | None
    whole: PartSums


@record
class QuantileFlow(Flow):
    """The flow above for N quantiles at the levels (i + 1/2)/N; the state is (N, 1), ascending.

    law: of q, None for q = 0.  nodes, weights: (M,), the points that stand for q in R * q and in the energy; exact where q is
    made of points. Make one with `quantile_flow`, which checks the data.
    """

    kernel: LineKernel
    role: Role
    law: LineLaw | None
    nodes: Floats
    weights: Floats
    count: int

    random = False

    @property
    def strength(self) -> float:
        """g = 2 role c, the factor of u - F_q in the velocity, in length / time."""
        return 2 * self.role.value * self.kernel.cusp

    @property
    def is_sticky(self) -> bool:
        """Whether quantiles that meet stay together."""
        return self.strength < 0

    def rhs(self, t: float, state: Floats) -> Floats:
        x = self._line(state)
        u = group_levels(x) if self.is_sticky else levels(self.count)
        velocity = self.strength * (u - (0.5 if self.law is None else self.law.distribution(x)))
        if self.kernel.remainder is not None:
            velocity += self.role.value * self.kernel.remainder.slope(x, *self._sources(x))
        return velocity[:, np.newaxis]

    def energy(self, state: Floats) -> float:
        """Returns E = 1/2 D_e[p, q] of the N quantiles as points of mass 1/N against the nodes of q."""
        z, w = self._sources(self._line(state))
        return float(HALF_IN_ENERGY) * float(w @ self.kernel.whole.value(z, z, w))

    def drawn(self, step: int, t: float, state: Floats) -> Flow:
        return self

    def describe(self) -> str:
        """Returns one line for people."""
        fate = "meet and stay together" if self.is_sticky else "keep their order"
        rest = (
            "no other force"
            if self.kernel.remainder is None
            else f"the rest of the force by sorting, {self.nodes.size} nodes of q"
        )
        return f"{self.count} quantiles that {fate}; the kink of the kernel exactly, {rest}"

    def _sources(self, x: Floats) -> tuple[Floats, Floats]:
        return np.concatenate([x, self.nodes]), np.concatenate([np.full(x.size, 1 / x.size), -self.weights])

    def _line(self, state: Floats) -> Floats:
        if state.shape != (self.count, 1):
            raise InputError(f"the state has shape {state.shape}; this flow needs ({self.count}, 1).")
        return np.ascontiguousarray(state[:, 0])


def quantile_flow(
    kernel: object, role: object, start: object, target: object, count: object = None, *, nodes: object = None
) -> tuple[QuantileFlow, Floats]:
    """Returns (flow, the state to start from) for the quantiles of p on the line, driven toward or away from q.

    kernel: text or a Kernel that is polynomials in r times exponentials: energy, coulomb, laplace, yukawa, matern(3/2),
    wendland, and sums with either sign; for a discriminator, the stabilized one.  role: "generator", "discriminator" or a Role.
    start, target: text such as "gaussian(std=2) + point(at=1)", or samples (N,); target None for q = 0.  count: N, that of
    the samples or 1000 where it is not given.  nodes: how many quantiles stand for a target that is not made of points, in
    the smooth part of the force alone, with an error of order 1/nodes^2 where q has no tails (between 1 and 2 where it has);
    N where it is not given. Raises InputError.

    >>> flow, start = quantile_flow("energy", "generator", "point(at=3)", "uniform(low=0, high=1)", 4)
    >>> start.T, flow.rhs(0.0, start).T  # 2 (u - 1): the point spreads at once
    (array([[3., 3., 3., 3.]]), array([[-1.75, -1.25, -0.75, -0.25]]))
    """
    law = line_law(start)
    given = np.size(start) if not isinstance(start, (str, LineLaw)) else COUNT  # type: ignore[arg-type]
    number = integer(given if count is None else count, "count", 1, MOST_QUANTILES)
    goal = None if target is None else line_law(target)
    many = integer(number if nodes is None else nodes, "nodes", 1, MOST_QUANTILES)
    places, weights = (np.zeros(0), np.zeros(0)) if goal is None else goal.nodes(many)
    flow = QuantileFlow(line_kernel(kernel), _role(role), goal, places, weights, number)
    return flow, law.quantiles(levels(number))[:, np.newaxis]


def line_kernel(kernel: object) -> LineKernel:
    """Returns a kernel split at its kink; raises InputError for one that is not polynomials in r times exponentials.

    >>> line_kernel("energy").cusp, line_kernel("energy").remainder, line_kernel("laplace(1/2)").cusp
    (-1.0, None, -2.0)
    """
    whole = kernel if isinstance(kernel, Kernel) else parse(kernel)
    try:
        parts = line_parts(whole, 1)
    except InputError as problem:
        raise InputError(f"quantiles follow energy, coulomb, laplace, yukawa, matern(3/2) and the like: {problem}") from None
    slopes = [part.slope().coefficients for part in parts]
    cusp = float(sum(slope[0] for slope in slopes if slope.size))
    rest = PartSums(_without(parts, cusp))
    return LineKernel(cusp, None if _is_flat(rest.parts) else rest, PartSums(parts))


def _without(parts: tuple[Part, ...], cusp: float) -> tuple[Part, ...]:
    """Returns the parts of e - cusp r."""
    powers = [part for part in parts if part.rate == 0 and part.radius is None]
    coefficients = np.zeros(max([2, *(part.coefficients.size for part in powers)]))
    for part in powers:
        coefficients[: part.coefficients.size] += part.coefficients
    coefficients[1] -= cusp
    others = tuple(part for part in parts if not any(part is power for power in powers))
    return (Part(0.0, coefficients).trimmed(), *others)


def _is_flat(parts: tuple[Part, ...]) -> bool:
    return not any(part.slope().coefficients.size for part in parts)


def _role(role: object) -> Role:
    if isinstance(role, Role):
        return role
    found = next((each for each in Role if each.text == role), None)
    if found is None:
        raise InputError(f"role {shown(role)} is not known; type generator or discriminator.")
    return found


@record
class LineDensity:
    """A density on a line: values p at the places x between quantiles, (G,), and points with their masses, (A,)."""

    x: Floats
    p: Floats
    points: Floats
    masses: Floats


def density_of(state: Floats) -> LineDensity:
    """Returns the density of quantiles, p = 1/X'(u): 1/N over the gap between neighbours, at its middle (second order).

    state: (N,) or (N, 1), ascending. Quantiles at one place are a point of p. Half of 1/N beyond either end has no value.

    >>> density_of(np.array([0.0, 0.5, 1.5, 1.5]))
    LineDensity(x=array([0.25, 1.  ]), p=array([0.5 , 0.25]), points=array([1.5]), masses=array([0.5]))
    """
    x = np.ravel(state)
    gap = np.diff(x)
    apart = gap > 0
    places, counts = np.unique(x, return_counts=True)
    with np.errstate(over="ignore"):
        p = 1 / (x.size * gap[apart])
    return LineDensity((x[1:] + x[:-1])[apart] / 2, p, places[counts > 1], counts[counts > 1] / x.size)
