"""Particles in files: .npy, .npz, .csv, .tsv and NetCDF, with weights where the file has them."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError, shown
from wgflow.fourier.table_file import is_number

Floats = NDArray[np.float64]

ENDINGS = (".npy", ".npz", ".csv", ".tsv", ".nc")
MOST_BYTES = 8 * 10**9
NAMES = ("position", "particles", "points", "x")
WEIGHTS = ("weights", "weight")


def read_particles(path: object, dim: int) -> tuple[Floats, Floats | None]:
    """Returns the positions (N, n) of a file, and their weights (N,), nonnegative of sum 1, or None where it has none.

    .npy: an array (N, n), or (N,) for n = 1.  .npz: such an array named position, particles, points or x (or any name where
    it is the only one), with ``weights`` (N,) or not.  .csv, .tsv: n columns, with a header or not; a column named
    ``weight`` holds the weights; lines after # are comments.  .nc: as .npz; of a wgflow run the last frame of ``position``.
    Integers and float32 are converted. Weights are divided by their sum.

    Raises InputError (one line) for a file that holds no such particles, OSError where it cannot be read. Pickled objects
    in a file are refused, never loaded.
    """
    file = Path(str(path))
    suffix = file.suffix.lower()
    if suffix not in ENDINGS:
        raise InputError(f"particle file {shown(path)} must end in one of {', '.join(ENDINGS)}.")
    size = file.stat().st_size
    if size > MOST_BYTES:
        raise InputError(f"particle file {shown(path)} has {size} bytes; at most {MOST_BYTES} are read.")
    readers = {".npy": _from_npy, ".npz": _from_npz, ".nc": _from_netcdf}
    try:
        positions, weights = readers.get(suffix, _from_table)(file)
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, EOFError, zipfile.BadZipFile, OverflowError, NotImplementedError, csv.Error):
        raise InputError(f"particle file {shown(path)} is not a {suffix} file of numbers.") from None
    return _checked(file, positions, dim), None if weights is None else _checked_weights(file, weights, len(positions))


# --- the formats --------------------------------------------------------------------------------------------------

Found = tuple[NDArray, NDArray | None]


def _from_npy(file: Path) -> Found:
    with open(file, "rb") as stream:
        _check_header(file, stream)
    return np.load(file, allow_pickle=False), None


def _from_npz(file: Path) -> Found:
    with zipfile.ZipFile(file) as archive:
        for member in archive.namelist():
            if member.endswith(".npy"):
                with archive.open(member) as stream:
                    _check_header(file, stream)  # before its bytes are unpacked
    with np.load(file, allow_pickle=False) as data:
        arrays = {name: data[name] for name in data.files}
    return _chosen(file, {name: array for name, array in arrays.items() if isinstance(array, np.ndarray)})


def _check_header(file: Path, stream: object) -> None:
    """Refuses an array by its header: objects, which are pickles, and sizes beyond reason."""
    major, _ = np.lib.format.read_magic(stream)  # type: ignore[arg-type]
    read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    shape, _, kind = read(stream)  # type: ignore[arg-type]
    if kind.hasobject:
        raise InputError(f"particle file {shown(file)} holds Python objects; save numbers (array.astype(float)).")
    if kind.itemsize * float(np.prod([float(side) for side in shape])) > MOST_BYTES:
        raise InputError(f"particle file {shown(file)} holds an array of shape {shape}; at most {MOST_BYTES} bytes are read.")


def _chosen(file: Path, arrays: dict[str, NDArray]) -> Found:
    weights = next((arrays.pop(name) for name in WEIGHTS if name in arrays), None)
    name = next((name for name in NAMES if name in arrays), next(iter(arrays), None) if len(arrays) == 1 else None)
    if name is None:
        have = f"the arrays {', '.join(map(str, list(arrays)[:8]))}" if arrays else "no array of positions"
        raise InputError(f"particle file {shown(file)} has {have}; name the positions {NAMES[0]}.")
    return arrays[name], weights


def _from_netcdf(file: Path) -> Found:
    import xarray  # late

    try:
        with xarray.open_dataset(file, engine="h5netcdf") as data:
            names = list(map(str, data.data_vars))
            arrays = {}
            for name in [name for name in names if name in NAMES + WEIGHTS] or names:
                variable = data[name]
                for along in {"frame", "time"} & set(map(str, variable.dims)):
                    variable = variable.isel({along: -1})
                if variable.nbytes > MOST_BYTES:
                    raise InputError(f"particle file {shown(file)} has too large a variable {name}.")
                arrays[name] = variable.values
    except OSError as problem:
        if problem.errno is not None:
            raise
        raise ValueError from None  # HDF5 says so of a file that is none
    return _chosen(file, arrays)


def _from_table(file: Path) -> Found:
    delimiter = "\t" if file.suffix.lower() == ".tsv" else ","
    with open(file, encoding="utf-8-sig", newline="") as lines:
        head = next((row for row in csv.reader(lines, delimiter=delimiter) if _has_content(row)), None)
    if head is None:
        raise InputError(f"particle file {shown(file)} is empty; it needs one row of numbers a particle.")
    names = [cell.strip().lower() for cell in head]
    named = not all(is_number(cell) for cell in names)
    with open(file, encoding="utf-8-sig", newline="") as lines:
        rows = (row for row in csv.reader(lines, delimiter=delimiter) if _has_content(row))
        if named:
            next(rows)
        table = _numbers(file, rows, len(names))
    weight = next((names.index(name) for name in WEIGHTS if named and name in names), None)
    if weight is None:
        return table, None
    return np.delete(table, weight, axis=1), table[:, weight]


def _has_content(row: list[str]) -> bool:
    return any(cell.strip() for cell in row) and not row[0].lstrip().startswith("#")


def _numbers(file: Path, rows: Iterator[list[str]], columns: int) -> Floats:
    found: list[list[float]] = []
    for number, row in enumerate(rows, 1):
        try:
            found.append([float(cell) for cell in row])
        except ValueError:
            raise InputError(f"particle file {shown(file)}: row {number} is not numbers: {shown(','.join(row), 40)}.") from None
        if len(row) != columns:
            raise InputError(f"particle file {shown(file)}: row {number} has {len(row)} columns, not {columns}.")
    return np.array(found, dtype=np.float64).reshape(len(found), columns)


# --- checks -------------------------------------------------------------------------------------------------------


def _checked(file: Path, array: NDArray, dim: int) -> Floats:
    if array.dtype.kind not in "iuf":
        raise InputError(f"particle file {shown(file)} holds {array.dtype} where real numbers are needed.")
    if array.ndim == 1 and dim == 1:
        array = array[:, None]
    if array.ndim != 2 or array.shape[1] != dim:
        turned = " Its transpose would fit." if array.ndim == 2 and array.shape[0] == dim else ""
        raise InputError(f"particle file {shown(file)} has the shape {array.shape}; dimension {dim} needs (N, {dim}).{turned}")
    if not len(array):
        raise InputError(f"particle file {shown(file)} has no particles.")
    return _finite(file, np.ascontiguousarray(array, dtype=np.float64), "position")


def _checked_weights(file: Path, array: NDArray, count: int) -> Floats:
    if array.dtype.kind not in "iuf" or array.shape != (count,):
        raise InputError(f"particle file {shown(file)}: weights of shape {array.shape} do not go with {count} particles.")
    weights = _finite(file, np.array(array, dtype=np.float64), "weight")
    total = weights.sum()
    if (weights < 0).any() or not 0 < total < np.inf:
        raise InputError(f"particle file {shown(file)}: weights must not be negative, nor all zero.")
    return weights / total


def _finite(file: Path, array: Floats, what: str) -> Floats:
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(array) <= 1e100)
    if bad.any():
        row = int(np.argmax(bad.reshape(len(array), -1).any(axis=1)))
        value = array[row].ravel()[bad[row].ravel()][0]
        raise InputError(f"particle file {shown(file)}: {what} {row + 1} is {value}; finite numbers up to 1e100 are needed.")
    return array
