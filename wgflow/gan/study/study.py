"""Carrying out a study: every cell with every seed, several processes at a time, gone on with where it stopped."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from pathlib import Path

from wgflow.arithmetic.number import InputError, integer, rational
from wgflow.gan.study.cell import CellResult, load_result, make_cell, result_of, save_result
from wgflow.gan.study.study_table import StudyTable
from wgflow.gan.study.workers import carried_out, pool_of
from wgflow.gan.train import train
from wgflow.gan.training.outcome import TrainingOutcome
from wgflow.gan.training.settings import read_settings

Told = Callable[[str, int, int], None]
MOST_WORKERS = 256


def run_study(
    cells: Mapping[str, object],
    seeds: Iterable[int],
    folder: object,
    *,
    workers: object = 1,
    budget_minutes: object = None,
    data_root: object = None,
    device: str = "auto",
    keep_runs: bool = False,
    told: Told | None = None,
) -> StudyTable:
    """Trains every cell with every seed and returns their table; what ``folder`` already holds is not trained again.

    cells: settings by name (a TOML file, a mapping of its tables, or `Settings`).  seeds: of everything random; the same for
    every cell, so that differences between cells can be taken seed by seed.  workers: processes, one thread each (on a GPU: 1).
    budget_minutes: after it no training begins; with ``keep_runs``, which keeps the folder of every run beside its result, those
    under way stop with a checkpoint and are gone on with the next time.  told(cell, done, all): called after each.

    A result depends on nothing but its settings and seed (and the machine's arithmetic), in whatever order the cells are trained.
    Ctrl-C ends the study: KeyboardInterrupt; what is finished stays, and the next time goes on. Raises InputError, OSError.
    """
    todo = [make_cell(name, read_settings(config)) for name, config in cells.items()]
    chosen = [integer(seed, "seed", 0, 2**63 - 1) for seed in seeds]
    if not todo or not chosen:
        raise InputError("a study needs at least one cell and one seed.")
    count = integer(workers, "workers", 1, MOST_WORKERS)
    end = None if budget_minutes is None else time.monotonic() + 60 * float(rational(budget_minutes, "budget-minutes"))
    place = Path(str(folder))
    place.mkdir(parents=True, exist_ok=True)
    pending = [(cell, seed) for seed in chosen for cell in todo if not _is_over(load_result(cell.path(place, seed)))]
    jobs = [_Job(cell.name, cell.settings.text, seed, str(place), data_root, device, keep_runs, end) for cell, seed in pending]
    _carry_out(jobs, count, end, told)
    found = [load_result(cell.path(place, seed)) for cell in todo for seed in chosen]
    return StudyTable(tuple(cell.name for cell in todo), tuple(chosen), tuple(each for each in found if _is_over(each)))  # type: ignore[misc]


def _is_over(result: CellResult | None) -> bool:
    return result is not None and result.is_over


class _Job:
    """What a worker needs to know; sent to it, so plain."""

    def __init__(
        self, name: str, text: str, seed: int, folder: str, data_root: object, device: str, keep: bool, end: float | None
    ) -> None:
        self.name, self.text, self.seed, self.folder = name, text, seed, Path(folder)
        self.data_root, self.device, self.keep, self.end = data_root, device, keep, end


def _carry_out(jobs: Sequence[_Job], count: int, end: float | None, told: Told | None) -> None:
    if count == 1:
        for done, job in enumerate(jobs):
            if end is not None and time.monotonic() >= end:
                return
            if not _train(job):
                raise KeyboardInterrupt
            if told is not None:
                told(job.name, done + 1, len(jobs))
        return
    with pool_of(min(count, max(1, len(jobs)))) as pool:
        _in_processes(pool, list(jobs), count, end, told)


def _in_processes(pool: ProcessPoolExecutor, jobs: list[_Job], count: int, end: float | None, told: Told | None) -> None:
    """Hands out jobs one by one, so that none begins after the end."""
    under_way: dict[Future[bool], str] = {}
    done, left = 0, iter(jobs)
    while True:
        while len(under_way) < count and (end is None or time.monotonic() < end):
            job = next(left, None)
            if job is None:
                break
            under_way[pool.submit(carried_out, _train, job)] = job.name
        if not under_way:
            return
        for future in wait(under_way, return_when=FIRST_COMPLETED).done:
            name, done = under_way.pop(future), done + 1
            if not future.result():
                raise KeyboardInterrupt
            if told is not None:
                told(name, done, len(jobs))


def _train(job: _Job) -> bool:
    """Trains, keeps the result, and returns whether nobody interrupted it."""
    cell = make_cell(job.name, read_settings(json.loads(job.text)))
    path = cell.path(job.folder, job.seed)
    out, minutes = None, None
    if job.keep:
        path.parent.mkdir(parents=True, exist_ok=True)
        out = path.with_suffix("")
        minutes = None if job.end is None else max(0.01, (job.end - time.monotonic()) / 60)
    run = train(cell.settings, out, job.seed, resume=job.keep, data_root=job.data_root, device=job.device, budget_minutes=minutes)
    save_result(result_of(cell, run), path)
    return run.outcome is not TrainingOutcome.INTERRUPTED
