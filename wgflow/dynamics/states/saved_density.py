"""The last density of a saved run as a function of position."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from wgflow.arithmetic.number import InputError, shown
from wgflow.dynamics.states.state import DensityState
from wgflow.dynamics.states.state_text import Floats


def saved_density(text: str, dim: int) -> DensityState | None:
    """Returns the last frame of ``density`` of a NetCDF file, over x (y, z); None where the file has none.

    On a torus its trigonometric interpolation, in a box splines of degree five and 0 outside; negative values, which
    interpolation makes beside steep fronts, become 0. Raises InputError for another dimension, OSError.
    """
    if Path(text).suffix.lower() != ".nc":
        return None
    from wgflow.run import load  # late: xarray

    try:
        data = load(text)
    except FileNotFoundError:
        raise
    except (ValueError, OSError):
        return None  # the reader of particle files says what is wrong
    if "density" not in data:
        return None
    array = data["density"]
    for along in ("time", "frame"):
        array = array.isel({along: -1}) if along in array.dims else array
    axes = [axis for axis in ("x", "y", "z") if axis in array.dims]
    if len(axes) != dim or len(array.dims) != dim or any(axis not in array.coords for axis in axes):
        raise InputError(
            f"state {shown(text)} has a density over {', '.join(map(str, array.dims))}; type --dim {len(axes) or 1}."
        )
    places = [np.asarray(array[axis].values, dtype=np.float64) for axis in axes]
    values = np.asarray(array.transpose(*axes).values, dtype=np.float64)
    if (period := _period(data)) is not None:
        return DensityState(text, dim, _Trigonometric(places, values, period), None, period)
    return DensityState(
        text, dim, _splines(places, values), (np.array([p[0] for p in places]), np.array([p[-1] for p in places]))
    )


def _period(data: Any) -> float | None:
    """The length of the torus of a run, None in a box."""
    try:
        settings = json.loads(data.attrs.get("settings", "{}"))
    except ValueError:
        return None
    return float(data.attrs["length"]) if settings.get("period") and "length" in data.attrs else None


class _Trigonometric:
    """The band-limited function through values at equally spaced places of a torus, evaluated on grids."""

    def __init__(self, places: list[Floats], values: Floats, period: float) -> None:
        self.places, self.period = places, period
        self.modes = np.fft.fftn(values, norm="forward")

    def __call__(self, points: Floats) -> Floats:
        found = self.modes
        for axis, place in enumerate(self.places):
            line = points[tuple(slice(None) if a == axis else 0 for a in range(points.ndim - 1))][:, axis]
            k = 2 * np.pi * np.fft.fftfreq(len(place), self.period / len(place))
            waves = np.exp(1j * np.outer(line - place[0], k))
            if len(place) % 2 == 0:  # the mode that stands for k and -k
                waves[:, len(place) // 2] = waves[:, len(place) // 2].real
            found = np.moveaxis(np.tensordot(waves, found, (1, axis)), 0, axis)
        return np.maximum(found.real, 0.0)


def _splines(places: list[Floats], values: Floats) -> Any:
    from scipy.interpolate import RegularGridInterpolator  # late: scipy

    spline = RegularGridInterpolator(places, values, "quintic", bounds_error=False, fill_value=0.0)
    return lambda points: np.maximum(spline(points), 0.0)
