"""What of a particle run is drawn: the particles of p and of q, few enough, inside the period, and the box around them."""

from __future__ import annotations

from typing import Any

import numpy as np

MOST_DRAWN = 4000  # particles in one scatter plot
PARTICLES, TARGET = "#c4453c", "0.55"


def thinned(count: int, most: int) -> Any:
    """Returns at most so many numbers below ``count``, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))


def folded(data: Any, x: Any) -> Any:
    """Returns positions on a torus in [0, L), others as they are."""
    period = data.attrs.get("period_length")
    return x if period is None else np.mod(x, period)


def target_frames(data: Any) -> Any:
    """Returns positions of q, (frame, particle, axis), with one frame where q stands still; None where q has no particles."""
    if "target_position" in data:
        y = data["target_position"].values
    elif "target" in data:
        y = data["target"].values[None]
    else:
        return None
    return folded(data, y[:, thinned(y.shape[1], MOST_DRAWN)])


def limits(points: Any) -> Any:
    """Returns (low, high) corners, (axis,) each, of a box around points (P, axis), none of whose sides is much the shortest.

    A few escaping particles do not shrink the rest.
    """
    low, high = np.nanpercentile(points, [0.2, 99.8], axis=0) if len(points) > 1000 else (points.min(axis=0), points.max(axis=0))
    longest = (high - low).max()
    size = longest if longest > 1e-12 * np.abs(points).max() else max(np.abs(points).max(), 1.0)
    room = np.maximum((high - low) / 2, 0.25 * size) + 0.06 * size
    middle = (low + high) / 2
    return middle - room, middle + room
