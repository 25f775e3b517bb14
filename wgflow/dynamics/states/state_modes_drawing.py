"""Figures of the modes of a state."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from wgflow.plots import DECAYS, GROWS, save_figure

_MOST = 5


def plot_modes(dataset: Any, axes: Any = None) -> Any:
    """Draws the rates, and beside them the state and its leading modes (in one dimension on the given axes); returns the axes."""
    import matplotlib.pyplot as plt

    n = json.loads(dataset.attrs["claim"])["dim"]
    if "density" not in dataset or n == 3:
        axes = axes if axes is not None else plt.subplots(figsize=(6.4, 4), layout="constrained")[1]
        return _rates(dataset, axes)
    if n == 1:
        axes = axes if axes is not None else plt.subplots(figsize=(7, 4.4), layout="constrained")[1]
        return _curves(dataset, axes)
    return _maps(dataset, plt)


def _leading(dataset: Any) -> Any:
    """The fastest growing modes, or, where none grows, those of the largest rates in size."""
    rate = dataset["growth_rate"].values
    grows = np.flatnonzero(rate > 0)
    return grows[:_MOST] if len(grows) else np.argsort(rate)[:_MOST]


def _rates(dataset: Any, axes: Any) -> Any:
    rate = dataset["growth_rate"].values
    for mask, colour, label in ((rate > 0, GROWS, "grows"), (rate <= 0, DECAYS, "decays")):
        if mask.any():
            axes.plot(dataset["mode"].values[mask], rate[mask], "o", markersize=4, color=colour, label=label)
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set(xlabel="mode", ylabel="growth rate (1/time)", title=_title(dataset))
    axes.legend(frameon=False)
    return axes


def _curves(dataset: Any, axes: Any) -> Any:
    x, density = dataset["x"].values, dataset["density"].values
    order = np.argsort(x)
    axes.fill_between(x[order], 0, density[order] / density.max(), color="0.88", label="state p0, scaled")
    for number, mode in enumerate(_leading(dataset)):
        rate = dataset["growth_rate"].values[mode]
        axes.plot(
            x[order], dataset["density_mode"].values[mode][order], color=f"C{number}", linewidth=1.3, label=f"rate {rate:.5g}"
        )
    axes.axhline(0, color="0.5", linewidth=0.8)
    axes.set(xlabel="x (length)", ylabel="density of the mode", title=_title(dataset))
    axes.legend(frameon=False, fontsize="small", ncols=2)
    return axes


def _maps(dataset: Any, plt: Any) -> Any:
    figure, axes = plt.subplots(2, 3, figsize=(9, 5.6), layout="constrained", sharex=True, sharey=True)
    x, y = dataset["x"].values, dataset["y"].values
    axes.flat[0].pcolormesh(x, y, dataset["density"].values.T, cmap="Greys", rasterized=True)
    axes.flat[0].set_title("state p0", fontsize="medium")
    modes = _leading(dataset)
    for panel in axes.flat[1 + len(modes) :]:
        panel.remove()
    for mode, panel in zip(modes, axes.flat[1:], strict=False):
        panel.pcolormesh(x, y, dataset["density_mode"].values[mode].T, cmap="PuOr", vmin=-1, vmax=1, rasterized=True)
        panel.set_title(f"rate {dataset['growth_rate'].values[mode]:.6g}", fontsize="medium")
    for panel in figure.axes:
        panel.set_aspect("equal")
    figure.suptitle(_title(dataset), fontsize="medium")
    return axes.flat[0]


def _title(dataset: Any) -> str:
    claim = json.loads(dataset.attrs["claim"])
    stabilizer = "" if claim["eps"] == "0" else f" − {claim['eps']} · ({claim['stabilizer']})"
    return f"{claim['kernel']}{stabilizer}, {claim['role']}; state {dataset.attrs['state'][:60]}"


def save_modes_plot(dataset: Any, path: str) -> None:
    """Draws the modes into a PNG, SVG or PDF file, whole or not at all. Raises InputError, OSError."""
    save_figure(plot_modes, dataset, path)
