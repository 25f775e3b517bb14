"""How a training run ended."""

from __future__ import annotations

import enum


class TrainingOutcome(enum.Enum):
    """Outcomes are values: a run that diverged is a result too."""

    FINISHED = "finished"
    NONFINITE = "nonfinite"  # a loss or gradient was NaN or infinite; the last checkpoint is the last good state
    COLLAPSED = "collapsed"  # generated samples were all alike, and the settings say to stop then
    BUDGET = "budget"  # the time is up; the run can be gone on with
    INTERRUPTED = "interrupted"  # Ctrl-C or SIGTERM; the run can be gone on with

    @property
    def exit_code(self) -> int:
        return {TrainingOutcome.FINISHED: 0, TrainingOutcome.INTERRUPTED: 130}.get(self, 4)
