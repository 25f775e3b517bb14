"""The file of a run: one writer, whole files, and a checkpoint beside it from which the run goes on.

``run.nc`` appears when the run is over. Until then ``run.nc.checkpoint`` holds everything recorded so far and the state to
go on from, under a digest; it is replaced whole, so that a process killed at any moment leaves the one before or the next.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from wgflow.arithmetic.number import InputError, shown
from wgflow.files import remove_remains, sole_holder
from wgflow.run import load, save

TYPE_CHECKING = False
if TYPE_CHECKING:
    from xarray import Dataset

DIGEST = "sha256"


def checkpoint_path(path: object) -> Path:
    """Returns the name of the checkpoint that belongs to a run file."""
    target = Path(os.fspath(path))  # type: ignore[call-overload]
    return target.with_name(target.name + ".checkpoint")


@contextmanager
def only_writer(path: object) -> Iterator[None]:
    """Holds the right to write ``path`` while the block runs; raises OSError where another process holds it."""
    with sole_holder(path, "another process is writing this run; choose another --out"):
        remove_remains(path)
        remove_remains(checkpoint_path(path))
        yield


def digest(data: Dataset) -> str:
    """Returns the SHA-256 of every variable (name, dimensions, type, bytes) and attribute of a dataset, its own digest apart."""
    total = hashlib.sha256()
    for name in sorted(map(str, data.variables)):
        values = np.ascontiguousarray(data[name].values)
        total.update(repr((name, data[name].dims, values.shape, values.dtype.str)).encode())
        total.update(values.tobytes())
    for name in sorted(map(str, data.attrs)):
        if name != DIGEST:
            total.update(repr((name, str(data.attrs[name]))).encode())
    return total.hexdigest()


def save_signed(data: Dataset, path: object) -> None:
    """Writes a dataset whole, with its digest among its attributes. Raises OSError."""
    save(data.assign_attrs({DIGEST: digest(data)}), path)


def load_signed(path: object) -> Dataset:
    """Returns a dataset that `save_signed` wrote; raises InputError where the file is damaged, FileNotFoundError where absent."""
    if not Path(os.fspath(path)).exists():  # type: ignore[call-overload]
        raise FileNotFoundError(errno.ENOENT, "no such file", str(path))
    try:
        data = load(path)
    except (OSError, ValueError, KeyError, RuntimeError) as problem:
        reason = type(problem).__name__
        raise InputError(
            f"{shown(path)} cannot be read as a run of wgflow ({reason}); it is damaged or something else."
        ) from None
    if data.attrs.get(DIGEST) != digest(data):
        raise InputError(f"{shown(path)} is damaged or was changed: its digest does not match; start the run anew.")
    return data


def check_out(path: str) -> None:
    """Raises InputError for a run file whose name does not end in .nc, and OSError where its folder does not exist."""
    if not path.lower().endswith(".nc"):
        raise InputError(f"--out {shown(path)} must end in .nc (NetCDF).")
    folder = Path(path).absolute().parent
    if not folder.is_dir():
        raise FileNotFoundError(errno.ENOENT, "no such folder", str(folder))
    if Path(path).is_dir():
        raise IsADirectoryError(errno.EISDIR, "is a folder, not a file", path)


def load_run(path: object, schema: str, needed: str) -> Dataset:
    """Returns the dataset of a run that is over, which has an "outcome", or of a checkpoint, which has a "state".

    Raises InputError where the file is another kind of run, or another of the two, or damaged; FileNotFoundError.
    """
    data = load_signed(path)
    if data.attrs.get("schema") != schema:
        raise InputError(f"{shown(path)} is not a run of the kind that this version of wgflow calls {schema}.")
    if needed not in data and needed not in data.attrs:
        kind = "a checkpoint, not a run that is over" if needed == "outcome" else "a run that is over, not a checkpoint"
        raise InputError(f"{shown(path)} is {kind}; its name must be RUN.nc{'.checkpoint' if needed == 'outcome' else ''}.")
    return data


def check_no_checkpoint(path: str) -> None:
    """Raises InputError where an interrupted run would be lost, or the next --resume go on with it in place of the new one."""
    beside = checkpoint_path(path)
    if beside.exists():
        raise InputError(f"{shown(beside)} holds an interrupted run; type --resume {path} to go on with it, or remove that file.")


def nothing_there(path: str) -> InputError:
    """Returns the error of resuming what does not exist."""
    return InputError(
        f"there is neither a checkpoint {shown(checkpoint_path(path))} nor a run {shown(path)}; start it with --out."
    )


def settle(data: Dataset, path: str) -> None:
    """Writes the file of a run that is over, then removes its checkpoint."""
    save_signed(data, path)
    checkpoint_path(path).unlink(missing_ok=True)
