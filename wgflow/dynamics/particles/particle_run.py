"""Particle runs: simulate, record, checkpoint, go on, and compare with what was predicted."""

from __future__ import annotations

import os

import numpy as np

from wgflow.arithmetic.number import InputError, rational, shown
from wgflow.dynamics.advance import beginning
from wgflow.dynamics.fitted_rate import ROUNDING, Fit, fit
from wgflow.dynamics.growth import NEUTRAL, GrowthTable, compare
from wgflow.dynamics.integrate import Outcome
from wgflow.dynamics.keeper import Keeper, Progress, carry_out
from wgflow.dynamics.particle_recorder import Recorder
from wgflow.dynamics.particles.particle_arrays import SCHEMA
from wgflow.dynamics.particles.particle_experiment import Ensemble, make_experiment
from wgflow.dynamics.particles.particle_machine import Machine, on_cluster, using_threads
from wgflow.dynamics.particles.particle_record import ParticleRecord
from wgflow.dynamics.particles.particle_settings import ParticleSettings, particle_settings, settings_of
from wgflow.dynamics.particles.start import ensemble_of, sampled_ensemble
from wgflow.dynamics.run_file import check_no_checkpoint, check_out, checkpoint_path, load_run, nothing_there, only_writer, settle
from wgflow.dynamics.snapshot_arrays import snapshot_of
from wgflow.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xarray import Dataset

LEAST_CHANGE = 1000 * ROUNDING  # of a mode over the whole run


@record
class ParticleRun:
    """A run that ended: its settings, outcome and everything recorded.

    data: xarray.Dataset over time (outputs), frame (kept positions), particle, axis, mode; units and one sentence a variable.
    growth: predicted beside measured rates; None where no modes were followed.
    """

    settings: ParticleSettings
    outcome: Outcome
    reason: str
    data: Dataset
    growth: GrowthTable | None

    @property
    def position(self) -> np.ndarray:
        """The last recorded positions of p, (N, n)."""
        return np.asarray(self.data["position"].values[-1])

    def passes(self, tolerance: object = "0.01") -> bool:
        """Tells whether every predicted rate was measured within the relative tolerance; True where none was predicted."""
        return self.growth is None or self.growth.passes(float(rational(tolerance, "tolerance")))

    def to_json(self, tolerance: object = "0.01") -> dict[str, object]:
        """Returns plain data in the schema wgflow.particles/1, without the positions."""
        last = {name: float(self.data[name].values[-1]) for name in ("energy", "mmd", "wasserstein") if name in self.data}
        return {
            "schema": SCHEMA,
            "settings": self.settings.to_json(),
            "outcome": self.outcome.value,
            "reason": self.reason,
            "time": float(self.data["time"].values[-1]),
            "steps": int(self.data["steps"].values[-1]),
            "sums": self.data.attrs["sums"],
            "integrator": self.data.attrs["integrator"],
            "last": {name: value if np.isfinite(value) else None for name, value in last.items()},
            "growth": None if self.growth is None else self.growth.to_json(float(rational(tolerance, "tolerance"))),
        }

    def plot(self, axes: object = None) -> object:
        """Draws the particles, and the modes with the predicted slopes; returns the first Matplotlib axes."""
        from wgflow.dynamics.particles.drawing import plot_particles

        return plot_particles(self.data, axes)

    def summary(self) -> str:
        from wgflow.dynamics.particles.particle_words import summary_lines

        return "\n".join(summary_lines(self))

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return f"<ParticleRun of {self.settings.kernel}: {self.outcome.value}, {self.reason}>"

    def _repr_html_(self) -> str:
        from wgflow.dynamics.particles.particle_words import run_html

        return run_html(self)


def simulate_particles(
    kernel: object,
    *,
    out: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
    threads: object = None,
    cluster: str | None = None,
    checkpoint_seconds: object = 20,
    **options: object,
) -> ParticleRun:
    """Returns the run of particles that follow the flow of a kernel.

        x_i' = role * [ sum_j w_j grad e~(x_i - x_j) - sum_j v_j grad e~(x_i - y_j) ],   e~ = e - eps s

    (Chen, Wu and Xiang 2023, sections 3 and 4), + for the discriminator and - for the generator. Options, with the defaults
    of `wgflow.dynamics.particles.particle_settings.particle_settings`: stabilizer, eps, dim, role, period, moves ("p", "both"),
    alternate ("5:1"), rates, noise, count, start, modes, amplitude, target, target_count, time, step, integrator, rtol,
    method, accuracy, softening, exclude_self, single, outputs, frames, slices, escape, collapse, max_steps, seed.

    start, target: text such as "gaussian(std=2)", or the name of a file.  out: a .nc file, with checkpoints beside it
    every ``checkpoint_seconds`` while the run goes.  progress: called with (time, last time) after every step.  threads,
    cluster: where the sums run; no digit depends on the number of threads.  After Ctrl-C the outcome is "interrupted".
    Raises InputError, OSError, TypeError (an option that does not exist).

    >>> import wgflow as wg
    >>> run = wg.simulate_particles("rbf(0.5)", dim=1, period="2*pi", modes="1,2", count=200, time="0.2", outputs=20)
    >>> run.outcome.value, run.passes("0.001")
    ('finished', True)
    """
    if cluster is not None and options.get("method", "auto") == "auto":
        options["method"] = "nufft" if options.get("period") is None else "fourier"  # what a cluster can sum
    unknown = sorted(set(options) - set(ParticleSettings.__annotations__))
    if unknown:
        raise TypeError(f"simulate_particles has no option {unknown[0]}; it has {', '.join(ParticleSettings.__annotations__)}.")
    settings = particle_settings(kernel, **options)  # type: ignore[arg-type]
    machine = Machine(threads, cluster, checkpoint_seconds, progress)
    if out is None:
        return _run(settings, sampled_ensemble(settings), None, None, machine)
    path = os.fspath(out)
    check_out(path)
    _check_overwrites(settings, path)
    with only_writer(path):
        check_no_checkpoint(path)
        return _run(settings, sampled_ensemble(settings), None, path, machine)


def _check_overwrites(settings: ParticleSettings, path: str) -> None:
    for text in (settings.start, settings.target):
        if text is not None and os.path.exists(path) and os.path.exists(text) and os.path.samefile(path, text):
            raise InputError(f"--out {shown(path)} would replace a file that the run starts from; choose another name.")


def resume_particles(
    path: str | os.PathLike[str],
    *,
    progress: Progress | None = None,
    threads: object = None,
    cluster: str | None = None,
    checkpoint_seconds: object = 20,
) -> ParticleRun:
    """Returns the run that was to be written to ``path``, gone on with from its checkpoint: bitwise the uninterrupted one.

    A run that is already complete is returned as it is. Raises InputError, OSError.
    """
    path = os.fspath(path)
    check_out(path)
    machine = Machine(threads, cluster, checkpoint_seconds, progress)
    with only_writer(path):
        beside = checkpoint_path(path)
        if beside.exists():
            stored = load_run(beside, SCHEMA, "state")
            settings = settings_of(stored.attrs["settings"])
            return _run(settings, ensemble_of(stored), stored, path, machine)
        if os.path.exists(path):
            return load_particles(path)
    raise nothing_there(path)


def load_particles(path: str | os.PathLike[str]) -> ParticleRun:
    """Returns the finished run of a file that `simulate_particles` wrote. Raises InputError, OSError."""
    data = load_run(path, SCHEMA, "outcome")
    return _finished(settings_of(data.attrs["settings"]), Outcome(data.attrs["outcome"]), data.attrs["reason"], data)


def _run(
    settings: ParticleSettings, ensemble: Ensemble, stored: Dataset | None, out: str | None, machine: Machine
) -> ParticleRun:
    with using_threads(machine.threads), on_cluster(machine.cluster) as spread:
        experiment = make_experiment(settings, ensemble)
        start = beginning(experiment.start) if stored is None else snapshot_of(stored)
        recorder = Recorder() if stored is None else Recorder.of(stored)
        keeper = Keeper(ParticleRecord(experiment), recorder, out, machine.checkpoint_seconds, machine.progress)
        result, data = carry_out(
            keeper,
            experiment.flow,
            spread(experiment.integrator),
            start,
            experiment.settings.output_times.tolist(),
            experiment.step,
            experiment.limits,
            resumed=stored is not None,
        )
    found = _finished(settings, result.outcome, result.reason, data)
    if out is not None and result.outcome is not Outcome.INTERRUPTED:
        settle(found.data, out)
    return found


def _finished(settings: ParticleSettings, outcome: Outcome, reason: str, data: Dataset) -> ParticleRun:
    growth = None
    if "predicted_rate" in data:
        series = (data["mode_real"].values + 1j * data["mode_imag"].values).T
        time, rates = data["time"].values, data["predicted_rate"].values
        scales = np.where(abs(rates) > NEUTRAL * abs(rates).max(), abs(rates), abs(rates).max())
        fits = [_fit(time, each, scale) for each, scale in zip(series, scales, strict=True)]
        modes = [tuple(mode) for mode in data["mode_vector"].values.tolist()]
        growth = compare(modes, data["wavenumber"].values.tolist(), rates.tolist(), fits)
    return ParticleRun(settings, outcome, reason, data, growth)


def _fit(time: np.ndarray, mode: np.ndarray, scale: float) -> Fit:
    """Returns the fit of a mode whose rate is about ``scale``; none where rounding would hold the particles in place."""
    if 0 < abs(mode[0]) * scale * (time[-1] - time[0]) < LEAST_CHANGE:
        return Fit(None, None, None, 0, "the run is too short: the mode changes by little more than rounding")
    return fit(time, mode)
