"""Training a GAN from settings: the one function that commands, studies and notebooks call."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path

import torch

from wgflow.arithmetic.number import InputError, integer, rational, shown
from wgflow.gan.data.names import FROM_FILES, make_source
from wgflow.gan.data.source import DataSource
from wgflow.gan.objective import Objective
from wgflow.gan.objectives.names import make_objective
from wgflow.gan.processes import Exchange
from wgflow.gan.training.checkpoint import load_checkpoint
from wgflow.gan.training.cycle import lacks_memory
from wgflow.gan.training.interruption import Interruption
from wgflow.gan.training.keeper import Keeper, keeping, sheets_folder
from wgflow.gan.training.log import Progress
from wgflow.gan.training.loop import Ended, Loop, OnStep, Run
from wgflow.gan.training.outcome import TrainingOutcome
from wgflow.gan.training.players import Players
from wgflow.gan.training.process_group import agreed, chosen_device, joined
from wgflow.gan.training.run_folder import CHECKPOINT, agreeing_settings
from wgflow.gan.training.settings_records import Settings
from wgflow.gan.training.training_run import TrainingRun, machine_of
from wgflow.gan.training.verdicts import Verdicts, verdicts_of
from wgflow.gan.training.watch import Watch

FEATURES = 8  # dimension of the feature space where neither the settings nor the objective say one
MOST_MINUTES = 10**6


def train(
    config: object = None,
    out: object = None,
    seed: object = None,
    *,
    resume: bool = False,
    changes: Iterable[str] = (),
    data_root: object = None,
    device: object = "auto",
    budget_minutes: object = None,
    on_step: OnStep | None = None,
    progress: bool = False,
) -> TrainingRun:
    """Trains a generator against a discriminator and returns what came of it.

    config: a TOML file, or a mapping of the same tables (`wgflow.gan.training.settings` says what they hold); ``changes``: texts
    such as "training.steps=500".  out: folder of the run, None for no files.  seed: of everything random (default 0).  resume: go
    on with the run in ``out`` from its last checkpoint; on CPUs, with the same number of threads, the result is bitwise that of a
    run never interrupted. Where there is none yet, the run begins.  data_root: the folder of data that are read from files.
    device: "cpu", "cuda" or "auto".  budget_minutes: end then, with a checkpoint.  on_step(step, state): called after each cycle.
    progress: a line on standard error, on terminals.

    Under torchrun every process calls this alike; the first one writes. How the run ended is in ``outcome``: divergence is a
    result. Raises InputError for wrong input, OSError for files that cannot be written.

    >>> tables = {"data": {"name": "eight-gaussians"}, "training": {"steps": 2, "batch": 16}, "measure": {"samples": 50}}
    >>> run = train(tables, seed=1, device="cpu")
    >>> run.outcome, run.step, run.samples(3).shape
    (<TrainingOutcome.FINISHED: 'finished'>, 2, (3, 2))
    """
    deadline = None if budget_minutes is None else time.monotonic() + _budget(budget_minutes)
    number = None if seed is None else integer(seed, "seed", 0, 2**63 - 1)
    if out is not None and not str(out):
        raise InputError("--out '' is no folder; type --out DIR, or leave it out for a run without files.")
    folder = None if out is None else Path(str(out))
    if resume and folder is None:
        raise InputError("--resume needs the folder of the run; type --out DIR.")
    place = chosen_device(device)
    with ExitStack() as stack:
        exchange = stack.enter_context(joined(place))
        keeper = stack.enter_context(keeping(folder if exchange.rank == 0 else None))
        agreed(exchange, [True], place)  # the first process holds the folder before the others look into it
        settings, number = agreeing_settings(folder, resume, config, tuple(changes), number)
        run = _assembled(settings, number, data_root, exchange, place)
        found = load_checkpoint(folder / CHECKPOINT) if resume and folder is not None else None
        agreed(exchange, [True], place)  # all have read before the first process writes
        watch = _watch(run, keeper) if exchange.rank == 0 else None
        loop = Loop(run, watch, keeper, Progress(progress and exchange.rank == 0), on_step)
        verdicts = _verdicts(run)
        loop.begin(found)
        with Interruption() as interruption:
            ended = loop.carry_out(interruption, deadline)
        loop.progress.done()
        result = _result(loop, ended, verdicts, folder)
        keeper.finish(result.to_json())
    return result


def _budget(minutes: object) -> float:
    found = rational(minutes, "budget-minutes")
    if not 0 < found <= MOST_MINUTES:
        raise InputError(f"budget-minutes {shown(minutes)} must be positive, a million at most; type --budget-minutes 10, say.")
    return float(found * 60)


def _assembled(settings: Settings, seed: int, data_root: object, exchange: Exchange, device: torch.device) -> Run:
    training = settings.training
    if training.batch % exchange.size:
        raise InputError(f"training: batch = {training.batch} cannot be divided evenly among {exchange.size} processes.")
    objective = make_objective(settings.objective.name, settings.objective.options)
    source = _source(settings, data_root)
    features = _features(settings, objective)
    try:
        players = Players(settings, source.shape, features, seed, device)
    except RuntimeError as problem:
        if lacks_memory(problem):
            raise MemoryError("the networks do not fit into it; a width or depth is too large") from None
        raise
    return Run(settings, seed, objective, source, features, players, exchange, device)


def _source(settings: Settings, data_root: object) -> DataSource:
    options = settings.data.options
    if data_root is not None and settings.data.name in FROM_FILES:
        options = {**options, "data-root": str(data_root)}
    return make_source(settings.data.name, options)


def _features(settings: Settings, objective: Objective) -> int:
    asked, needed = settings.features, objective.features
    if asked is not None and needed is not None and asked != needed:
        raise InputError(f"discriminator: features = {asked}, but {settings.objective.name} needs {needed}; leave features out.")
    return asked or needed or FEATURES


def _watch(run: Run, keeper: Keeper) -> Watch:
    sheets = sheets_folder(keeper)
    return Watch(run.settings, run.players, run.objective, run.source, run.features, run.seed, run.device, sheets)


def _verdicts(run: Run) -> Verdicts:
    if run.exchange.rank:
        return Verdicts(None, None, "none", "the first process knows")
    return verdicts_of(run.objective, run.features, run.settings.objective.options.get("certificate"))


def _result(loop: Loop, ended: Ended, verdicts: Verdicts, folder: Path | None) -> TrainingRun:
    run, rows = loop.run, loop.keeper.rows()
    probe = None if loop.watch is None else loop.watch.probe
    return TrainingRun(
        outcome=ended.outcome,
        reason=ended.reason,
        step=loop.step,
        settings=run.settings,
        seed=run.seed,
        objective=run.objective.describe(),
        verdicts=verdicts,
        metrics=_last_metrics(loop, ended, rows),
        modes=[] if probe is None else probe.rows,
        alarms=[] if probe is None else [str(alarm) for alarm in probe.alarms],
        collapsed=loop.collapsed,
        machine=machine_of(run.device, run.exchange.size),
        seconds=loop.seconds,
        log=rows,
        folder=folder,
        players=run.players,
    )


def _last_metrics(loop: Loop, ended: Ended, rows: list[dict[str, object]]) -> Mapping[str, object]:
    """Returns the metrics of the end; a run that ended early is measured now, one that diverged or was interrupted is not."""
    recorded = next((row for row in reversed(rows) if "metrics" in row), {"step": -1, "metrics": {}})
    if (
        recorded["step"] != loop.step
        and loop.watch is not None
        and ended.outcome in (TrainingOutcome.BUDGET, TrainingOutcome.COLLAPSED)
    ):
        return loop.watch.metrics()
    found: Mapping[str, object] = recorded["metrics"]  # type: ignore[assignment]
    return found
