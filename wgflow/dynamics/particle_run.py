"""Particle runs: simulate, record, checkpoint, go on, and compare with what was predicted."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import numpy as np

from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.dynamics.advance import Snapshot, beginning
from wgflow.dynamics.fitted_rate import fit
from wgflow.dynamics.growth import GrowthTable, compare
from wgflow.dynamics.integrate import Outcome, Result, integrate
from wgflow.dynamics.integrators import Integrator
from wgflow.dynamics.measured import frame_values, mode_values
from wgflow.dynamics.particle_arrays import SCHEMA, fixed_arrays, provenance
from wgflow.dynamics.particle_experiment import Ensemble, Experiment, make_experiment
from wgflow.dynamics.particle_recorder import Recorder
from wgflow.dynamics.particle_settings import ParticleSettings, particle_settings, settings_of
from wgflow.dynamics.run_file import check_out, checkpoint_path, load_signed, only_writer, save_signed
from wgflow.dynamics.snapshot_arrays import snapshot_arrays, snapshot_of
from wgflow.dynamics.start import ensemble_of, sampled_ensemble
from wgflow.record import record
from wgflow.run import labelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xarray import Dataset

WRITING_SHARE = 20  # a checkpoint is written at most this rarely, in units of the time that writing takes
Progress = Callable[[float, float], None]


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
        from wgflow.dynamics.drawing import plot_particles

        return plot_particles(self.data, axes)

    def summary(self) -> str:
        from wgflow.dynamics.particle_words import summary_lines

        return "\n".join(summary_lines(self))

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        from wgflow.dynamics.particle_words import run_html

        return run_html(self)


def simulate_particles(
    kernel: object,
    *,
    out: str | None = None,
    progress: Progress | None = None,
    threads: object = None,
    cluster: str | None = None,
    checkpoint_seconds: object = 20,
    **options: object,
) -> ParticleRun:
    """Returns the run of particles that follow the flow of a kernel.

        x_i' = role * [ sum_j w_j grad e~(x_i - x_j) - sum_j v_j grad e~(x_i - y_j) ],   e~ = e - eps s

    (Chen, Wu and Xiang 2023, sections 3 and 4), + for the discriminator and - for the generator. Options, with the defaults
    of `wgflow.dynamics.particle_settings.particle_settings`: stabilizer, eps, dim, role, period, moves ("p", "both"),
    alternate ("5:1"), rates, noise, count, start, modes, amplitude, target, target_count, time, step, integrator, rtol,
    method, accuracy, softening, exclude_self, single, outputs, frames, slices, seed.

    start, target: text such as "gaussian(std=2)", or the name of a file.  out: a .nc file, with checkpoints beside it
    while the run goes.  threads, cluster: where the sums run; no digit depends on the number of threads.
    Raises InputError, OSError.

    >>> import wgflow as wg
    >>> run = wg.simulate_particles("rbf(0.5)", dim=1, period="2*pi", modes="1,2", count=200, time="0.2", outputs=20)
    >>> run.outcome.value, run.passes("0.001")
    ('finished', True)
    """
    if cluster is not None and options.get("method", "auto") == "auto":
        options["method"] = "nufft" if options.get("period") is None else "fourier"  # what a cluster can sum
    settings = particle_settings(kernel, **options)  # type: ignore[arg-type]
    machine = _Machine(threads, cluster, checkpoint_seconds, progress)
    if out is None:
        return _run(settings, sampled_ensemble(settings), None, None, machine)
    check_out(out)
    with only_writer(out):
        return _run(settings, sampled_ensemble(settings), None, out, machine)


def resume_particles(
    path: str,
    *,
    progress: Progress | None = None,
    threads: object = None,
    cluster: str | None = None,
    checkpoint_seconds: object = 20,
) -> ParticleRun:
    """Returns the run that was to be written to ``path``, gone on with from its checkpoint: bitwise the uninterrupted one.

    A run that is already complete is returned as it is. Raises InputError, OSError.
    """
    check_out(path)
    machine = _Machine(threads, cluster, checkpoint_seconds, progress)
    with only_writer(path):
        beside = checkpoint_path(path)
        if beside.exists():
            stored = _loaded(str(beside))
            settings = settings_of(stored.attrs["settings"])
            return _run(settings, ensemble_of(stored), stored, path, machine)
        if os.path.exists(path):
            return load_particles(path)
    raise InputError(f"there is neither a checkpoint {shown(beside)} nor a run {shown(path)}; start it with --out.")


def load_particles(path: str) -> ParticleRun:
    """Returns the finished run of a file that `simulate_particles` wrote. Raises InputError, OSError."""
    data = _loaded(path)
    return _finished(settings_of(data.attrs["settings"]), Outcome(data.attrs["outcome"]), data.attrs["reason"], data)


def _loaded(path: str) -> Dataset:
    data = load_signed(path)
    if data.attrs.get("schema") != SCHEMA:
        raise InputError(f"{shown(path)} is not a particle run of this version of wgflow ({SCHEMA}).")
    return data


@record
class _Machine:
    """How a run is carried out; nothing here changes a digit."""

    threads: object
    cluster: str | None
    checkpoint_seconds: object
    progress: Progress | None

    def checked_seconds(self) -> float:
        seconds = rational(self.checkpoint_seconds, "checkpoint seconds")
        if seconds < 0:
            raise InputError(f"checkpoint seconds {shown(self.checkpoint_seconds)} must not be negative; type 20, say.")
        return float(seconds)


class _Keeper:
    """Records outputs, and keeps a checkpoint on disk that is at most so many seconds old."""

    def __init__(self, experiment: Experiment, recorder: Recorder, out: str | None, machine: _Machine) -> None:
        self.experiment, self.recorder, self.out, self.machine = experiment, recorder, out, machine
        self.frames, self.end = experiment.frames, float(experiment.times[-1])
        self.between, self.written = machine.checked_seconds(), time.monotonic()

    def output(self, snapshot: Snapshot, row: Mapping[str, object]) -> None:
        values = mode_values(self.experiment, snapshot.state)
        self.recorder.add({"time": snapshot.time, "steps": snapshot.step, **values})
        if snapshot.time in self.frames:
            self.recorder.add({"frame_time": snapshot.time, **frame_values(self.experiment, snapshot.state)})

    def step(self, snapshot: Snapshot) -> None:
        if self.machine.progress is not None:
            self.machine.progress(snapshot.time, self.end)
        if self.out is not None and time.monotonic() - self.written >= self.between:
            self.checkpoint(snapshot)

    def ended(self, result: Result) -> Dataset:
        """Returns everything recorded; a run that ended early also records its last good state, or leaves a checkpoint."""
        self.recorder.cut(result.snapshot.time)
        if result.outcome is Outcome.INTERRUPTED:
            if self.out is not None:
                self.checkpoint(result.snapshot)
        elif result.outcome is not Outcome.FINISHED:
            self.keep_last(result.snapshot)
        attributes = provenance(self.experiment) | {"outcome": result.outcome.value, "reason": result.reason}
        return labelled(self.recorder.arrays() | fixed_arrays(self.experiment), attributes)

    def keep_last(self, snapshot: Snapshot) -> None:
        rows = self.recorder.rows
        if not rows.get("time") or rows["time"][-1] < snapshot.time:
            self.recorder.add({"time": snapshot.time, "steps": snapshot.step, **mode_values(self.experiment, snapshot.state)})
        if not rows.get("frame_time") or rows["frame_time"][-1] < snapshot.time:
            self.recorder.add({"frame_time": snapshot.time, **frame_values(self.experiment, snapshot.state)})

    def checkpoint(self, snapshot: Snapshot) -> None:
        """Writes what is needed to go on; the next one waits longer where writing takes long."""
        begun = time.monotonic()
        arrays = self.recorder.arrays() | fixed_arrays(self.experiment) | snapshot_arrays(snapshot)
        save_signed(labelled(arrays, {"schema": SCHEMA, "settings": self.experiment.settings.text}), checkpoint_path(self.out))
        self.written = time.monotonic()
        self.between = max(self.between, WRITING_SHARE * (self.written - begun))


def _run(
    settings: ParticleSettings, ensemble: Ensemble, stored: Dataset | None, out: str | None, machine: _Machine
) -> ParticleRun:
    with using_threads(machine.threads), on_cluster(machine.cluster) as spread:
        experiment = make_experiment(settings, ensemble)
        start = beginning(experiment.start) if stored is None else snapshot_of(stored)
        keeper = _Keeper(experiment, Recorder() if stored is None else Recorder.of(stored), out, machine)
        times = [t for t in experiment.times.tolist() if stored is None or t > start.time]
        result = integrate(
            experiment.flow,
            spread(experiment.integrator),
            start,
            times or [start.time],
            experiment.step,
            on_output=keeper.output,
            on_step=keeper.step,
            limits=experiment.limits,
        )
        data = keeper.ended(result)
    found = _finished(settings, result.outcome, result.reason, data)
    if out is not None and result.outcome is not Outcome.INTERRUPTED:
        save_signed(found.data, out)
        checkpoint_path(out).unlink(missing_ok=True)
    return found


def _finished(settings: ParticleSettings, outcome: Outcome, reason: str, data: Dataset) -> ParticleRun:
    growth = None
    if "predicted_rate" in data:
        series = (data["mode_real"].values + 1j * data["mode_imag"].values).T
        fits = [fit(data["time"].values, each) for each in series]
        modes = [tuple(mode) for mode in data["mode_vector"].values.tolist()]
        growth = compare(modes, data["wavenumber"].values.tolist(), data["predicted_rate"].values.tolist(), fits)
    return ParticleRun(settings, outcome, reason, data, growth)


@contextmanager
def on_cluster(address: str | None) -> Iterator[Callable[[Integrator], Integrator]]:
    """Yields what makes an integrator run on the Dask cluster at ``address``; without one it stays as it is."""
    if address is None:
        yield lambda integrator: integrator
        return
    from wgflow.dynamics.cluster import ClusterRungeKutta, connected  # late: Dask

    with connected(address) as client:
        yield lambda integrator: ClusterRungeKutta(integrator, client)


@contextmanager
def using_threads(count: object) -> Iterator[None]:
    """Runs the block with this many threads of the compiled sums; None leaves their number as it is."""
    if count is None:
        yield
        return
    import numba  # late: only runs need it

    most = numba.config.NUMBA_NUM_THREADS
    before = numba.get_num_threads()
    numba.set_num_threads(min(integer(count, "threads", 1, 4096), most))
    try:
        yield
    finally:
        numba.set_num_threads(before)
