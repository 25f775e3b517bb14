"""Figures and movies of particle runs: Dataset -> figure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from wgflow.arithmetic.number import InputError, shown
from wgflow.files import whole_file
from wgflow.plots import FORMATS, save_figure

MOVIES = (".gif", ".mp4")
MOST_DRAWN = 4000  # particles in one scatter plot
MOST_TRAJECTORIES = 150
PARTICLES, TARGET = "#c4453c", "0.55"


def check_picture(path: str) -> None:
    """Raises InputError where the file's ending is neither a figure's nor a movie's, or no program can write the movie."""
    ending = Path(path).suffix.lower()
    if ending not in FORMATS + MOVIES:
        raise InputError(f"--plot {shown(path)} must end in {', '.join(FORMATS + MOVIES)}.")
    if ending == ".mp4" and not _find_ffmpeg():
        raise InputError(f"--plot {shown(path)} needs ffmpeg; pip install 'wgflow[movie]', or type --plot FILE.gif.")


def _find_ffmpeg() -> bool:
    """Tells whether there is an ffmpeg to write movies with: the system's, or that of the package imageio-ffmpeg."""
    from importlib.util import find_spec

    from matplotlib.animation import FFMpegWriter  # late: few runs are filmed

    if not FFMpegWriter.isAvailable() and find_spec("imageio_ffmpeg"):
        from imageio_ffmpeg import get_ffmpeg_exe

        matplotlib.rcParams["animation.ffmpeg_path"] = get_ffmpeg_exe()
    return bool(FFMpegWriter.isAvailable())


def save_picture(data: Any, path: str) -> None:
    """Draws a run into a figure or a movie, by the file's ending; whole or not at all. Raises InputError, OSError."""
    check_picture(path)
    if Path(path).suffix.lower() in MOVIES:
        save_movie(data, path)
    else:
        save_figure(plot_particles, data, path)


def plot_particles(data: Any, axes: Any = None) -> Any:
    """Draws where the particles went, beside their modes with the predicted slopes (without modes: the distance to the target).

    data: Dataset of a particle run.  axes: None, or one Matplotlib axes for the left part alone.  Returns the first axes.
    """
    import matplotlib.pyplot as plt

    if axes is not None:
        return _positions(data, axes)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    _positions(data, left)
    if "mode_real" in data:
        plot_modes(data, right)
    else:
        plot_distances(data, right)
    settings = json.loads(data.attrs["settings"])
    stabilizer = "" if settings["eps"] == "0" else f" − {settings['eps']} · ({settings['stabilizer']})"
    figure.suptitle(f"{settings['kernel']}{stabilizer}, {settings['role']}, n = {settings['dim']}", fontsize="medium")
    return left


def _thinned(count: int, most: int) -> Any:
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))


def _positions(data: Any, axes: Any) -> Any:
    if "mode_real" in data and data.sizes["axis"] <= 2:
        return plot_disturbance(data, axes)
    if data.sizes["axis"] == 1:
        return plot_trajectories(data, axes)
    return _plane(data, axes)


def plot_disturbance(data: Any, axes: Any) -> Any:
    """Draws what the followed modes add up to, relative to the mean density: n = 1 over space and time, n = 2 at the end.

    (p - q) L^n = sum over m of 2 Re(p_m exp(2 pi i m.x / L)) for p - q of these modes alone.
    """
    period, m = data.attrs["period_length"], data["mode_vector"].values
    value = data["mode_real"].values + 1j * data["mode_imag"].values
    grid = np.linspace(0, 1, 193)
    if m.shape[1] == 1:
        field = 2 * (value @ np.exp(2j * np.pi * np.outer(m[:, 0], grid))).real
        across, name, label = data["time"].values, "time", "x (length)"
        field = field.T
    else:
        first, second = (np.exp(2j * np.pi * np.outer(m[:, axis], grid)) for axis in (0, 1))
        field = 2 * np.einsum("m,mi,mj->ji", value[-1], first, second).real
        across, name, label = period * grid, "x₁ (length)", "x₂ (length)"
    size = np.abs(field).max() or 1.0
    image = axes.pcolormesh(across, period * grid, field, cmap="RdBu_r", vmin=-size, vmax=size, shading="auto", rasterized=True)
    axes.figure.colorbar(image, ax=axes, label="relative disturbance of the density")
    axes.set(xlabel=name, ylabel=label, title="" if m.shape[1] == 1 else f"t = {data['time'].values[-1]:.4g}")
    return axes


def plot_trajectories(data: Any, axes: Any) -> Any:
    """Draws the first coordinate of some particles over time."""
    chosen = _thinned(data.sizes["particle"], MOST_TRAJECTORIES)
    x = _wrapped(data, data["position"].values[:, chosen, 0])
    axes.plot(data["frame_time"].values, x, color=PARTICLES, linewidth=0.6, alpha=0.6)
    axes.set(xlabel="time", ylabel="position (length)")
    return axes


def _wrapped(data: Any, x: Any) -> Any:
    """Positions on a torus in [0, L), with a gap in the curve where a particle crosses the edge."""
    period = data.attrs.get("period_length")
    if period is None:
        return x
    inside = np.mod(x, period)
    jumps = abs(np.diff(inside, axis=0)) > period / 2
    inside[1:][jumps] = np.nan
    return inside


def _plane(data: Any, axes: Any) -> Any:
    """The first two coordinates at the end, above the target and some trajectories."""
    position = data["position"].values[:, :, :2]
    some = _thinned(position.shape[1], MOST_DRAWN)
    if "target" in data:
        y = data["target"].values
        y = y[_thinned(len(y), MOST_DRAWN), :2]
        axes.scatter(*y.T, s=3, color=TARGET, linewidth=0, label="target")
    if "period_length" not in data.attrs:
        few = position[:, _thinned(position.shape[1], MOST_TRAJECTORIES)]
        axes.plot(few[:, :, 0], few[:, :, 1], color=PARTICLES, linewidth=0.4, alpha=0.35)
    last = position[-1, some]
    if (period := data.attrs.get("period_length")) is not None:
        last = np.mod(last, period)
    axes.scatter(*last.T, s=4, color=PARTICLES, linewidth=0, label=f"particles at t = {data['frame_time'].values[-1]:.4g}")
    axes.set(xlabel="x₁ (length)", ylabel="x₂ (length)", aspect="equal")
    axes.legend(frameon=False, fontsize="small", loc="upper right")
    return axes


def plot_modes(data: Any, axes: Any) -> Any:
    """Draws |m_j| over time on a logarithmic axis, with the slopes of the predicted rates."""
    time = data["time"].values
    size = np.hypot(data["mode_real"].values, data["mode_imag"].values)
    for number in range(min(size.shape[1], 10)):
        colour = f"C{number}"
        name = ",".join(map(str, data["mode_vector"].values[number]))
        axes.plot(time, size[:, number], color=colour, linewidth=1.6, label=f"m = {name}")
        if "predicted_rate" in data:
            slope = data["predicted_rate"].values[number]
            axes.plot(time, size[0, number] * np.exp(np.clip(slope * time, -700, 700)), "--", color="k", linewidth=0.8)
    axes.plot([], [], "--", color="k", linewidth=0.8, label="predicted slopes")
    axes.set(yscale="log", xlabel="time", ylabel="size of the mode (mass)")
    shown_sizes = size[size > 0]
    if shown_sizes.size:
        axes.set_ylim(shown_sizes.min() / 3, shown_sizes.max() * 3)
    axes.legend(frameon=False, fontsize="small")
    return axes


def plot_distances(data: Any, axes: Any) -> Any:
    """Draws the energy, the MMD and the Wasserstein distance to the target over time."""
    time = data["frame_time"].values
    labels = {"energy": "energy E", "mmd": "MMD", "wasserstein": "W₁" if data.sizes["axis"] == 1 else "sliced W₂"}
    for (name, label), style in zip(labels.items(), ("-", "--", ":"), strict=True):
        if name in data:
            values = data[name].values
            axes.plot(time, np.where(values > 0, values, np.nan), style, linewidth=1.6, label=label)
    axes.set(yscale="log", xlabel="time", ylabel="distance to the target")
    axes.legend(frameon=False)
    return axes


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
    position = data["position"].values[:, _thinned(data.sizes["particle"], MOST_DRAWN), :2]
    if (period := data.attrs.get("period_length")) is not None:
        position = np.mod(position, period)
    everything = position.reshape(-1, 2)
    if "target" in data:
        y = data["target"].values
        y = y[_thinned(len(y), MOST_DRAWN), :2]
        axes.scatter(*y.T, s=3, color=TARGET, linewidth=0)
        everything = np.vstack([everything, y])
    low, high = np.nanpercentile(everything, [0.2, 99.8], axis=0)  # a few escaping particles must not shrink the rest
    room = 0.08 * max(high - low) + 1e-300
    axes.set(xlim=(low[0] - room, high[0] + room), ylim=(low[1] - room, high[1] + room), aspect="equal")
    points = axes.scatter(*position[0].T, s=4, color=PARTICLES, linewidth=0)

    def draw(frame: int) -> Any:
        points.set_offsets(position[frame])
        axes.set_title(f"t = {data['frame_time'].values[frame]:.3g}")
        return (points,)

    return draw


def _filmed_line(data: Any, axes: Any) -> Any:
    position = data["position"].values[:, :, 0]
    if (period := data.attrs.get("period_length")) is not None:
        position = np.mod(position, period)
    edges = np.linspace(position.min(), position.max() + 1e-300, 121) if period is None else np.linspace(0, period, 121)
    counts = np.array([np.histogram(x, edges)[0] for x in position]) / (position.shape[1] * np.diff(edges))
    if "target" in data:
        axes.stairs(np.histogram(data["target"].values[:, 0], edges, density=True)[0], edges, color=TARGET, label="target")
    curve = axes.stairs(counts[0], edges, color=PARTICLES)
    axes.set(xlabel="position (length)", ylabel="density", ylim=(0, 1.1 * counts.max()))

    def draw(frame: int) -> Any:
        curve.set_data(counts[frame])
        axes.set_title(f"t = {data['frame_time'].values[frame]:.3g}")
        return (curve,)

    return draw
