"""What is kept of a particle run while it goes: the recorded outputs, and a checkpoint from which it can go on."""

from __future__ import annotations

import time
from collections.abc import Mapping

from wgflow.dynamics.advance import Snapshot
from wgflow.dynamics.integrate import Outcome, Result
from wgflow.dynamics.measured import frame_values, mode_values
from wgflow.dynamics.particle_arrays import SCHEMA, fixed_arrays, provenance
from wgflow.dynamics.particle_experiment import Experiment
from wgflow.dynamics.particle_machine import Machine
from wgflow.dynamics.particle_recorder import Recorder
from wgflow.dynamics.run_file import checkpoint_path, save_signed
from wgflow.dynamics.snapshot_arrays import snapshot_arrays
from wgflow.run import labelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xarray import Dataset

WRITING_SHARE = 20  # a checkpoint is written at most this rarely, in units of the time that writing takes


class Keeper:
    """Records outputs, and keeps a checkpoint on disk that is at most so many seconds old."""

    def __init__(self, experiment: Experiment, recorder: Recorder, out: str | None, machine: Machine) -> None:
        self.experiment, self.recorder, self.out, self.machine = experiment, recorder, out, machine
        self.frames, self.end = experiment.frames, float(experiment.times[-1])
        self.between, self.written = machine.checked_seconds(), time.monotonic()

    def output(self, snapshot: Snapshot, row: Mapping[str, object]) -> None:
        recorded = self.recorder.rows.get("time")
        if recorded and recorded[-1] >= snapshot.time:  # by the run that left a checkpoint at its very end
            return
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
