"""Growth rates of modes fitted to time series, with intervals that know of noise, its memory, and curvature."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.slope_interval import LEAST_POINTS, narrowest
from wgflow.record import record

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]

LINEAR = 1e-2  # |m| of a unit mass up to which the flow about the constant density counts as linear
ROUNDING = 1e-15  # the floor of a sum of unit mass in double precision
_MARGIN = 10  # a mode is seen where it exceeds its noise this many times
_NEIGHBOURS = 2


@record
class Fit:
    """A fitted growth rate, or the reason why there is none.

    rate, half_width: the 95 % interval is rate +- half_width, in 1/time; None without a fit.  window: (first, last) time
    that was used.  points: how many times.  reason: empty where there is a fit.
    """

    rate: float | None
    half_width: float | None
    window: tuple[float, float] | None
    points: int
    reason: str = ""

    def to_json(self) -> dict[str, object]:
        return {
            "rate": self.rate,
            "half_width": self.half_width,
            "window": None if self.window is None else list(self.window),
            "points": self.points,
            "reason": self.reason,
        }


def fit(times: Floats, amplitudes: Complexes, floor: float = ROUNDING, ceiling: float = LINEAR) -> Fit:
    """Returns the rate lambda of m(t) ~ m_0 exp(lambda t) by least squares of log|a| over the linear window.

    a = Re(m conj(m_0)) / |m_0| is the projection on the phase at which the mode is first seen. About a constant density
    rates are real and phases do not turn, so that the part of m perpendicular to m_0 is noise. The window runs from the
    first time at which |a| exceeds ten times the noise (``floor``, or the perpendicular part) to the time at which it no
    longer does, or reaches ``ceiling``, where the flow stops being linear. It is halved while that narrows the interval (much,
    where there is noise).

    Interval of a series with noise: Student's t times the heteroscedasticity-consistent standard error (White 1980, with the
    jackknife residuals of MacKinnon and White 1985 about a parabola), inflated by (1 + r) / (1 - r) for the residuals'
    correlation r from one time to the next (corrected for its bias, Marriott and Pope 1954), which also lowers the degrees of
    freedom. Interval of a series that bends smoothly, as noiseless runs do: the change of slope over the window, carried on to
    amplitude 0 in proportion to |a|. The interval is that of the series: errors of the time integration, and deviations
    from linearity that do not change over the window, are not seen in one run.

    times: (T,), increasing.  amplitudes: (T,) complex, of a unit mass.  Raises InputError for unequal lengths, times that do
    not increase, or a ceiling not above ten floors.

    >>> t = np.linspace(0, 1, 50)
    >>> found = fit(t, 1e-5 * np.exp(-3 * t) + 0j)
    >>> round(found.rate, 9), found.half_width < 1e-9, found.window
    (-3.0, True, (0.0, 1.0))
    """
    t, m = np.asarray(times, dtype=np.float64), np.asarray(amplitudes, dtype=np.complex128)
    if t.ndim != 1 or t.shape != m.shape or (np.diff(t) <= 0).any() or not np.isfinite(t).all():
        raise InputError("a fit needs as many increasing times as amplitudes.")
    if not 0 <= _MARGIN * floor < ceiling:
        raise InputError(f"ceiling {ceiling:g} must exceed {_MARGIN} times the noise floor {floor:g}.")
    m = np.where(np.isfinite(m), m, 0)  # a run that blew up: its last times are not seen
    seen = np.flatnonzero(np.abs(m) > _MARGIN * floor)
    if not seen.size:
        return Fit(None, None, None, 0, f"the mode stays at its noise floor ({floor:.1e})")
    projected, run = _window(m, int(seen[0]), floor, ceiling)
    if len(run) < LEAST_POINTS:
        return Fit(None, None, None, len(run), _why_short(projected, int(seen[0]), len(run), ceiling))
    t, a = t[run], projected[run]
    slope = narrowest(t, np.log(np.abs(a)))
    return Fit(slope.value, slope.half_width, (float(t[0]), float(t[slope.points - 1])), slope.points)


def _window(m: Complexes, first: int, floor: float, ceiling: float) -> tuple[Floats, range]:
    """Returns the projected series and the first long enough run of times in the linear window (else the longest run)."""
    turned = m * (np.conj(m[first]) / abs(m[first]))
    projected, noise = turned.real, np.abs(turned.imag)
    padded = np.pad(noise, _NEIGHBOURS, mode="edge")
    level = np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1).max(axis=1)
    inside = (np.abs(projected) > _MARGIN * np.maximum(level, floor)) & (np.abs(projected) < ceiling)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], inside, [False]]).astype(np.int8)))
    runs = [range(start, stop) for start, stop in zip(edges[::2], edges[1::2], strict=True)]
    return projected, next((run for run in runs if len(run) >= LEAST_POINTS), max(runs, key=len, default=range(0)))


def _why_short(projected: Floats, first: int, points: int, ceiling: float) -> str:
    if abs(projected[first]) >= ceiling:
        return f"the mode starts at {abs(projected[first]):.1e}, outside the linear range (below {ceiling:.0e} of the mass)"
    return f"only {points} times lie between the noise floor and {ceiling:.0e} of the mass; at least {LEAST_POINTS} are needed"
