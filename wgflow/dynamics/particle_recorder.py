"""What is recorded of a particle run while it goes, and its form as labelled arrays, from which it also goes on."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record
from wgflow.run import Array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xarray import Dataset

SERIES = {  # of every output: unit, sentence
    "time": ("time", "time of the recorded modes"),
    "steps": ("1", "number of time steps made"),
    "mode_real": ("mass", "real part of the Fourier mode of p - q"),
    "mode_imag": ("mass", "imaginary part of the Fourier mode of p - q"),
}
FRAMES = {  # of the outputs that keep positions
    "frame_time": ("time", "time of the kept positions"),
    "position": ("length", "positions of the particles of p; on a torus not reduced to one period"),
    "target_position": ("length", "positions of the particles of q"),
    "energy": ("unit of e", "half the squared distance of p and q, with the kernel that drives the flow"),
    "mmd": ("square root of the unit of e", "square root of D_e[p, q], the V-statistic with e alone, 0 where D_e is negative"),
    "wasserstein": ("length", "distance of p and q: W1 in one dimension, else sliced W2"),
}
DIMENSIONS = {
    "mode_real": ("time", "mode"),
    "mode_imag": ("time", "mode"),
    "position": ("frame", "particle", "axis"),
    "target_position": ("frame", "target_particle", "axis"),
}


@record
class Names:
    """What may be recorded: unit and sentence by name, of every output and of those that keep frames; dimensions of arrays."""

    series: Mapping[str, tuple[str, str]]
    frames: Mapping[str, tuple[str, str]]
    dimensions: Mapping[str, tuple[str, ...]]


PARTICLES = Names(SERIES, FRAMES, DIMENSIONS)


class Recorder:
    """Rows of numbers, one list a name; a name that is not recorded in this run has no list."""

    def __init__(self, names: Names = PARTICLES) -> None:
        self.names = names
        self.rows: dict[str, list[NDArray]] = {}

    def add(self, values: Mapping[str, Floats | float | int]) -> None:
        for name, value in values.items():
            self.rows.setdefault(name, []).append(np.array(value))

    def cut(self, time: float) -> None:
        """Forgets what was recorded after a time: an interruption may have come while a row was being added."""
        kept = {key: sum(t <= time for t in self.rows.get(key, ())) for key in ("time", "frame_time")}
        for name, rows in self.rows.items():
            del rows[kept["time" if name in self.names.series else "frame_time"] :]

    def arrays(self) -> dict[str, Array]:
        """Returns the recorded rows as labelled arrays."""
        out: dict[str, Array] = {}
        for name, rows in self.rows.items():
            along = "time" if name in self.names.series else "frame"
            unit, sentence = (self.names.series if name in self.names.series else self.names.frames)[name]
            out[name] = (self.names.dimensions.get(name, (along,)), np.stack(rows), unit, sentence)
        return out

    @staticmethod
    def of(data: Dataset, names: Names = PARTICLES) -> Recorder:
        """Returns the recorder that `arrays` of ``data`` came from."""
        found = Recorder(names)
        for name in (*names.series, *names.frames):
            if name in data:
                found.rows[name] = list(data[name].values)
        return found
