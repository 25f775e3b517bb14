"""What keeps a run while it goes: rows of outputs, and a checkpoint on disk from which it goes on."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence

from wgflow.arithmetic.number import InputError, rational, shown
from wgflow.dynamics.advance import Snapshot
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrate import Limits, Outcome, Result, integrate
from wgflow.dynamics.integrators import Integrator
from wgflow.dynamics.particle_recorder import Recorder
from wgflow.dynamics.run_file import checkpoint_path, save_signed
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.run import Array, labelled

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xarray import Dataset

WRITING_SHARE = 20  # a checkpoint is written at most this rarely, in units of the time that writing takes
Progress = Callable[[float, float], None]
Values = Mapping[str, "Floats | float | int"]


class Recorded(ABC):
    """A kind of run, as far as recording it goes."""

    schema: str
    settings_text: str
    end: float
    frames: frozenset[float]  # the times at which frames are kept

    @abstractmethod
    def series(self, snapshot: Snapshot) -> Values:
        """Returns what is recorded at every output, beside time and steps."""

    @abstractmethod
    def frame(self, snapshot: Snapshot) -> Values:
        """Returns what is recorded at the outputs that keep frames, beside the time."""

    @abstractmethod
    def fixed(self) -> dict[str, Array]:
        """Returns what does not change."""

    @abstractmethod
    def provenance(self) -> dict[str, str | float]:
        """Returns what the run was made with."""

    @abstractmethod
    def state(self, snapshot: Snapshot) -> dict[str, Array]:
        """Returns the snapshot as labelled arrays."""


class Keeper:
    """Records outputs, and keeps a checkpoint on disk that is at most so many seconds old."""

    def __init__(self, run: Recorded, recorder: Recorder, out: str | None, seconds: object, progress: Progress | None) -> None:
        self.run, self.recorder, self.out, self.progress = run, recorder, out, progress
        self.between, self.written = _checked(seconds), time.monotonic()

    def output(self, snapshot: Snapshot, row: Mapping[str, object]) -> None:
        recorded = self.recorder.rows.get("time")
        if recorded and recorded[-1] >= snapshot.time:  # by the run that left a checkpoint at its very end
            return
        self._series(snapshot)
        if snapshot.time in self.run.frames:
            self._frame(snapshot)

    def step(self, snapshot: Snapshot) -> None:
        if self.progress is not None:
            self.progress(snapshot.time, self.run.end)
        if self.out is not None and time.monotonic() - self.written >= self.between:
            self.checkpoint(snapshot)

    def ended(self, result: Result) -> Dataset:
        """Returns everything recorded; a run that ended early also records its last good state, or leaves a checkpoint."""
        self.recorder.cut(result.snapshot.time)
        if result.outcome is Outcome.INTERRUPTED:
            if self.out is not None:
                self.checkpoint(result.snapshot)
        elif result.outcome is not Outcome.FINISHED:
            self._keep_last(result.snapshot)
        attributes = self.run.provenance() | {"outcome": result.outcome.value, "reason": result.reason}
        return labelled(self.recorder.arrays() | self.run.fixed(), attributes)

    def checkpoint(self, snapshot: Snapshot) -> None:
        """Writes what is needed to go on; the next one waits longer where writing takes long."""
        begun = time.monotonic()
        arrays = self.recorder.arrays() | self.run.fixed() | self.run.state(snapshot)
        save_signed(labelled(arrays, {"schema": self.run.schema, "settings": self.run.settings_text}), checkpoint_path(self.out))
        self.written = time.monotonic()
        self.between = max(self.between, WRITING_SHARE * (self.written - begun))

    def _series(self, snapshot: Snapshot) -> None:
        self.recorder.add({"time": snapshot.time, "steps": snapshot.step, **self.run.series(snapshot)})

    def _frame(self, snapshot: Snapshot) -> None:
        self.recorder.add({"frame_time": snapshot.time, **self.run.frame(snapshot)})

    def _keep_last(self, snapshot: Snapshot) -> None:
        rows = self.recorder.rows
        if not rows.get("time") or rows["time"][-1] < snapshot.time:
            self._series(snapshot)
        if not rows.get("frame_time") or rows["frame_time"][-1] < snapshot.time:
            self._frame(snapshot)


def carry_out(
    keeper: Keeper,
    flow: Flow,
    integrator: Integrator,
    start: Snapshot,
    times: Sequence[float],
    step: float | None,
    limits: Limits,
    resumed: bool,
) -> tuple[Result, Dataset]:
    """Returns how a run from ``start`` ended, and everything recorded; a resumed one goes on with the times that are left.

    Raises KeyboardInterrupt where Ctrl-C came before anything was recorded that could be shown or gone on from.
    """
    left = [t for t in times if not resumed or t > start.time]
    watch = {"on_output": keeper.output, "on_step": keeper.step}
    result = integrate(flow, integrator, start, left or [start.time], step, limits=limits, **watch)  # type: ignore[arg-type]
    if result.outcome is Outcome.INTERRUPTED and not resumed and not result.times.size:
        raise KeyboardInterrupt
    return result, keeper.ended(result)


def _checked(seconds: object) -> float:
    found = rational(seconds, "checkpoint seconds")
    if found < 0:
        raise InputError(f"checkpoint seconds {shown(seconds)} must not be negative; type 20, say.")
    return float(found)
