"""How fast feature modes grow from one observation to the next, above the noise of their batches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wgflow.dynamics.slope_interval import LEAST_POINTS, over_all
from wgflow.record import record

Floats = NDArray[np.float64]

ABOVE = 3.0  # times its noise: a mode that is seen (its logarithm is then biased by less than 1e-4)
_NEIGHBOURS = 2
_TINY = 1e-300


@record
class ModeGrowth:
    """The growth of one mode's |w| per unit of step: the interval is rate +- half_width, of the level that was asked for.

    None with a ``reason`` where the mode is not seen above its noise.  window: (first, last) step that was used.
    """

    rate: float | None
    half_width: float | None
    window: tuple[float, float] | None
    points: int
    reason: str = ""

    @property
    def grows(self) -> bool:
        """Whether the whole interval is positive."""
        return self.rate is not None and self.half_width is not None and self.rate > self.half_width

    def to_json(self) -> dict[str, object]:
        window = None if self.window is None else list(self.window)
        sizes = {"rate": self.rate, "half_width": self.half_width, "window": window}
        return {**sizes, "points": self.points, "reason": self.reason}


def mode_growth(steps: Floats, amplitudes: Floats, floors: Floats, tail: float = 0.025) -> ModeGrowth:
    """Returns the slope of log |w| over the latest observations at which the mode is seen, left by chance on each side with
    probability ``tail``.

    A mode is seen where the mean of |w|^2 over five neighbours exceeds 9 times that of its noise. The interval is that of
    `wgflow.dynamics.slope_interval.over_all` (scatter about the line, its memory, smooth bends), and at least what the noise
    of the batches explains: log |w| of a mode with noise has a standard deviation of about floor / (sqrt(2) |w|).

    steps: (T,), increasing.  amplitudes: (T,) |w|.  floors: (T,) root mean square of the noise of w.

    >>> t = np.arange(20.0)
    >>> found = mode_growth(t, 0.1 * np.exp(0.05 * t), np.full(20, 1e-6))
    >>> round(found.rate, 9), found.grows, mode_growth(t, np.full(20, 1e-7), np.full(20, 1e-6)).rate
    (0.05, True, None)
    """
    first = first_seen(amplitudes[:, None], floors[:, None])[0]
    count = len(steps) - int(first)
    if count < LEAST_POINTS:
        seen = "is not above its noise" if count == 0 else f"has been above its noise at {count} observations"
        return ModeGrowth(None, None, None, count, f"the mode {seen}; {LEAST_POINTS} are needed")
    t, a, floor = steps[first:], np.maximum(amplitudes[first:], _TINY), floors[first:]
    slope = over_all(t, np.log(a), tail)
    half_width = max(slope.half_width, _sampling(t, a, floor) * _normal_quantile(tail))
    return ModeGrowth(slope.value, half_width, (float(t[0]), float(t[-1])), count)


def first_seen(amplitudes: Floats, floors: Floats) -> NDArray[np.int64]:
    """Returns for each mode where the latest run of observations begins in which it is seen; T where the last one is not in it.

    amplitudes, floors: (T, K).  Returns (K,).

    >>> first_seen(np.array([[9.0], [1.0], [9.0], [9.0]]), np.full((4, 1), 1e-6)).tolist()
    [0]
    """
    seen = _smoothed(amplitudes**2) > ABOVE**2 * _smoothed(floors**2)
    hidden_last = np.where(seen, -1, np.arange(len(seen))[:, None]).max(axis=0, initial=-1)
    return np.asarray(hidden_last + 1)


def straight_slopes(steps: Floats, amplitudes: Floats) -> Floats:
    """Returns the least-squares slopes of log |w| over all observations, without intervals. (T, K) -> (K,)."""
    s = steps - steps.mean()
    return np.asarray(s @ np.log(np.maximum(amplitudes, _TINY)) / max(float(s @ s), _TINY))


def _smoothed(values: Floats) -> Floats:
    """Returns the mean over two neighbours on each side, the ends repeated; (T, K)."""
    padded = np.pad(values, ((_NEIGHBOURS, _NEIGHBOURS), (0, 0)), mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, 2 * _NEIGHBOURS + 1, axis=0).mean(axis=-1))


def _sampling(t: Floats, a: Floats, floor: Floats) -> float:
    """Returns the standard deviation of the slope that independent noise of size ``floor`` gives to log |w|."""
    s = t - t.mean()
    spread = floor / (np.sqrt(2) * np.maximum(a, floor))
    return float(np.sqrt(((s * spread) ** 2).sum()) / (s @ s))


def _normal_quantile(tail: float) -> float:
    from statistics import NormalDist

    return -NormalDist().inv_cdf(tail)
