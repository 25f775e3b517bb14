"""The loop of a training run: cycle, measure, keep, stop."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import torch

from wgflow.arithmetic.number import InputError
from wgflow.gan.data.source import DataSource
from wgflow.gan.objective import Objective
from wgflow.gan.processes import Exchange
from wgflow.gan.training.checkpoint import Checkpoint
from wgflow.gan.training.cycle import Cycle, Cycled, NotFinite
from wgflow.gan.training.interruption import Interruption
from wgflow.gan.training.keeper import Keeper
from wgflow.gan.training.log import Progress, Row
from wgflow.gan.training.outcome import TrainingOutcome
from wgflow.gan.training.players import Players
from wgflow.gan.training.process_group import agreed
from wgflow.gan.training.settings_records import Settings
from wgflow.gan.training.watch import Watch, spread
from wgflow.record import record


@record
class Run:
    """What a run is made of, in this process."""

    settings: Settings
    seed: int
    objective: Objective
    source: DataSource
    features: int
    players: Players
    exchange: Exchange
    device: torch.device


@record
class TrainingState:
    """What ``on_step`` is shown after a cycle: the networks as they are, losses and norms, and the generator step's batch."""

    step: int
    players: Players
    objective: Objective
    seen: Cycled


@record
class Ended:
    """How the loop ended."""

    outcome: TrainingOutcome
    reason: str


OnStep = Callable[[int, TrainingState], None]


class Loop:
    """One training run in this process. ``step``: cycles that were carried out.  ``collapsed``: the first collapsed step."""

    step: int
    collapsed: int | None

    def __init__(self, run: Run, watch: Watch | None, keeper: Keeper, progress: Progress, on_step: OnStep | None) -> None:
        self.run, self.watch, self.keeper, self.progress, self.on_step = run, watch, keeper, progress, on_step
        self.cycle = Cycle(run.settings, run.players, run.objective, run.source, run.exchange, run.seed, run.device)
        self.step, self.collapsed, self.spread_out = 0, None, False
        self.before, self.begun = 0.0, time.monotonic()

    def begin(self, found: Checkpoint | None) -> None:
        """Starts at the beginning, or where a checkpoint was made. Raises InputError for one of another run."""
        if found is not None:
            if found.state.get("settings") != self.run.settings.text or found.state.get("seed") != self.run.seed:
                raise InputError("the checkpoint belongs to a run with other settings; start the run anew elsewhere.")
            self._restore(found)
        self.keeper.begin(self.run.settings, self.run.seed, self.run.source.provenance(), found)
        if found is None:
            self._keep()

    def carry_out(self, interruption: Interruption, deadline: float | None) -> Ended:
        """Trains to the end of the settings, or until something ends it before."""
        training, device = self.run.settings.training, self.run.device
        while self.step < training.steps:
            try:
                seen = self.cycle.run(self.step + 1)
            except NotFinite as problem:
                return Ended(TrainingOutcome.NONFINITE, f"in step {self.step + 1} {problem}")
            self.step += 1
            self._tell(seen)
            if self.collapsed is not None and training.stop_on_collapse:
                self._keep()
                return Ended(TrainingOutcome.COLLAPSED, f"in step {self.collapsed} generated samples were all alike")
            flags = [interruption.raised, deadline is not None and time.monotonic() >= deadline, self.keeper.due()]
            interrupted, late, due = agreed(self.run.exchange, flags, device)
            if self.step < training.steps and (interrupted or late):
                self._keep()
                return _stopped(interrupted)
            if due or self.step == training.steps:
                self._keep()
        return Ended(TrainingOutcome.FINISHED, "")

    @property
    def seconds(self) -> float:
        """Seconds of training, over all resumptions."""
        return self.before + time.monotonic() - self.begun

    def _tell(self, seen: Cycled) -> None:
        """Measures, records and shows what a cycle did."""
        row = None
        if self._logged():
            row = self._row(seen)
            self.keeper.record(row)
        if self.on_step is not None:
            self.on_step(self.step, TrainingState(self.step, self.run.players, self.run.objective, seen))
        self.progress.step(self.step, self.run.settings.training.steps, row)

    def _logged(self) -> bool:
        wanted, step = self.run.settings.measure, self.step
        every = (wanted.log_every, wanted.every, wanted.sheets_every, wanted.probe_every if wanted.probe else 0)
        return step in (1, self.run.settings.training.steps) or any(e and step % e == 0 for e in every)

    def _row(self, seen: Cycled) -> Row:
        share = spread(seen.real, seen.fake, self.run.exchange)
        self._judge(share)
        return {"step": self.step} if self.watch is None else self.watch.row(self.step, seen, share)

    def _judge(self, share: float | None) -> None:
        """Notes a collapse: the spread fell below the least share after it was above it, or never came there in half the run."""
        training = self.run.settings.training
        if share is None or self.collapsed is not None:
            return
        self.spread_out = self.spread_out or share >= training.collapse
        if share < training.collapse and (self.spread_out or 2 * self.step > training.steps):
            self.collapsed = self.step

    def _keep(self) -> None:
        if self.keeper.folder is not None:
            self.keeper.keep(self.run.players.checkpoint(self.step, self._memory()))

    def _memory(self) -> Mapping[str, object]:
        probe = None if self.watch is None or self.watch.probe is None else self.watch.probe.to_json()
        return {
            "settings": self.run.settings.text,
            "seed": self.run.seed,
            "seconds": self.seconds,
            "spread_out": self.spread_out,
            "collapsed": self.collapsed,
            "probe": probe,
        }

    def _restore(self, found: Checkpoint) -> None:
        self.run.players.restore(found)
        state = found.state
        self.step, self.before = found.step, float(str(state["seconds"]))
        self.spread_out = bool(state["spread_out"])
        self.collapsed = None if state["collapsed"] is None else int(str(state["collapsed"]))
        if self.watch is not None and self.watch.probe is not None:
            self.watch.probe.restore(state["probe"])  # type: ignore[arg-type]


def _stopped(interrupted: bool) -> Ended:
    if interrupted:
        return Ended(TrainingOutcome.INTERRUPTED, "--resume goes on")
    return Ended(TrainingOutcome.BUDGET, "the time is up; --resume goes on")
