"""Figures and movies of particle runs: Dataset -> figure."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

from wgflow.arithmetic.number import InputError, shown
from wgflow.dynamics.particles.drawn_particles import MOST_DRAWN, PARTICLES, TARGET, folded, limits, target_frames, thinned
from wgflow.dynamics.particles.filming import save_movie
from wgflow.plots import FORMATS, save_figure

MOVIES = (".gif", ".mp4")
MOST_TRAJECTORIES = 150
MOST_CURVES = 10  # of modes: as many as there are colours


def check_picture(path: str) -> None:
    """Raises InputError where the file's ending is neither a figure's nor a movie's, or no program can write the movie.

    Raises OSError where its folder does not exist.
    """
    ending = Path(path).suffix.lower()
    if ending not in FORMATS + MOVIES:
        raise InputError(f"--plot {shown(path)} must end in {', '.join(FORMATS + MOVIES)}.")
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(folder))
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
    figure.suptitle(case_title(json.loads(data.attrs["settings"])), fontsize="medium")
    return left


def case_title(settings: dict[str, Any]) -> str:
    """Returns the kernel, its stabilizer, the role and the dimension in words."""
    stabilizer = "" if settings["eps"] == "0" else f" − {settings['eps']} · ({settings['stabilizer']})"
    return f"{settings['kernel']}{stabilizer}, {settings['role']}, n = {settings['dim']}"


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
    """Draws the first coordinate of some particles over time, and where those of q are at the end."""
    time = data["frame_time"].values
    chosen = thinned(data.sizes["particle"], MOST_TRAJECTORIES)
    axes.plot(time, _with_gaps(data, data["position"].values[:, chosen, 0]), color=PARTICLES, linewidth=0.6, alpha=0.6)
    y = target_frames(data)
    if y is not None:
        axes.plot(np.full(y.shape[1], time[-1]), y[-1, :, 0], "_", color=TARGET, markersize=9, label="target at the end")
        axes.legend(frameon=False, fontsize="small", loc="lower left", bbox_to_anchor=(0, 1))
    axes.set(xlabel="time", ylabel="position (length)")
    return axes


def _with_gaps(data: Any, x: Any) -> Any:
    """Positions inside the period, with a gap in the curve where a particle crosses the edge."""
    inside = folded(data, x)
    if (period := data.attrs.get("period_length")) is not None:
        jumps = abs(np.diff(inside, axis=0)) > period / 2
        inside[1:][jumps] = np.nan
    return inside


def _plane(data: Any, axes: Any) -> Any:
    """The first two coordinates at the end, above the target and some trajectories."""
    position = data["position"].values[:, :, :2]
    everything = [last := folded(data, position[-1, thinned(position.shape[1], MOST_DRAWN)])]
    y = target_frames(data)
    if y is not None:
        everything.append(y[-1, :, :2])
        axes.scatter(*y[-1, :, :2].T, s=4, color=TARGET, linewidth=0, label="target")
    if "period_length" not in data.attrs:
        few = position[:, thinned(position.shape[1], MOST_TRAJECTORIES)]
        everything.append(few.reshape(-1, 2))
        axes.plot(few[:, :, 0], few[:, :, 1], color=PARTICLES, linewidth=0.4, alpha=0.35)
    axes.scatter(*last.T, s=4, color=PARTICLES, linewidth=0, label=f"particles at t = {data['frame_time'].values[-1]:.4g}")
    low, high = limits(np.vstack(everything))
    axes.set(xlabel="x₁ (length)", ylabel="x₂ (length)", aspect="equal", xlim=(low[0], high[0]), ylim=(low[1], high[1]))
    axes.legend(
        frameon=False, fontsize="small", loc="lower right", bbox_to_anchor=(1, 1), ncols=2, markerscale=3, borderaxespad=0
    )
    return axes


def plot_modes(data: Any, axes: Any) -> Any:
    """Draws |m_j| over time on a logarithmic axis, with the slopes of the predicted rates."""
    time = data["time"].values
    size = np.hypot(data["mode_real"].values, data["mode_imag"].values)
    for number in range(min(size.shape[1], MOST_CURVES)):
        colour = f"C{number}"
        name = ",".join(map(str, data["mode_vector"].values[number]))
        axes.plot(time, size[:, number], color=colour, linewidth=1.6, label=f"m = {name}")
        if "predicted_rate" in data:
            slope = data["predicted_rate"].values[number]
            axes.plot(time, size[0, number] * np.exp(np.clip(slope * time, -700, 700)), "--", color="k", linewidth=0.8)
    axes.plot([], [], "--", color="k", linewidth=0.8, label="predicted slopes")
    if (hidden := size.shape[1] - MOST_CURVES) > 0:
        axes.plot([], [], " ", label=f"and {hidden} more modes")
    axes.set(yscale="log", xlabel="time", ylabel="size of the mode (mass)")
    shown_sizes = size[size > 0]
    if shown_sizes.size:
        axes.set_ylim(shown_sizes.min() / 3, shown_sizes.max() * (3 if size.shape[1] < 5 else 10))
    axes.legend(frameon=False, fontsize="small", ncols=1 if size.shape[1] < 5 else 3, loc="upper left")
    return axes


def plot_distances(data: Any, axes: Any) -> Any:
    """Draws the energy, the MMD and the Wasserstein distance to the target over time, logarithmic where it shows all."""
    time = data["frame_time"].values
    labels = {"energy": "energy E", "mmd": "MMD", "wasserstein": "W₁" if data.sizes["axis"] == 1 else "sliced W₂"}
    found = [name for name in labels if name in data]
    positive = all((data[name].values > 0).all() for name in found)
    for name, style in zip(labels, ("-", "--", ":"), strict=True):
        if name in found:
            axes.plot(time, data[name].values, style, linewidth=1.6, label=labels[name])
    changes = positive and max(data[name].values.max() / data[name].values.min() for name in found) > 2
    axes.set(yscale="log" if changes else "linear", xlabel="time")
    axes.set_ylabel("distance to the target" if "mmd" in found else "energy of p")
    axes.legend(frameon=False)
    return axes
