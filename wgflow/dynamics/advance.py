"""Advancing a flow to an asked time, step by step. Any snapshot on the way continues bitwise as if nothing had stopped."""

from __future__ import annotations

from collections.abc import Generator
from math import ceil, inf

import numpy as np

from wgflow.dynamics.flow import Flow
from wgflow.dynamics.integrators import Integrator, Memory
from wgflow.dynamics.step_control import accepted_change, rejected_change
from wgflow.dynamics.sums.sum_method import Floats
from wgflow.record import record

ROUNDING = 1e-9  # of a step: 10.0000000001 steps are 10
RESOLUTION = 4 * float(np.finfo(np.float64).eps)  # of time: smaller steps do not change it


@record
class Snapshot:
    """A moment of a run, and all that its continuation needs.

    memory: numbers and arrays by name: the integrator's, and of the loop "dt" (proposed by the control), "error" (of the last
    step), "rejected" (count), "interval_start", "interval_end", "interval_steps" of "interval_count" (made since),
    "centre" (of the start).
    """

    time: float
    step: int  # steps made since the start
    state: Floats
    memory: Memory

    def number(self, name: str, default: float) -> float:
        return float(self.memory.get(name, default))


Steps = Generator[Snapshot, None, "float | None"]  # the value at the end: the error of the step that was given up


def beginning(state: Floats, time: float = 0.0) -> Snapshot:
    """Returns the snapshot with which a run starts."""
    return Snapshot(time, 0, np.array(state, dtype=np.float64), {})


def fixed_steps(flow: Flow, integrator: Integrator, start: Snapshot, until: float, dt: float) -> Steps:
    """Yields the snapshot after each step up to exactly ``until``: the interval is divided into equal steps of at most dt."""
    kept = _kept(start)
    origin, done = start.number("interval_start", start.time), int(start.number("interval_steps", 0))
    count = step_count(until - origin, dt)
    if done and (start.number("interval_end", until), start.number("interval_count", count)) != (until, count):
        origin, done, count = start.time, 0, step_count(until - start.time, dt)  # it was on the way elsewhere
    h = (until - origin) / count
    time, step, state, memory = start.time, start.step, start.state, start.memory
    for j in range(done + 1, count + 1):
        state, new, _ = integrator.step(flow.drawn(step, time, state), time, h, state, memory)
        time, step = (until if j == count else origin + (until - origin) * (j / count)), step + 1
        memory = {**new, **kept}
        if j < count:
            memory |= {
                "interval_start": origin,
                "interval_end": until,
                "interval_steps": float(j),
                "interval_count": float(count),
            }
        yield Snapshot(time, step, state, memory)
    return None


def step_count(interval: float, dt: float) -> int:
    """Returns into how many equal steps of at most ``dt`` an interval is divided."""
    return max(ceil(interval / dt * (1 - ROUNDING)), 1)


def adaptive_steps(flow: Flow, integrator: Integrator, start: Snapshot, until: float, least: float, most: float) -> Steps:
    """Yields the snapshot after each accepted step up to exactly ``until``, and ends before it where a step below ``least``
    was asked for; it then returns the error of the last attempt (inf for values that are not finite, 0 where none was made).
    """
    last = start
    while last.time < until:
        attempted = _accepted(flow, integrator, last, until, least, most)
        if not isinstance(attempted, Snapshot):
            return attempted
        last = attempted
        yield last
    return None


def _accepted(flow: Flow, integrator: Integrator, last: Snapshot, until: float, least: float, most: float) -> Snapshot | float:
    """Returns the snapshot after the next accepted step, or the error of the last attempt where none is."""
    order, left = integrator.error_order or 0, until - last.time
    drawn = flow.drawn(last.step, last.time, last.state)
    proposed, previous, rejected = last.number("dt", left), last.number("error", 1.0), last.number("rejected", 0.0)
    ceiling, size, floor = inf, 0.0, max(least, RESOLUTION * max(abs(last.time), abs(until)))
    while True:
        h = _clipped(min(proposed, most), left)
        if h < left and min(proposed, most) < floor:
            return size
        state, memory, error = integrator.step(drawn, last.time, h, last.state, last.memory)
        size = float(error) if error is not None and np.isfinite(error) and np.isfinite(state).all() else inf
        if size <= 1:
            break
        rejected, ceiling = rejected + 1, 1.0
        proposed = h * rejected_change(size, order)
    change = min(accepted_change(size, previous, order), ceiling)
    if h < proposed:  # clipped: says little about what could be afforded
        proposed = max(h * change, proposed)
    else:
        proposed, previous = h * change, size
    control = {"dt": proposed, "error": previous, "rejected": rejected}
    time = until if h == left else last.time + h
    return Snapshot(time, last.step + 1, state, {**memory, **_kept(last), **control})


def _clipped(h: float, left: float) -> float:
    """Returns the step to take when ``left`` remains: all of it, half of it, or h, so that no tiny step is left over."""
    if h >= left * (1 - ROUNDING):
        return left
    return left / 2 if 2 * h > left else h


def _kept(start: Snapshot) -> dict[str, float | Floats]:
    return {name: start.memory[name] for name in ("centre",) if name in start.memory}
