"""The slope of a line through a time series, with an interval that knows of noise, its memory, and curvature."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wgflow.dynamics.student import upper_quantile
from wgflow.record import record

Floats = NDArray[np.float64]

LEAST_POINTS = 8
_TAIL = 0.025  # on each side: 95 % intervals
_SMOOTH = 20  # bends this many times larger than what white noise explains are no noise
_WORTH_IT = 1 / 6  # of the interval, for which a noisy series is cut short
_DEGREE = 5
_FARTHEST = 20  # the extrapolation to amplitude 0, over the change that is seen
_TINY = 1e-300


@record
class Slope:
    """A slope: the interval is value +- half_width, of 95 % unless another is asked for; the first ``points`` times were used."""

    value: float
    half_width: float
    points: int


def narrowest(t: Floats, y: Floats) -> Slope:
    """Returns the slope of y(t) with its narrowest interval among the first 1, 1/2, 1/4, ... of the times.

    A series with noise is cut short only for a six times narrower interval, so that the choice does not spoil the 95 %; one
    that bends smoothly for any narrower one.

    t, y: (T,), T >= 8, t increasing.

    >>> t = np.linspace(0, 1, 20)
    >>> found = narrowest(t, 2 * t + 1)
    >>> round(found.value, 9), found.points, found.half_width < 1e-12
    (2.0, 20, True)
    """
    best, smooth = _on_window(t, y, False)
    points = len(t) // 2
    while points >= (LEAST_POINTS if smooth else 2 * LEAST_POINTS):
        shorter, smooth_too = _on_window(t[:points], y[:points], smooth)
        if shorter.half_width < best.half_width * (1 if smooth else _WORTH_IT):
            best = shorter
        smooth, points = smooth or smooth_too, points // 2
    return best


def over_all(t: Floats, y: Floats, tail: float = _TAIL) -> Slope:
    """Returns the slope of y(t) over all times; its interval is left with probability ``tail`` on each side.

    t, y: (T,), T >= 8, t increasing.

    >>> t = np.arange(8.0)
    >>> over_all(t, np.sin(7 * t), 1e-4).half_width > over_all(t, np.sin(7 * t)).half_width
    True
    """
    return _on_window(t, y, False, tail)[0]


def _on_window(t: Floats, y: Floats, smooth: bool, tail: float = _TAIL) -> tuple[Slope, bool]:
    """Fits a line to y over [t_0, t_1]; returns its slope's interval and whether y bends smoothly rather than by noise."""
    half, count = (t[-1] - t[0]) / 2, len(t)
    s = (t - t.mean()) / half
    degree = min(_DEGREE, count // 2 - 1)
    q, r = np.linalg.qr(np.vander(s, degree + 1, increasing=True))
    c = q.T @ y
    slope, bend = c[1] / r[1, 1], abs(4 * c[2] / r[2, 2])  # dy/ds, and its change over the window by a parabola
    rounding = 4 * np.finfo(float).eps * (1 + np.abs(y).max())
    white = np.linalg.norm(y - q @ c) / (count - degree - 1) ** 0.5 + rounding
    smooth = smooth or bool(bend > _SMOOTH * abs(4 / r[2, 2]) * white)
    if smooth:
        middle = np.linalg.solve(r, c)[1]
        noise = abs(middle - slope) + upper_quantile(tail, count - degree - 1) * white / abs(r[1, 1])
        noise += bend / max(1 - np.exp(-np.ptp(y)), 1 / _FARTHEST)
    else:
        error, freedom = _standard_error(q[:, :3], s, y - q[:, :3] @ c[:3])
        noise = upper_quantile(tail, freedom) * error / abs(r[1, 1])
    return Slope(float(slope / half), float((noise + rounding) / half), count), smooth


def _standard_error(q: Floats, s: Floats, residuals: Floats) -> tuple[float, float]:
    """Returns the standard error of the coefficient of q's second column, and its degrees of freedom."""
    count = len(s)
    jackknife = residuals / np.maximum(1 - (q * q).sum(axis=1), 1e-3)
    memory = max(_correlation(residuals), _correlation(residuals / _trend_of_size(s, jackknife)))
    memory = min(max((memory + 3 / count) / (1 - 5 / count), 0.0), 0.97)
    inflation = (1 + memory) / (1 - memory)
    parts = (q[:, 1] * jackknife) ** 2
    variance = parts.sum() * (count - 3) / max(count - 3 * inflation, count / 4)
    # Where few residuals carry the variance, they alone make the freedom; 5.4 = E[g^4] E[s^4] / E[s^2]^2 for even noise.
    carried = 5.4 * parts.sum() ** 2 / max(float((parts * parts).sum()), _TINY) if parts.sum() > 1e-140 else count
    return float(np.sqrt(variance * inflation)), max(min(carried, count) / inflation - 3, 1.0)


def _trend_of_size(s: Floats, residuals: Floats) -> Floats:
    """Returns exp(c + d s) fitted to |residuals|: additive noise grows in the logarithm while a mode decays."""
    sizes = np.abs(residuals)
    logs = np.log(sizes + 1e-3 * sizes.max() + _TINY)
    return np.asarray(np.exp(np.clip(((logs - logs.mean()) @ s) / (s @ s) * s, -50, 50)))


def _correlation(residuals: Floats) -> float:
    return float((residuals[1:] @ residuals[:-1]) / max(float(residuals @ residuals), _TINY))
