"""Movies of particle runs: Dataset -> GIF or MP4."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from wgflow.dynamics.particles.drawn_particles import MOST_DRAWN, PARTICLES, TARGET, folded, limits, target_frames, thinned
from wgflow.files import whole_file

MOST_BINS, LEAST_BINS = 120, 8
PER_BIN = 10  # particles, on average


def save_movie(data: Any, path: str, frames_per_second: int = 12) -> None:
    """Films the particles (n = 1: their density) frame by frame into a GIF or MP4 file, whole or not at all. Raises OSError."""
    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt
    from matplotlib.animation import FFMpegWriter, FuncAnimation, PillowWriter

    figure, axes = plt.subplots(figsize=(5, 5) if data.sizes["axis"] > 1 else (6.4, 4), layout="constrained")
    draw = _filmed_plane(data, axes) if data.sizes["axis"] > 1 else _filmed_line(data, axes)
    film = FuncAnimation(figure, draw, frames=data.sizes["frame"], blit=False)
    writer = PillowWriter(frames_per_second) if Path(path).suffix.lower() == ".gif" else FFMpegWriter(frames_per_second)
    with whole_file(path) as name:
        film.save(name, writer=writer, dpi=90)
    plt.close(figure)


def _filmed_plane(data: Any, axes: Any) -> Any:
    x, y = folded(data, data["position"].values[:, thinned(data.sizes["particle"], MOST_DRAWN), :2]), target_frames(data)
    everything = x.reshape(-1, 2)
    if y is not None:
        y = y[:, :, :2]
        everything = np.vstack([everything, y.reshape(-1, 2)])
        target = axes.scatter(*y[0].T, s=4, color=TARGET, linewidth=0)
    low, high = limits(everything)
    axes.set(xlabel="x₁ (length)", ylabel="x₂ (length)", aspect="equal", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    points = axes.scatter(*x[0].T, s=4, color=PARTICLES, linewidth=0)

    def draw(frame: int) -> Any:
        points.set_offsets(x[frame])
        if y is not None and len(y) > 1:
            target.set_offsets(y[frame])
        axes.set_title(f"t = {data['frame_time'].values[frame]:.3g}")
        return (points,)

    return draw


def _filmed_line(data: Any, axes: Any) -> Any:
    x, y = folded(data, data["position"].values[:, :, 0]), target_frames(data)
    edges = _edges(data, x, y)
    counts = _densities(x, edges, data["weight"].values if "weight" in data else None)
    highest = counts.max()
    if y is not None:
        still = _densities(y[:, :, 0], edges, None if y.shape[1] != data.sizes["target_particle"] else _weights_of_target(data))
        highest = max(highest, still.max())
        target = axes.stairs(still[0], edges, color=TARGET, label="target")
        axes.legend(frameon=False)
    curve = axes.stairs(counts[0], edges, color=PARTICLES)
    axes.set(xlabel="position (length)", ylabel="density", ylim=(0, 1.1 * highest))

    def draw(frame: int) -> Any:
        curve.set_data(counts[frame])
        if y is not None and len(still) > 1:
            target.set_data(still[frame])
        axes.set_title(f"t = {data['frame_time'].values[frame]:.3g}")
        return (curve,)

    return draw


def _weights_of_target(data: Any) -> Any:
    return data["target_weight"].values if "target_weight" in data else None


def _edges(data: Any, x: Any, y: Any) -> Any:
    """The edges of the bins: all that p and q ever reach, or one period."""
    bins = int(np.clip(x.shape[1] // PER_BIN, LEAST_BINS, MOST_BINS))
    if (period := data.attrs.get("period_length")) is not None:
        return np.linspace(0, period, bins + 1)
    everything = x.ravel() if y is None else np.concatenate([x.ravel(), y[:, :, 0].ravel()])
    low, high = limits(everything[:, None])
    return np.linspace(low[0], high[0], bins + 1)


def _densities(x: Any, edges: Any, weights: Any) -> Any:
    """Returns the histogram of every frame, of mass 1 (less what lies outside the edges), (frame, bin)."""
    total = x.shape[1] if weights is None else weights.sum()
    return np.array([np.histogram(each, edges, weights=weights)[0] for each in x]) / (total * np.diff(edges))
