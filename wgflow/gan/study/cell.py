"""One training of a study, as it is kept: a small JSON file that appears whole."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path

from wgflow.arithmetic.number import InputError, shown
from wgflow.files import write_whole
from wgflow.gan.training.settings import Settings
from wgflow.record import record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from wgflow.gan.training.training_run import TrainingRun

SCHEMA = "wgflow.study/1"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .,+*=()/_-]{0,79}")


@record
class Cell:
    """The settings that one row of a study's table trains with."""

    name: str
    settings: Settings

    def path(self, folder: Path, seed: int) -> Path:
        """Returns where the result of a seed is kept: named after the cell and the digest of its settings."""
        text = re.sub(r"[^A-Za-z0-9.+=-]+", "_", self.name)
        return folder / f"{text}-{self.digest[:8]}" / f"seed-{seed}.json"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.settings.text.encode()).hexdigest()


def make_cell(name: str, settings: Settings) -> Cell:
    """Returns a cell; raises InputError for a name that could not be that of a folder."""
    if not _NAME.fullmatch(name):
        raise InputError(f"cell {shown(name)} must be a short name of letters, digits, spaces and .,+*=()/_-.")
    return Cell(name, settings)


@record
class CellResult:
    """What one seed of a cell came to. ``series``: the metrics as they were measured at ``steps``."""

    cell: str
    seed: int
    outcome: str
    step: int
    collapsed: int | None
    metrics: Mapping[str, float | None]
    steps: tuple[int, ...]
    series: Mapping[str, tuple[float | None, ...]]
    alarms: int
    seconds: float
    device: str

    @property
    def is_over(self) -> bool:
        """Whether the run came to its own end, rather than to that of a time budget."""
        return self.outcome not in ("budget", "interrupted")

    @property
    def ended_well(self) -> bool:
        return self.outcome == "finished" and self.collapsed is None

    def to_json(self) -> dict[str, object]:
        plain = {name: getattr(self, name) for name in type(self).__annotations__}
        return {**plain, "schema": SCHEMA, "steps": list(self.steps), "series": {k: list(v) for k, v in self.series.items()}}


def result_of(cell: Cell, run: TrainingRun) -> CellResult:
    """Returns what is kept of a training run."""
    measured = [(row["step"], row["metrics"]) for row in run.log if "metrics" in row]
    names = sorted({name for _, metrics in measured for name in metrics if not name.endswith(" floor")})  # type: ignore[attr-defined]
    return CellResult(
        cell=cell.name,
        seed=run.seed,
        outcome=run.outcome.value,
        step=run.step,
        collapsed=run.collapsed,
        metrics={name: run.metrics[name] for name in sorted(run.metrics)},  # type: ignore[misc]
        steps=tuple(step for step, _ in measured),  # type: ignore[misc]
        series={name: tuple(metrics.get(name) for _, metrics in measured) for name in names},  # type: ignore[attr-defined]
        alarms=len(run.alarms),
        seconds=round(run.seconds, 2),
        device=str(run.machine["device"]),
    )


def save_result(result: CellResult, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, (json.dumps(result.to_json(), sort_keys=True) + "\n").encode())


def load_result(path: Path) -> CellResult | None:
    """Returns a kept result, None where there is none; raises InputError where the file is something else."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        if plain.pop("schema") != SCHEMA:
            raise KeyError
        plain["steps"] = tuple(plain["steps"])
        plain["series"] = {name: tuple(values) for name, values in plain["series"].items()}
        _check(plain["metrics"])
        return CellResult(**plain)
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(f"{shown(str(path), 200)} is not a result of a study; remove it to train this cell anew.") from None


def _check(metrics: object) -> None:
    if not isinstance(metrics, dict) or not all(value is None or isinstance(value, int | float) for value in metrics.values()):
        raise TypeError("metrics")
