"""The one time loop: asked times, observations, events, and the outcome of a run as a value."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from math import inf, isfinite

import numpy as np

from wgflow.arithmetic.number import InputError
from wgflow.dynamics.advance import Snapshot, Steps, adaptive_steps, fixed_steps
from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrators import Integrator
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record, replace

Row = Mapping[str, Floats]
Observer = Callable[[float, Floats], object]

MOST_STEPS = 1e12


class Outcome(enum.Enum):
    """How a run ended. In every case the result holds the last good state."""

    FINISHED = "finished"
    NONFINITE = "nonfinite"
    STEP_LIMIT = "step limit"
    ESCAPED = "escaped"
    COLLAPSED = "collapsed"
    INTERRUPTED = "interrupted"


@record
class Limits:
    """When a run stops early.

    max_steps: counted from the start of the run, not of its continuation.  escape_radius: a row of the state is farther than
    this from the mean of the start.  collapse_diameter: all rows are within this, in every coordinate.  min_dt, max_dt:
    bounds of adaptive steps; one that would have to be smaller is a step limit.
    """

    max_steps: float = inf
    escape_radius: float = inf
    collapse_diameter: float = 0.0
    min_dt: float = 0.0
    max_dt: float = inf


@record
class Result:
    """What a run returns: the outcome with one sentence, the last good snapshot, and the observations.

    times: (T,), those of the asked times that were reached.  observed: by name, (T, ...).
    """

    outcome: Outcome
    reason: str
    snapshot: Snapshot
    times: Floats
    observed: Mapping[str, Floats]


def integrate(
    flow: Flow,
    integrator: Integrator,
    start: Snapshot,
    times: Sequence[float],
    dt: float | None = None,
    *,
    observers: Mapping[str, Observer] | None = None,
    on_output: Callable[[Snapshot, Row], None] | None = None,
    on_step: Callable[[Snapshot], None] | None = None,
    limits: Limits = Limits(),  # noqa: B008  # a frozen record
) -> Result:
    """Returns the result of advancing ``start`` through the asked times, which are landed on exactly.

    Fixed-step integrators divide each interval between asked times into equal steps of at most ``dt``; for adaptive ones
    ``dt`` is the first step (None: chosen). At each asked time, the start's own among them, the observers f(t, state) are
    recorded and ``on_output(snapshot, row)`` is called; ``on_step(snapshot)`` after each step. Continuing from any snapshot
    that these receive, or that an interrupted run returns, with the asked times that are later than it, gives bitwise the same
    as not stopping. A run that blows up is an outcome, never an exception; Ctrl-C is one too.

    Raises InputError for times that do not ascend from the start's, a dt that is not positive or missing, and a start that
    is not finite.

    >>> from wgflow.dynamics.advance import beginning
    >>> from wgflow.dynamics.integrator_names import integrator
    >>> class Decay(Flow):
    ...     random = False
    ...     def rhs(self, t, state):
    ...         return -state
    ...     def drawn(self, step, t, state):
    ...         return self
    >>> start, observers = beginning(np.ones((1, 1))), {"x": lambda t, u: u[0, 0]}
    >>> run = integrate(Decay(), integrator("rk4"), start, [0, 1], 0.01, observers=observers)
    >>> run.outcome, run.snapshot.step, run.observed["x"].round(9)
    (<Outcome.FINISHED: 'finished'>, 100, array([1.        , 0.36787944]))
    """
    asked = [float(t) for t in times]
    _check(integrator, start, asked, dt)
    journal = _Journal(start, observers or {}, on_output, on_step)
    try:
        outcome, reason = _run(flow, integrator, journal, asked, dt, limits)
    except KeyboardInterrupt:
        outcome, reason = Outcome.INTERRUPTED, f"interrupted at time {journal.last.time:g}"
    return Result(outcome, reason, journal.last, np.array([t for t, _ in journal.rows]), journal.observed())


class _Journal:
    """What has been reached and recorded so far. The last snapshot moves on only after its observations are complete."""

    def __init__(
        self,
        start: Snapshot,
        observers: Mapping[str, Observer],
        on_output: Callable[[Snapshot, Row], None] | None,
        on_step: Callable[[Snapshot], None] | None,
    ) -> None:
        self.last = start
        self.observers, self.on_output, self.on_step = observers, on_output, on_step
        self.rows: list[tuple[float, Row]] = []

    def output(self, snapshot: Snapshot) -> None:
        row = {name: np.array(f(snapshot.time, snapshot.state)) for name, f in self.observers.items()}
        if self.on_output is not None:
            self.on_output(snapshot, row)
        self.rows.append((snapshot.time, row))

    def step(self, snapshot: Snapshot) -> None:
        self.last = snapshot
        if self.on_step is not None:
            self.on_step(snapshot)

    def observed(self) -> dict[str, Floats]:
        return {name: np.array([row[name] for _, row in self.rows]) for name in self.observers}


def _run(
    flow: Flow, integrator: Integrator, journal: _Journal, asked: list[float], dt: float | None, limits: Limits
) -> tuple[Outcome, str]:
    journal.last = _prepared(flow, integrator, journal.last, dt, limits)
    for until in asked:
        if until > journal.last.time:
            stop = _interval(_steps(flow, integrator, journal.last, until, dt, limits), journal, until, limits)
            if stop is not None:
                return stop
        else:
            journal.output(journal.last)
    return Outcome.FINISHED, f"reached time {journal.last.time:g}"


def _steps(flow: Flow, integrator: Integrator, start: Snapshot, until: float, dt: float | None, limits: Limits) -> Steps:
    if integrator.error_order is None:
        return fixed_steps(flow, integrator, start, until, dt or until - start.time)
    return adaptive_steps(flow, integrator, start, until, limits.min_dt, limits.max_dt)


def _interval(steps: Steps, journal: _Journal, until: float, limits: Limits) -> tuple[Outcome, str] | None:
    """Takes the steps to ``until``; returns why the run stops there or before, None where it goes on."""
    while journal.last.time < until:
        if journal.last.step >= limits.max_steps:
            return Outcome.STEP_LIMIT, f"{journal.last.step} steps made, up to time {journal.last.time:g}"
        with np.errstate(all="ignore"):
            try:
                snapshot = next(steps)
            except StopIteration as end:
                return _no_step(end.value, journal.last)
        if not np.isfinite(snapshot.state).all():
            return Outcome.NONFINITE, f"a position is not finite at time {snapshot.time:g}, step {snapshot.step}"
        if snapshot.time == until:
            journal.output(snapshot)
        journal.step(snapshot)
        event = _event(snapshot, limits)
        if event is not None:
            return event
    return None


def _no_step(error: float | None, last: Snapshot) -> tuple[Outcome, str]:
    if error == inf:
        return Outcome.NONFINITE, f"no step from time {last.time:g} gives finite positions"
    return Outcome.STEP_LIMIT, f"no step of the smallest size meets the tolerance at time {last.time:g}"


def _event(snapshot: Snapshot, limits: Limits) -> tuple[Outcome, str] | None:
    if limits.escape_radius < inf:
        away = np.sqrt(((snapshot.state - snapshot.memory["centre"]) ** 2).sum(axis=1)).max()
        if away > limits.escape_radius:
            return Outcome.ESCAPED, f"a particle is {away:g} from the centre of the start at time {snapshot.time:g}"
    if limits.collapse_diameter > 0:
        diameter = float(np.ptp(snapshot.state, axis=0).max())
        if diameter < limits.collapse_diameter:
            return Outcome.COLLAPSED, f"the diameter is {diameter:g} at time {snapshot.time:g}"
    return None


def _check(integrator: Integrator, start: Snapshot, asked: list[float], dt: float | None) -> None:
    ascending = all(a < b for a, b in pairwise(asked))
    if not (asked and ascending and all(map(isfinite, asked)) and asked[0] >= start.time):
        raise InputError(f"the {len(asked)} asked times must ascend from the start's {start.time:g}; give times such as 0, 1, 2.")
    if dt is None and integrator.error_order is None:
        raise InputError("an integrator with fixed steps needs a step; type --step 0.01, say.")
    if dt is not None and not 0 < dt < inf:
        raise InputError(f"dt {dt:g} is not positive and finite; type --step 0.01, say.")
    if dt is not None and (asked[-1] - start.time) / dt > MOST_STEPS:
        raise InputError(f"dt {dt:g} makes more than {MOST_STEPS:g} steps to time {asked[-1]:g}; type a larger --step.")
    if not np.isfinite(start.state).all():
        raise InputError("the start contains NaN or infinity; give finite positions.")


def _prepared(flow: Flow, integrator: Integrator, start: Snapshot, dt: float | None, limits: Limits) -> Snapshot:
    """Returns the start with what a fresh run needs in its memory; that of a continued one stays as it is."""
    memory = dict(start.memory)
    if start.step == 0:
        memory |= integrator.init(flow, start.time, start.state)
        if dt is not None and integrator.error_order is not None:
            memory["dt"] = dt
    if limits.escape_radius < inf and "centre" not in memory:
        memory["centre"] = start.state.mean(axis=0)
    return replace(start, memory=memory)
