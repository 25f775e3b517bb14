"""What is recorded of a density run, as labelled arrays and text, and its state from which it goes on."""

from __future__ import annotations

import json

import numpy as np

from wgflow.dynamics.advance import Snapshot
from wgflow.dynamics.density.density_experiment import DensityExperiment
from wgflow.dynamics.keeper import Recorded, Values
from wgflow.dynamics.modes import wavevectors
from wgflow.dynamics.particle_recorder import Names
from wgflow.dynamics.particles.particle_arrays import versions
from wgflow.dynamics.snapshot_arrays import snapshot_arrays, snapshot_of
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import replace
from wgflow.run import Array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xarray import Dataset

SCHEMA = "wgflow.density/1"
AXES = ("x", "y", "z")
SERIES = {
    "time": ("time", "time of the recorded modes, energy and masses"),
    "steps": ("1", "number of time steps made"),
    "mode_real": ("mass", "real part of the Fourier mode of p - q"),
    "mode_imag": ("mass", "imaginary part of the Fourier mode of p - q"),
    "energy": (
        "length unit of e",
        "energy that the flow descends or ascends: half of D_e[p, q], or the Jensen-Shannon divergence",
    ),
    "mass": ("mass", "integral of p"),
    "least": ("mass/volume", "smallest value of p"),
    "largest": ("mass/volume", "largest value of p"),
}
FRAMES = {
    "frame_time": ("time", "time of the kept densities"),
    "density": ("mass/volume", "the density p on the grid"),
    "target_density": ("mass/volume", "the density q on the grid"),
}


def names(dim: int) -> Names:
    """Returns what a density run of this dimension may record."""
    grid = ("frame", *AXES[:dim])
    modes = ("time", "mode")
    return Names(SERIES, FRAMES, {"mode_real": modes, "mode_imag": modes, "density": grid, "target_density": grid})


class DensityRecord(Recorded):
    """The recording of one experiment."""

    schema = SCHEMA

    def __init__(self, experiment: DensityExperiment) -> None:
        self.experiment = experiment
        self.settings_text = experiment.settings.text
        self.end, self.frames = experiment.settings.number("time"), experiment.settings.frame_times

    def series(self, snapshot: Snapshot) -> Values:
        flow = self.experiment.flow
        p = flow.densities(snapshot.state).p
        out: dict[str, Floats | float | int] = {
            "energy": flow.energy(snapshot.state),
            "mass": float(p.sum()) * flow.grid.cell,
            "least": float(p.min()),
            "largest": float(p.max()),
        }
        if self.experiment.modes:
            modes = flow.mode_masses(snapshot.state, self.experiment.modes)
            out |= {"mode_real": modes.real, "mode_imag": modes.imag}
        return out

    def frame(self, snapshot: Snapshot) -> Values:
        found = self.experiment.flow.densities(snapshot.state)
        both = self.experiment.settings.moves == "both"
        return {"density": found.p, **({"target_density": found.q} if both else {})}

    def fixed(self) -> dict[str, Array]:
        experiment, grid = self.experiment, self.experiment.grid
        out: dict[str, Array] = {
            name: ((name,), grid.axis, "length", f"coordinate along the {name} axis") for name in AXES[: grid.dim]
        }
        out["start"] = (AXES[: grid.dim], experiment.given.p, "mass/volume", "the density p at time 0")
        out["target"] = (AXES[: grid.dim], experiment.given.q, "mass/volume", "the density q at time 0")
        if experiment.modes:
            xi = wavevectors(experiment.modes, grid.length)
            out["mode_vector"] = (
                ("mode", "axis"),
                np.array(experiment.modes),
                "1",
                "integer vector m of the mode, 2 pi m / period",
            )
            out["wavenumber"] = (("mode",), np.sqrt((xi**2).sum(axis=1)), "1/length", "wavenumber of the mode")
            out["predicted_rate"] = (("mode",), experiment.rates, "1/time", "predicted growth rate of the mode of p - q")
        return out

    def provenance(self) -> dict[str, str | float]:
        experiment = self.experiment
        out: dict[str, str | float] = {
            "schema": SCHEMA,
            "title": "Density that follows the gradient flow of a kernel",
            "settings": self.settings_text,
            "space": experiment.flow.describe(),
            "integrator": experiment.integrator.describe(),
            "well_posedness": "" if experiment.statement is None else experiment.statement.text,
            "length": experiment.grid.length,
            "versions": json.dumps(versions()),
        }
        return out if experiment.step is None else {**out, "step": experiment.step}

    def state(self, snapshot: Snapshot) -> dict[str, Array]:
        rows = replace(snapshot, state=snapshot.state.reshape(len(snapshot.state), -1))
        arrays = snapshot_arrays(rows)
        dimensions = ("species", "value")
        return arrays | {"state": (dimensions, rows.state, "mass/volume", "values or Fourier coefficients to go on from")}


def stored_snapshot(data: Dataset, shape: tuple[int, ...]) -> Snapshot:
    """Returns the snapshot of a checkpoint, its state in the flow's shape."""
    found = snapshot_of(data)
    return replace(found, state=found.state.reshape(shape))
