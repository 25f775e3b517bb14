"""Energy-distance flows on a line in closed form: from a point or a uniform law, to a point or a uniform law.

Each quantile has X' = g (u - F_q(X)), g = 2 role c, c = -1 the slope of e = -r (`wgflow.dynamics.quantiles.quantile`). Where q is
uniform on (l, l + w) and X inside, X - (l + w u) is multiplied by exp(-g t/w); outside, velocities are constant.

For the discriminator, quantiles meet: with D = dX/du, D' = g (1 - q D), and a D below w falls. A uniform start of length D0 < w
inside (l, l + w) stays inside and meets in one point when exp(-g t/w) = w/(w - D0); where q is to one side of it, or a point,
the part on each side meets when D0 + g t = 0. The point mass that results goes on with its mean level.
"""

from __future__ import annotations

from math import inf, log

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.conventions import Role
from wgflow.dynamics.quantiles.line_law import LineLaw, line_law
from wgflow.dynamics.quantiles.quantile import line_kernel
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record


@record
class _Ends:
    """A uniform law on (low, high), or a point where they are equal."""

    low: float
    high: float

    @property
    def width(self) -> float:
        return self.high - self.low


def exact_energy_flow(u: Floats, t: float, start: object, target: object, role: Role) -> Floats:
    """Returns the quantiles X(u, t) of p under e = -r, with q fixed; the shape of u, 0 < u < 1.

    start, target: a point or a uniform law, as text or as a LineLaw. Raises InputError for other laws, for t < 0, and where
    a discriminator's quantiles have begun to meet one after another (a uniform start over an end of a uniform target).

    >>> u = np.array([0.25, 0.75])
    >>> exact_energy_flow(u, 100.0, "point(at=7)", "uniform(low=0, high=1)", Role.GENERATOR).tolist()
    [0.25, 0.75]
    >>> exact_energy_flow(u, 1.0, "uniform(low=0, high=1)", "point(at=9)", Role.DISCRIMINATOR).tolist()  # all at 0 when t = 1/2
    [-0.5, -0.5]
    """
    if not t >= 0:
        raise InputError(f"time {t:g} is before the start; give a time from 0 on.")
    p, q = _ends(start), _ends(target)
    g = 2 * role.value * line_kernel("energy").cusp
    labels = np.asarray(u, dtype=np.float64)
    x = p.low + p.width * labels
    if g > 0:
        return _path(x, labels, t, q, g)
    if not p.width:
        return _path(x, np.full(x.shape, 0.5), t, q, g)
    return _merging(x, labels, t, p, q, g)


def _merging(x: Floats, u: Floats, t: float, p: _Ends, q: _Ends, g: float) -> Floats:
    """Returns the discriminator's quantiles of a uniform start, before and after they meet."""
    if q.width and p.low >= q.low and p.high <= q.high:
        meeting = inf if p.width == q.width else log(q.width / (q.width - p.width)) * q.width / -g
        if t <= meeting:
            return _path(x, u, t, q, g)
        at = q.low + q.width * (p.low - q.low) / (q.width - p.width)
        return _path(np.full(x.shape, at), np.full(x.shape, 0.5), t - meeting, q, g)
    meeting = p.width / -g
    if t <= meeting:
        return _path(x, u, t, q, g)
    if q.width and p.low < q.high and q.low < p.high:
        raise InputError(f"quantiles meet one after another from time {meeting:g} on, without a closed form; use EventDriven.")
    cut = float(np.clip((q.low - p.low) / p.width, 0.0, 1.0))  # the share of p on the left of q
    onto_left = x < q.low
    level = np.where(onto_left, cut / 2, (1 + cut) / 2)
    return _path(np.where(onto_left, p.low, p.high), level, t - meeting, q, g)


def _path(x: Floats, u: Floats, t: float, q: _Ends, g: float) -> Floats:
    """Returns where quantiles are that start at x and meet no others."""
    on_left = x <= q.low if g > 0 or q.width else x < q.low
    on_right = (x > q.low) if not q.width else (x >= q.high)
    if g < 0:
        return _away(x, u, t, q, g)
    entry = np.where(on_left, (q.low - x) / (g * u), np.where(on_right, (x - q.high) / (g * (1 - u)), 0.0))
    free = np.where(on_left, x + g * u * t, x - g * (1 - u) * t)
    if not q.width:
        return np.where(t < entry, free, q.low)
    rest = q.low + q.width * u
    inside = np.clip(x, q.low, q.high) - rest
    return np.where(t < entry, free, rest + inside * np.exp(-g / q.width * np.maximum(t - entry, 0.0)))


def _away(x: Floats, u: Floats, t: float, q: _Ends, g: float) -> Floats:
    """The discriminator: quantiles leave the target's interval, and do not come back."""
    outside = np.where(x <= q.low, x + g * u * t, x - g * (1 - u) * t)
    if not q.width:
        return np.where(x == q.low, _off_the_point(x, u, t, g), outside)
    rest = q.low + q.width * u
    off = x - rest
    edge = np.where(off > 0, q.high, q.low)
    with np.errstate(divide="ignore", invalid="ignore"):
        leaving = np.where(off == 0, inf, np.log((edge - rest) / off) * q.width / -g)
    beyond = edge + np.where(off > 0, -g * (1 - u), g * u) * np.maximum(t - np.where(off == 0, t, leaving), 0.0)
    inside = rest + off * np.exp(-g / q.width * np.minimum(t, leaving)) if t else x
    within = (x > q.low) & (x < q.high)
    return np.where(within, np.where(t < leaving, inside, beyond), outside)


def _off_the_point(x: Floats, u: Floats, t: float, g: float) -> Floats:
    """From the place of a point of q itself: its force there is 0, so that u = 1/2 rests and the others leave."""
    return np.where(u < 0.5, x - g * (1 - u) * t, np.where(u > 0.5, x + g * u * t, x))


def _ends(source: object) -> _Ends:
    law = source if isinstance(source, LineLaw) else line_law(source)
    jumps = law.above > law.below
    if law.is_piecewise and law.knots.size == 1:
        return _Ends(float(law.knots[0]), float(law.knots[0]))
    if law.is_piecewise and law.knots.size == 2 and not jumps.any():
        return _Ends(float(law.knots[0]), float(law.knots[1]))
    raise InputError("closed forms begin and end with a point or a uniform law; type point(at=0) or 'uniform(low=0, high=1)'.")
