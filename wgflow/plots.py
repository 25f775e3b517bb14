"""Datasets to figures."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor, inf, log10
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.ticker import FixedLocator, NullLocator

from wgflow.arithmetic.number import InputError
from wgflow.files import whole_file

FORMATS = (".png", ".svg", ".pdf")
GROWS, DECAYS = "#d55e00", "#0072b2"  # told apart by every common colour vision


def plot_spectrum(dataset: Any, axes: Any = None) -> Any:
    """Draws the growth rate over k, growing modes shaded; returns the Matplotlib axes."""
    import matplotlib.pyplot as plt

    if axes is None:
        _, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    k, rate = dataset["wavenumber"].values, dataset["growth_rate"].values
    claim = json.loads(dataset.attrs["claim"])
    discrete = claim["period"] is not None
    axes.axhline(0, color="0.5", linewidth=0.8)
    grows = rate > 0
    if discrete:
        for mask, colour, label in ((grows, GROWS, "grows"), (~grows, DECAYS, "decays")):
            if mask.any():
                axes.plot(k[mask], rate[mask], "o", markersize=4, color=colour, label=label)
    else:
        axes.plot(k, rate, color="0.2", linewidth=1.4)
        axes.fill_between(k, 0, rate, where=rate >= 0, color=GROWS, alpha=0.45, linewidth=0, label="grows", interpolate=True)
        axes.fill_between(k, 0, rate, where=rate <= 0, color=DECAYS, alpha=0.30, linewidth=0, label="decays", interpolate=True)
    if k[-1] > 30 * k[0]:  # a shorter logarithmic axis has no room for its labels
        axes.set_xscale("log")
    if _spans_decades(rate):
        _logarithmic_both_ways(axes, rate)
    axes.set_xlabel("wavenumber k (1/length)")
    axes.set_ylabel("growth rate (1/time)")
    role, n = claim["role"], claim["dim"]
    stabilizer = "" if claim["eps"] == "0" else f" − {claim['eps']} · ({claim['stabilizer']})"
    axes.set_title(f"{claim['kernel']}{stabilizer}\n{role}, n = {n}", fontsize="medium", wrap=True)
    axes.legend(frameon=False)
    return axes


def _spans_decades(rate: Any) -> bool:
    """Whether one side's peak would hide the other's on a linear axis."""
    up, down = max(rate.max(), 0.0), max(-rate.min(), 0.0)
    low, high = sorted((up, down))
    return bool(low > 0 and high > 20 * low) or bool(high > 0 and high > 200 * abs(rate[rate != 0]).min() and low == 0)


def _logarithmic_both_ways(axes: Any, rate: Any) -> None:
    """A symmetric logarithmic rate axis, linear below a third of the smaller side's peak, with at most three labels a side."""
    up, down = max(rate.max(), 0.0), max(-rate.min(), 0.0)
    low, high = sorted((up, down))
    linear = low / 3 if low > 0 else high / 300
    axes.set_yscale("symlog", linthresh=linear)
    first, last = ceil(log10(linear)), floor(log10(high))
    powers = [10.0**p for p in range(last, first - 1, -max(1, (last - first + 2) // 3))]
    ticks = [-t for t in powers if t <= down] + [0.0] + [t for t in reversed(powers) if t <= up]
    axes.yaxis.set_major_locator(FixedLocator(sorted(ticks)))
    axes.yaxis.set_minor_locator(NullLocator())


def check_format(path: str, option: str = "--plot") -> None:
    """Raises InputError where the file's ending is no format that is drawn."""
    if Path(path).suffix.lower() not in FORMATS:
        raise InputError(f"{option} {path!r} must end in {', '.join(FORMATS)}.")


def save_figure(draw: Callable[[Any], Any], dataset: Any, path: str, option: str = "--plot") -> None:
    """Draws a dataset into a PNG, SVG or PDF file, whole or not at all. Raises InputError, OSError."""
    check_format(path, option)
    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    axes = draw(dataset)
    with whole_file(path) as name:
        axes.figure.savefig(name, format=Path(path).suffix[1:].lower(), dpi=150)
    plt.close(axes.figure)


def save_spectrum_plot(dataset: Any, path: str) -> None:
    """Draws a spectrum into a PNG, SVG or PDF file, whole or not at all. Raises InputError, OSError."""
    save_figure(plot_spectrum, dataset, path)


def plot_trade_off(dataset: Any, axes: Any = None) -> Any:
    """Draws the least intrusion over the slowest decay, beside each candidate alone; returns the Matplotlib axes."""
    import matplotlib.pyplot as plt

    if axes is None:
        _, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    rate, intrusion = dataset["slowest_decay"].values, dataset["intrusion"].values
    problem = json.loads(dataset.attrs["problem"])
    asked = dataset["required_decay"].values > 0
    styles = ("--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
    alone = [name for name in dataset.data_vars if name.startswith("intrusion_alone_")]
    top = 3 * intrusion[asked].max() if asked.any() else inf
    for number, name in enumerate(alone):
        values = dataset[name].values[asked]
        if (values < top).any():
            label = f"{dataset[name].attrs['long_name']} alone"
            axes.plot(rate[asked], values, linestyle=styles[number % 4], color=f"C{number + 1}", linewidth=1.1, label=label)
    axes.plot(rate[asked], intrusion[asked], "o-", color=DECAYS, linewidth=1.8, markersize=4, label="least of all mixtures")
    for value in intrusion[~asked]:
        axes.axhline(value, color="0.5", linewidth=0.8)
        axes.annotate(f"no rate asked: {value:.4g}", (0.99, value), None, ("axes fraction", "data"), ha="right", va="bottom")
    axes.set(xscale="log", yscale="log", xlabel="decay rate of the band's slowest mode (1/time)", ylabel="intrusion")
    axes.set_ylim(None, top if top < inf else None)
    low, high = (float(Fraction(end)) for end in problem["band"])
    axes.set_title(f"{problem['kernel']}\n{problem['role']}, n = {problem['dim']}, {low:g} ≤ k ≤ {high:g}", fontsize="medium")
    axes.legend(frameon=False, fontsize="small")
    return axes


def save_trade_off_plot(dataset: Any, path: str) -> None:
    """Draws a trade-off into a PNG, SVG or PDF file, whole or not at all. Raises InputError, OSError."""
    save_figure(plot_trade_off, dataset, path, "--trade-off")


def plot_transform(dataset: Any, axes: Any = None) -> Any:
    """Draws |F| over k, positive and negative values apart, above the error; returns the Matplotlib axes."""
    import matplotlib.pyplot as plt

    if axes is None:
        _, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    k, value, error = (dataset[name].values for name in ("wavenumber", "transform", "transform_error"))
    known = dataset["remark"].values == ""
    for mask, colour, label in ((known & (value > 0), DECAYS, "F > 0"), (known & (value < 0), GROWS, "F < 0")):
        if mask.any():
            axes.plot(k[mask], abs(value[mask]), "o", markersize=3, color=colour, label=label)
    shown = (error > 0) & (error < inf)
    axes.plot(k[shown], error[shown], ":", color="0.5", linewidth=1, label="error")
    size = abs(value[known])
    if size.size:  # below, a curve of noise would take the room
        bottom = max(error[shown].min(initial=inf), 1e-18 * size.max()) if shown.any() else inf
        axes.set_ylim(min(size.min(), bottom) / 3, 3 * size.max())
    kernel, n, method = (dataset.attrs[name] for name in ("kernel", "dim", "method"))
    axes.set(xscale="log", yscale="log", xlabel="wavenumber k (1/length)", ylabel=f"|F(k)| (length^{n})")
    axes.set_title(f"{kernel}, n = {n} ({method})", fontsize="medium", wrap=True)
    axes.legend(frameon=False)
    return axes


def save_transform_plot(dataset: Any, path: str) -> None:
    """Draws a transform into a PNG, SVG or PDF file, whole or not at all. Raises InputError, OSError."""
    save_figure(plot_transform, dataset, path)


def plot_learning_rate(dataset: Any, axes: Any = None) -> Any:
    """Draws which (learning rate, eps) are stable, with the proved threshold at the eps asked; returns the Matplotlib axes."""
    import matplotlib.pyplot as plt
    from matplotlib.colors import ListedColormap
    from matplotlib.patches import Patch

    if axes is None:
        _, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
    names = ("stable", "the flow grows: eps too small", "learning rate too large")
    colours = ("#cfe3f2", "#f2c9b0", GROWS)
    rate, eps = dataset["learning_rate"], dataset["eps"].values
    region = dataset["region"].values
    axes.pcolormesh(rate.values, eps, region, cmap=ListedColormap(colours), vmin=-0.5, vmax=2.5, shading="nearest")
    marks: list[Any] = [
        Patch(color=colour, label=name)
        for number, (name, colour) in enumerate(zip(names, colours, strict=True))
        if (region == number).any()
    ]
    asked = dataset.attrs["learning_rate_asked"], dataset.attrs["eps_asked"]
    marks += axes.plot(*asked, "o", color="0.1", markersize=6, label=f"asked: {dataset.attrs['verdict']}")
    ends = json.loads(dataset.attrs["largest_rate"])
    if ends:
        marks += axes.plot(ends[:1], asked[1:], "|", color=DECAYS, markersize=16, markeredgewidth=2.5, label="largest, proved")
    axes.set(xscale="log", xlabel=rate.attrs["long_name"], ylabel="strength eps")
    problem = json.loads(dataset.attrs["problem"])
    axes.set_title(
        f"e = {problem['kernel']}, s = {problem['stabilizer']}\nn = {problem['dim']}, float64 chart", fontsize="medium"
    )
    axes.legend(handles=marks, fontsize="small", loc="upper left", framealpha=0.9)
    return axes


def save_learning_rate_plot(dataset: Any, path: str) -> None:
    """Draws a stability chart into a PNG, SVG or PDF file, whole or not at all. Raises InputError, OSError."""
    save_figure(plot_learning_rate, dataset, path)
