"""Density runs: simulate, record, checkpoint, go on, and compare with what was predicted."""

from __future__ import annotations

import os

import numpy as np

from wgflow.arithmetic.number import rational
from wgflow.dynamics.advance import beginning
from wgflow.dynamics.density.density_experiment import DensityExperiment, make_experiment, starting
from wgflow.dynamics.density.density_flow import Densities
from wgflow.dynamics.density.density_record import SCHEMA, DensityRecord, names, stored_snapshot
from wgflow.dynamics.density.density_settings import DensitySettings, density_settings, settings_of
from wgflow.dynamics.density.well_posed import Statement
from wgflow.dynamics.fitted_rate import fit
from wgflow.dynamics.growth import GrowthTable, compare
from wgflow.dynamics.integrate import Limits, Outcome
from wgflow.dynamics.keeper import Keeper, Progress, carry_out
from wgflow.dynamics.particle_recorder import Recorder
from wgflow.dynamics.run_file import check_no_checkpoint, check_out, checkpoint_path, load_run, nothing_there, only_writer, settle
from wgflow.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xarray import Dataset


@record
class DensityRun:
    """A run that ended: its settings, outcome and everything recorded.

    data: xarray.Dataset over time (outputs), frame (kept densities), x, y, z, mode; units and one sentence a variable.  growth:
    predicted beside measured rates; None where no modes were followed.  statement: what was said before the run.
    """

    settings: DensitySettings
    outcome: Outcome
    reason: str
    data: Dataset
    growth: GrowthTable | None

    @property
    def density(self) -> np.ndarray:
        """The last recorded p on the grid."""
        return np.asarray(self.data["density"].values[-1])

    def passes(self, tolerance: object = "0.01") -> bool:
        """Tells whether every predicted rate was measured within the relative tolerance; True where none was predicted."""
        return self.growth is None or self.growth.passes(float(rational(tolerance, "tolerance")))

    def to_json(self, tolerance: object = "0.01") -> dict[str, object]:
        """Returns plain data in the schema wgflow.density/1, without the densities."""
        data = self.data
        last = {name: float(data[name].values[-1]) for name in ("energy", "mass", "least", "largest")}
        return {
            "schema": SCHEMA,
            "settings": self.settings.to_json(),
            "outcome": self.outcome.value,
            "reason": self.reason,
            "time": float(data["time"].values[-1]),
            "steps": int(data["steps"].values[-1]),
            **{name: data.attrs[name] for name in ("space", "integrator", "well_posedness")},
            "last": {name: value if np.isfinite(value) else None for name, value in last.items()},
            "growth": None if self.growth is None else self.growth.to_json(float(rational(tolerance, "tolerance"))),
        }

    def plot(self, axes: object = None) -> object:
        """Draws the density, and the modes with the predicted slopes; returns the first Matplotlib axes."""
        from wgflow.dynamics.density.density_drawing import plot_density

        return plot_density(self.data, axes)

    def summary(self) -> str:
        from wgflow.dynamics.density.density_words import summary

        return summary(self)

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<DensityRun of {self.settings.kernel}: {self.outcome.value}, {self.reason}>"

    def _repr_html_(self) -> str:
        from wgflow.dynamics.density.density_words import run_html

        return run_html(self)


def simulate_density(
    kernel: object = None,
    *,
    start: object = None,
    target: object = None,
    out: str | None = None,
    progress: Progress | None = None,
    checkpoint_seconds: object = 20,
    **options: object,
) -> DensityRun:
    """Returns the run of a density that follows the flow of a kernel, on a torus or in a box of the whole space.

        p_t = -s div(p grad(e~ * (p - q))) + nu Lap p,   e~ = e - eps s,   s = +1 discriminator, -1 generator

    (Chen, Wu and Xiang 2023, section 3); q stands still, or moves with the opposite sign. Options, with the defaults of
    `wgflow.dynamics.density.density_settings.density_settings`: stabilizer, eps, dim, role, flow ("kernel", "jensen-shannon"),
    period or box, moves ("p", "both"), modes, amplitude, diffusion, noise, points, solver ("spectral", "etdrk4", "volumes",
    "implicit"), limiter, filter, time, step, outputs, frames, max_steps.

    start, target: arrays of values on the grid (`wgflow.dynamics.density.grid`), or text: an expression in x, y, z or a Gaussian
    mixture. Without them p and q are uniform on a torus,
    with mass 1, and the modes disturb p; in a box q is 0.  out: a .nc file, with checkpoints beside it while the run goes.
    Raises InputError, OSError.

    >>> run = simulate_density("rbf(0.5)", dim=1, period="2*pi", modes="1,2", time="0.5", outputs=20)
    >>> run.outcome.value, run.passes("1e-8")
    ('finished', True)
    """
    settings = density_settings(kernel, **options)
    given = starting(settings, start, target)
    if out is None:
        return _run(settings, given, None, None, checkpoint_seconds, progress)
    check_out(out)
    with only_writer(out):
        check_no_checkpoint(out)
        return _run(settings, given, None, out, checkpoint_seconds, progress)


def statement_of(kernel: object = None, *, start: object = None, target: object = None, **options: object) -> Statement | None:
    """Returns what is said about well-posedness before a run with these arguments; None for flows without a kernel."""
    settings = density_settings(kernel, **options)
    return make_experiment(settings, starting(settings, start, target)).statement


def resume_density(path: str, *, progress: Progress | None = None, checkpoint_seconds: object = 20) -> DensityRun:
    """Returns the run that was to be written to ``path``, gone on with from its checkpoint: bitwise the uninterrupted one.

    A run that is already complete is returned as it is. Raises InputError, OSError.
    """
    check_out(path)
    with only_writer(path):
        beside = checkpoint_path(path)
        if beside.exists():
            stored = load_run(beside, SCHEMA, "state")
            given = Densities(stored["start"].values, stored["target"].values)
            return _run(settings_of(stored.attrs["settings"]), given, stored, path, checkpoint_seconds, progress)
        if os.path.exists(path):
            return load_density(path)
    raise nothing_there(path)


def load_density(path: str) -> DensityRun:
    """Returns the finished run of a file that `simulate_density` wrote. Raises InputError, OSError."""
    data = load_run(path, SCHEMA, "outcome")
    return _finished(settings_of(data.attrs["settings"]), Outcome(data.attrs["outcome"]), data.attrs["reason"], data)


def _run(
    settings: DensitySettings,
    given: Densities,
    stored: Dataset | None,
    out: str | None,
    seconds: object,
    progress: Progress | None,
) -> DensityRun:
    experiment = make_experiment(settings, given)
    found = _integrated(experiment, stored, out, seconds, progress)
    if out is not None and found.outcome is not Outcome.INTERRUPTED:
        settle(found.data, out)
    return found


def _integrated(
    experiment: DensityExperiment, stored: Dataset | None, out: str | None, seconds: object, progress: Progress | None
) -> DensityRun:
    settings = experiment.settings
    start = beginning(experiment.start) if stored is None else stored_snapshot(stored, experiment.start.shape)
    recorder = Recorder(names(settings.dim)) if stored is None else Recorder.of(stored, names(settings.dim))
    keeper = Keeper(DensityRecord(experiment), recorder, out, seconds, progress)
    limits = Limits(max_steps=settings.max_steps)
    result, data = carry_out(
        keeper,
        experiment.flow,
        experiment.integrator,
        start,
        experiment.settings.output_times.tolist(),
        experiment.step,
        limits,
        resumed=stored is not None,
    )
    return _finished(settings, result.outcome, result.reason, data)


def _finished(settings: DensitySettings, outcome: Outcome, reason: str, data: Dataset) -> DensityRun:
    growth = None
    if "predicted_rate" in data:
        series = (data["mode_real"].values + 1j * data["mode_imag"].values).T / data["mass"].values[0]
        fits = [fit(data["time"].values, each) for each in series]
        modes = [tuple(mode) for mode in data["mode_vector"].values.tolist()]
        growth = compare(modes, data["wavenumber"].values.tolist(), data["predicted_rate"].values.tolist(), fits)
    return DensityRun(settings, outcome, reason, data, growth)
