"""Float64 scans of the update's margins over wavenumbers: they guide the search for thresholds and fill charts; no proof."""

from __future__ import annotations

from itertools import islice
from math import pi

import numpy as np

from wgflow.conventions import Role, growth_rate
from wgflow.fourier.domain import Band, Period, is_sum_of_squares, modes
from wgflow.fourier.values import transform
from wgflow.record import record
from wgflow.stability.rates import default_range
from wgflow.stability.update_bounds import Training
from wgflow.stability.update_rule import Rule, margins

TYPE_CHECKING = False  # type checkers take it as true; importing numpy.typing would cost start-up
if TYPE_CHECKING:
    from typing import TypeAlias

    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float64]
    Bools: TypeAlias = NDArray[np.bool_]

POINTS, FAR_POINTS = 500, 60
MANY_MODES = 2000
_SMALL = 1e-5  # of |x| + |y|: below, P(1) is taken from its linear part, which rounding does not spoil
_AT_REST = 1e-200  # of the largest rate: such modes are left out, for their moves underflow
ROUNDS = 5  # of refinement of the grid around its worst mode


@record
class Grid:
    """Wavenumbers with the transforms of e and s there."""

    k: Floats
    kernel: Floats
    stabilizer: Floats

    def joined(self, other: Grid) -> Grid:
        pairs = ((self.k, other.k), (self.kernel, other.kernel), (self.stabilizer, other.stabilizer))
        return Grid(*(np.concatenate(pair) for pair in pairs))


def grid(training: Training) -> Grid:
    """Returns the wavenumbers of the domain that a scan looks at: a log grid, some far out; of a torus, its modes."""
    claim = training.discriminator
    low, high = (float(end) for end in default_range(claim))
    if isinstance(claim.domain, Band):
        return at(training, np.geomspace(low, high, POINTS))
    if isinstance(claim.domain, Period):
        return at(training, _modes(claim.domain, claim.dim, high))
    parts = [
        np.geomspace(low / 1e7, low, FAR_POINTS),
        np.geomspace(low, high, POINTS),
        np.geomspace(high, high * 1e3, FAR_POINTS),
    ]
    return at(training, np.unique(np.concatenate(parts)))


def _modes(period: Period, n: int, high: float) -> Floats:
    unit = 2 / float(period.factor) * (1 if period.times_pi else pi)
    first = [m2 for m2 in islice(modes(period, n, period.wavenumber(1).lower(), None), MANY_MODES) if is_sum_of_squares(m2, n)]
    far = np.unique(np.round(np.geomspace(1, max(10, 1e3 * high / unit), FAR_POINTS)))
    return np.unique(np.concatenate([np.sqrt(np.array(first, dtype=np.float64)), far])) * unit


def at(training: Training, k: Floats) -> Grid:
    claim = training.discriminator
    return Grid(k, transform(claim.kernel, k, claim.dim), transform(claim.stabilizer, k, claim.dim))


def moves(training: Training, points: Grid, eps: float, factor: float = 1.0) -> tuple[Floats, Floats]:
    """Returns x and y, learning rate times growth rate of both players, the learning rates multiplied by ``factor``."""
    rate_d, rate_g = (factor * float(rate) for rate in training.rule.rates)
    k2, density = points.k**2, float(training.density)
    with np.errstate(over="ignore", invalid="ignore"):
        x = rate_d * growth_rate(Role.DISCRIMINATOR, k2, points.kernel - eps * points.stabilizer, density)
        y = rate_g * growth_rate(Role.GENERATOR, k2, points.kernel, density)
    return (x if rate_d else np.zeros_like(k2)), (y if rate_g else np.zeros_like(k2))


def drift(rule: Rule, x: Floats, y: Floats) -> Floats:
    """Returns by how much a cycle of small steps grows w, as part of it."""
    return rule.n_critic * x / float(1 - rule.momentum_d) + y / float(1 - rule.momentum_g)


def scores(rule: Rule, x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Returns P(1)/(|x| + |y|) and the least of the other margins at each mode: it contracts where both are positive."""
    size = np.abs(x) + np.abs(y)
    with np.errstate(all="ignore"):
        first, *others = margins(rule, x, y, float)
        small = size < _SMALL
        slow = np.where(size > 0, np.where(small, -drift(rule, x, y), first) / np.where(size > 0, size, 1), 0.0)
        fast = np.min([np.broadcast_to(np.asarray(each, dtype=np.float64), x.shape) for each in others], axis=0)
    return np.nan_to_num(slow, nan=-1.0), np.nan_to_num(fast, nan=-1.0)


def worst(training: Training, points: Grid, eps: float, factor: float = 1.0) -> tuple[float, int]:
    """Returns the least score of all modes and where it is."""
    slow, fast = scores(training.rule, *moves(training, points, eps, factor))
    both = np.minimum(slow, fast)
    both[at_rest(points)] = 1.0
    index = int(both.argmin())
    return float(both[index]), index


def at_rest(points: Grid) -> Bools:
    """Returns which modes are left out, because what moves them is next to nothing, or underflows."""
    sizes = points.k**2 * (np.abs(points.kernel) + np.abs(points.stabilizer))
    return sizes < _AT_REST * sizes.max()


def crossing(training: Training, points: Grid, values: Floats, along_eps: bool, start: int, stable: bool) -> float | None:
    """Returns the first value from values[start] on where stability becomes ``stable``, refined, None where it does not."""

    def holds(value: float, where: Grid) -> bool:
        eps, factor = (value, 1.0) if along_eps else (float(training.discriminator.eps), value)
        return worst(training, where, eps, factor)[0] > 0

    found = next((i for i in range(start, len(values)) if holds(values[i], points) == stable), None)
    if found is None or found == 0:
        return None if found is None else float(values[0])
    low, high = float(values[found - 1]), float(values[found])
    ratio = 1.2
    for _ in range(ROUNDS):
        a, b = low, high
        for _ in range(60):
            middle = (a + b) / 2
            a, b = (a, middle) if holds(middle, points) == stable else (middle, b)
        if not isinstance(training.discriminator.domain, Period):
            unstable = a if stable else b
            eps, factor = (unstable, 1.0) if along_eps else (float(training.discriminator.eps), unstable)
            points = points.joined(_near(training, points.k[worst(training, points, eps, factor)[1]], ratio))
            ratio = 1 + (ratio - 1) / 40
    return b if stable else a


def _near(training: Training, k: float, ratio: float) -> Grid:
    around = np.geomspace(k / ratio, k * ratio, 201)
    domain = training.discriminator.domain
    if isinstance(domain, Band):
        around = np.clip(around, float(domain.low), float(domain.high))
    return at(training, around)


def rate_values(training: Training, points: Grid) -> Floats:
    """Returns factors of the learning rates to look at, from tiny ones to where every rule oscillates."""
    x, y = moves(training, points, float(training.discriminator.eps))
    peak = float(np.max(np.abs(x) + np.abs(y)))
    return np.geomspace(1e-7, 16, 400) / peak if 0 < peak < np.inf else np.empty(0)


def eps_values(training: Training, points: Grid) -> Floats:
    """Returns strengths of the stabilizer to look at, 0 the first."""
    with np.errstate(all="ignore"):
        ratio = np.abs(points.kernel / points.stabilizer)
    sizes = ratio[np.isfinite(ratio) & (ratio > 0)]
    if not sizes.size:
        return np.zeros(1)
    typed = abs(float(training.discriminator.eps))
    more = [typed] if typed > 0 else []
    return np.unique(np.concatenate([[0.0], more, float(np.median(sizes)) * np.geomspace(1e-5, 1e5, 500),
                                     float(sizes.max()) * np.geomspace(0.5, 50, 100)]))  # fmt: skip
