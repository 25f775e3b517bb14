"""The log of a run: one JSON object a line, equal for equal runs; times stand in a file beside it."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from wgflow.arithmetic.number import InputError, shown

Row = Mapping[str, object]


class Log(ABC):
    """Where rows go."""

    @abstractmethod
    def add(self, row: Row) -> None:
        """Records a row, which has a "step"; numbers that are not finite are recorded as null."""

    @abstractmethod
    def position(self) -> int:
        """Returns the length of what is recorded, after making it durable; a resumed run cuts the log there."""

    @abstractmethod
    def rows(self) -> list[dict[str, object]]:
        """Returns everything recorded."""

    @abstractmethod
    def close(self) -> None:
        """Ends the recording."""


class MemoryLog(Log):
    """Rows of a run without files, or of a process that is not the one that writes them."""

    def __init__(self) -> None:
        self._rows: list[dict[str, object]] = []

    def add(self, row: Row) -> None:
        self._rows.append(finite(row))

    def position(self) -> int:
        return len(self._rows)

    def rows(self) -> list[dict[str, object]]:
        return self._rows

    def close(self) -> None:
        return None


class FileLog(Log):
    """``log.jsonl`` in the folder of a run, and ``times.jsonl`` with the seconds that passed since this process began."""

    def __init__(self, folder: Path, position: int) -> None:
        self.path, self.begun = folder / "log.jsonl", time.monotonic()
        _check_log(self.path, position)
        self._times: IO[bytes] = open(folder / "times.jsonl", "ab")  # noqa: SIM115  # both are closed by close()
        try:
            self._file: IO[bytes] = open(self.path, "ab")  # noqa: SIM115
            self._file.truncate(position)
        except BaseException:
            self._times.close()
            raise

    def add(self, row: Row) -> None:
        self._file.write(_line(finite(row)))
        self._file.flush()
        self._times.write(_line({"step": row["step"], "seconds": round(time.monotonic() - self.begun, 3)}))
        self._times.flush()

    def position(self) -> int:
        self._file.flush()
        os.fsync(self._file.fileno())
        return self._file.tell()

    def rows(self) -> list[dict[str, object]]:
        return read_log(self.path)

    def close(self) -> None:
        self._file.close()
        self._times.close()


class TensorBoard:
    """The numbers of a log in TensorBoard's event files. Raises InputError where TensorBoard is not installed."""

    def __init__(self, folder: Path, step: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter  # late: an extra
        except ImportError:
            raise InputError(
                "measure.tensorboard needs TensorBoard; type pip install tensorboard, or tensorboard = false."
            ) from None
        self._writer: Any = SummaryWriter(str(folder / "tensorboard"), purge_step=step + 1)

    def add(self, row: Row) -> None:
        step = row["step"]
        for name, value in flat(row).items():
            if name != "step" and isinstance(value, int | float) and math.isfinite(value):
                self._writer.add_scalar(name, value, step)

    def close(self) -> None:
        self._writer.close()


class Progress:
    """One line on standard error that says how far the training is; silent where that is no terminal."""

    def __init__(self, wanted: bool = True) -> None:
        self.shown = wanted and sys.stderr is not None and sys.stderr.isatty()
        self.last = 0.0

    def step(self, step: int, steps: int, row: Row | None) -> None:
        if self.shown and time.monotonic() - self.last > 0.2:
            self.last = time.monotonic()
            losses = (
                ""
                if row is None
                else "".join(f", {k.split('_')[0]} {row[k]:.4g}" for k in LOSSES if isinstance(row.get(k), float))
            )
            print(f"\r\x1b[K{step}/{steps}{losses}", end="", file=sys.stderr, flush=True)

    def done(self) -> None:
        if self.shown:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


LOSSES = ("discriminator_loss", "generator_loss")


def read_log(path: Path) -> list[dict[str, object]]:
    """Returns the rows of a log file; raises InputError where it is damaged."""
    return _rows(path, path.read_bytes())


def _rows(path: Path, content: bytes) -> list[dict[str, object]]:
    try:
        found = [json.loads(line) for line in content.splitlines()]
    except (ValueError, RecursionError):
        found = [None]
    if not all(isinstance(row, dict) and "step" in row for row in found):
        raise InputError(f"{shown(path, 200)} is damaged: a line is no JSON object with a step. Start the run anew elsewhere.")
    return found


def _check_log(path: Path, position: int) -> None:
    """Raises InputError where a log is not one that a checkpoint of this length can go on with, before anything is cut away."""
    content = path.read_bytes() if path.exists() else b""
    if len(content) < position:
        raise InputError(f"{shown(path, 200)} is shorter than its checkpoint says; it was changed. Start the run anew elsewhere.")
    _rows(path, content[:position])


def flat(row: Row, prefix: str = "") -> dict[str, object]:
    """Returns a row without tables inside: {"metrics": {"coverage": 1}} becomes {"metrics/coverage": 1}."""
    out: dict[str, object] = {}
    for key, value in row.items():
        out |= flat(value, f"{prefix}{key}/") if isinstance(value, Mapping) else {prefix + key: value}
    return out


def finite(row: Row) -> dict[str, object]:
    """Returns a row that JSON can hold: numbers that are not finite are None."""
    return {str(key): _finite(value) for key, value in row.items()}


def _finite(value: object) -> Any:
    if isinstance(value, Mapping):
        return finite(value)
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, bool | int | str) or value is None:
        return value
    number = float(value)  # type: ignore[arg-type]  # also NumPy's and torch's
    return number if math.isfinite(number) else None


def _line(row: Row) -> bytes:
    return (json.dumps(row, allow_nan=False) + "\n").encode()
