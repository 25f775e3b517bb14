"""What is recorded of a particle run."""

from __future__ import annotations

from wgflow.dynamics.advance import Snapshot
from wgflow.dynamics.keeper import Recorded, Values
from wgflow.dynamics.particles.measured import frame_values, mode_values
from wgflow.dynamics.particles.particle_arrays import SCHEMA, fixed_arrays, provenance
from wgflow.dynamics.particles.particle_experiment import Experiment
from wgflow.dynamics.snapshot_arrays import snapshot_arrays
from wgflow.run import Array


class ParticleRecord(Recorded):
    """The recording of one experiment."""

    schema = SCHEMA

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.settings_text = experiment.settings.text
        self.end, self.frames = experiment.settings.number("time"), experiment.settings.frame_times

    def series(self, snapshot: Snapshot) -> Values:
        return mode_values(self.experiment, snapshot.state)

    def frame(self, snapshot: Snapshot) -> Values:
        return frame_values(self.experiment, snapshot.state)

    def fixed(self) -> dict[str, Array]:
        return fixed_arrays(self.experiment)

    def provenance(self) -> dict[str, str | float]:
        return provenance(self.experiment)

    def state(self, snapshot: Snapshot) -> dict[str, Array]:
        return snapshot_arrays(snapshot)
