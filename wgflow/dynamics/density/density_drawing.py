"""Figures of density runs: Dataset -> figure."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from wgflow.dynamics.particles.drawing import case_title, plot_modes
from wgflow.plots import save_figure


def plot_density(data: Any, axes: Any = None) -> Any:
    """Draws the density over space and time (n = 1) or at the end, beside its modes with the predicted slopes, or its energy.

    data: Dataset of a density run.  axes: None, or one Matplotlib axes for the left part alone.  Returns the first axes.
    """
    import matplotlib.pyplot as plt

    if axes is not None:
        return _density(data, axes)
    figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2), layout="constrained")
    _density(data, left)
    if "mode_real" in data:
        plot_modes(data, right)
    else:
        plot_energy(data, right)
    settings = json.loads(data.attrs["settings"])
    title = case_title(settings) if settings["flow"] == "kernel" else f"Jensen–Shannon flow, n = {settings['dim']}"
    figure.suptitle(title, fontsize="medium")
    return left


def save_density_plot(data: Any, path: str) -> None:
    """Draws a density run into a PNG, SVG or PDF file, whole or not at all. Raises InputError, OSError."""
    save_figure(plot_density, data, path)


def _density(data: Any, axes: Any) -> Any:
    """n = 1: p over space and time; n >= 2: p at the end, in the middle plane of the third axis."""
    p, x, time = data["density"].values, data["x"].values, data["frame_time"].values
    disturbed = "mode_real" in data
    field = p - data["target"].values if disturbed and "target_density" not in data else p
    if p.ndim == 2:
        values, across, labels = field.T, time, ("time", "x (length)")
    else:
        last = field[-1] if p.ndim == 3 else field[-1][..., p.shape[-1] // 2]
        values, across, labels = last.T, x, ("x (length)", "y (length)")
        axes.set(aspect="equal", title=f"t = {time[-1]:.4g}")
    size = float(np.abs(values).max()) or 1.0
    colours: dict[str, Any] = {"cmap": "RdBu_r", "vmin": -size, "vmax": size} if values.min() < 0 else {"cmap": "viridis"}
    image = axes.pcolormesh(across, x, values, shading="auto", rasterized=True, **colours)
    axes.figure.colorbar(image, ax=axes, label="p − q (mass/volume)" if field is not p else "density p (mass/volume)")
    axes.set(xlabel=labels[0], ylabel=labels[1])
    return axes


def plot_energy(data: Any, axes: Any) -> Any:
    """Draws the energy over time, on a logarithmic axis where it stays positive."""
    time, energy = data["time"].values, data["energy"].values
    axes.plot(time, energy, linewidth=1.6)
    if (energy > 0).all() and energy.max() > 10 * energy.min():
        axes.set_yscale("log")
    axes.set(xlabel="time", ylabel="energy")
    return axes
