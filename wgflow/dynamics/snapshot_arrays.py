"""The state of the time loop as labelled arrays, and back, bit for bit."""

from __future__ import annotations

import numpy as np

from wgflow.dynamics.advance import Snapshot
from wgflow.dynamics.integrators import Memory
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.run import Array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xarray import Dataset

_MEMORY = "memory_"


def snapshot_arrays(snapshot: Snapshot) -> dict[str, Array]:
    """Returns a snapshot as labelled arrays."""
    out: dict[str, Array] = {
        "state": (("moving_particle", "axis"), snapshot.state, "length", "positions to go on from"),
        "state_time": ((), np.float64(snapshot.time), "time", "time of the state"),
        "state_step": ((), np.int64(snapshot.step), "1", "number of time steps made"),
    }
    for name, value in snapshot.memory.items():
        values = np.asarray(value)
        dimensions = tuple(f"{_MEMORY}{name}_{axis}" for axis in range(values.ndim))
        out[_MEMORY + name] = (dimensions, values, "1", "what the integrator remembers")
    return out


def snapshot_of(data: Dataset) -> Snapshot:
    """Returns the snapshot that `snapshot_arrays` wrote."""
    memory: Memory = {
        str(name)[len(_MEMORY) :]: _plain(data[name].values) for name in data.variables if str(name).startswith(_MEMORY)
    }
    return Snapshot(float(data["state_time"]), int(data["state_step"]), data["state"].values, memory)


def _plain(values: np.ndarray) -> float | Floats:
    """A number without dimensions is a Python float, as the integrators keep it."""
    return float(values) if values.ndim == 0 else values
