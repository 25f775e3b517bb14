"""What keeps a training run while it goes: a folder with log, checkpoints and result, or memory alone."""

from __future__ import annotations

import json
import platform
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import safetensors
import torch

from wgflow import __version__
from wgflow.arithmetic.number import InputError, shown
from wgflow.files import sole_holder, write_whole
from wgflow.gan.training.checkpoint import Checkpoint, save_checkpoint
from wgflow.gan.training.log import FileLog, Log, MemoryLog, Row, TensorBoard
from wgflow.gan.training.run_folder import (
    CHECKPOINT,
    LOG,
    RESULT,
    SHEETS,
    check_data,
    clear_remains,
    recorded_settings,
    write_settings,
)
from wgflow.gan.training.settings_records import Settings

WRITING_SHARE = 20  # a checkpoint is written at most this rarely, in units of the time that writing takes


class Keeper(ABC):
    """Where a run is kept. ``folder``: None where it is kept in memory alone."""

    folder: Path | None

    @abstractmethod
    def begin(self, settings: Settings, seed: int, provenance: Mapping[str, str], found: Checkpoint | None) -> None:
        """Makes ready to record a run that begins, or goes on from a checkpoint; raises InputError where its data are others."""

    @abstractmethod
    def record(self, row: Row) -> None:
        """Takes a line of the log."""

    @abstractmethod
    def rows(self) -> list[dict[str, object]]:
        """Returns all lines of the log."""

    @abstractmethod
    def due(self) -> bool:
        """Returns whether it is time for a checkpoint."""

    @abstractmethod
    def keep(self, found: Checkpoint) -> None:
        """Writes a checkpoint; the log up to now belongs to it."""

    @abstractmethod
    def finish(self, result: Mapping[str, object]) -> None:
        """Writes the result."""

    @abstractmethod
    def close(self) -> None:
        """Lets go of files."""


class InMemory(Keeper):
    """For runs without files, and for all processes but the first."""

    folder = None

    def __init__(self) -> None:
        self._log = MemoryLog()

    def begin(self, settings: Settings, seed: int, provenance: Mapping[str, str], found: Checkpoint | None) -> None:
        return None

    def record(self, row: Row) -> None:
        self._log.add(row)

    def rows(self) -> list[dict[str, object]]:
        return self._log.rows()

    def due(self) -> bool:
        return False

    def keep(self, found: Checkpoint) -> None:
        return None

    def finish(self, result: Mapping[str, object]) -> None:
        return None

    def close(self) -> None:
        return None


class InFolder(Keeper):
    """Keeps a run in a folder (`wgflow.gan.training.run_folder`), with a checkpoint that is at most so many seconds old."""

    def __init__(self, folder: Path) -> None:
        self.folder: Path = folder
        self._log: Log = MemoryLog()
        self._board: TensorBoard | None = None
        self.between, self.written = 0.0, 0.0

    def begin(self, settings: Settings, seed: int, provenance: Mapping[str, str], found: Checkpoint | None) -> None:
        if recorded_settings(self.folder) is None:
            write_settings(self.folder, settings, seed, provenance, versions())
        else:
            check_data(self.folder, provenance)
        log = self.folder / LOG
        if found is None and log.exists() and log.stat().st_size:
            raise InputError(f"{shown(log, 200)} is there and its checkpoint is not; start the run anew elsewhere.")
        self._log = FileLog(self.folder, 0 if found is None else int(str(found.state["log"])))
        (self.folder / RESULT).unlink(missing_ok=True)  # it told of the end that is now undone
        if settings.measure.tensorboard:
            self._board = TensorBoard(self.folder, 0 if found is None else found.step)
        self.between, self.written = settings.measure.checkpoint_seconds, time.monotonic()

    def record(self, row: Row) -> None:
        self._log.add(row)
        if self._board is not None:
            self._board.add(row)

    def rows(self) -> list[dict[str, object]]:
        return self._log.rows()

    def due(self) -> bool:
        return time.monotonic() - self.written >= self.between

    def keep(self, found: Checkpoint) -> None:
        begun = time.monotonic()
        whole = Checkpoint(found.step, found.model, found.optimizer, {**found.state, "log": self._log.position()})
        save_checkpoint(whole, self.folder / CHECKPOINT)
        self.written = time.monotonic()
        self.between = max(self.between, WRITING_SHARE * (self.written - begun)) if self.between else 0.0

    def finish(self, result: Mapping[str, object]) -> None:
        write_whole(self.folder / RESULT, (json.dumps(result, indent=1, allow_nan=False) + "\n").encode())

    def close(self) -> None:
        self._log.close()
        if self._board is not None:
            self._board.close()


@contextmanager
def keeping(folder: Path | None) -> Iterator[Keeper]:
    """Yields what keeps a run in ``folder``, which is made, or in memory; raises OSError where another process writes there."""
    if folder is None:
        yield InMemory()
        return
    folder.mkdir(parents=True, exist_ok=True)
    with sole_holder(folder / "run", "another process trains into this folder; choose another --out"):
        clear_remains(folder)
        keeper = InFolder(folder)
        try:
            yield keeper
        finally:
            keeper.close()


def sheets_folder(keeper: Keeper) -> Path | None:
    """Returns where sample sheets go."""
    return None if keeper.folder is None else keeper.folder / SHEETS


def versions() -> dict[str, str]:
    """Returns what a run was computed with."""
    return {
        "wgflow": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "safetensors": safetensors.__version__,
        "python": platform.python_version(),
    }
