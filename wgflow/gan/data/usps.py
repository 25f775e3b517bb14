"""USPS: 16 x 16 digits from envelopes (LeCun et al. 1989; Hull 1994), as text or as .npz."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError, shown
from wgflow.gan.data.arrays import Array, read_npz
from wgflow.gan.data.local_file import LocalFile, data_root, find_files, read_local
from wgflow.gan.data.stored import Labelled, StoredSource

FOLDERS = ("usps", "USPS")
TOP = 2000  # grey values have three decimals in [-1, 1], 2000 steps: they are kept as whole numbers, exactly
NPZ = "usps_16x16_x2000"
TEXTS = (("zip.train", "zip.test"), ("usps", "usps.t"))
SIDE = 16


def usps(options: Mapping[str, object]) -> StoredSource:
    """Returns USPS, (1, 16, 16) in [-1, 1], 7291 digits and 2007 held out, from files under ``data-root``.

    Files: zip.train and zip.test (.gz or not; Hastie, Tibshirani and Friedman's: class from 0, then 256 grey values), or
    LIBSVM's usps and usps.t (.bz2 or not: class from 1, then index:value), or usps_16x16_x2000.npz with x_train, y_train,
    x_test, y_test, whole numbers of 2000ths. Raises InputError where they are absent or damaged.
    """
    root = data_root("usps", options)
    for names in TEXTS:
        paths = find_files(root, FOLDERS, names, (".gz", ".bz2", ""))
        if paths is not None:
            files = [read_local(path) for path in paths]
            train, test = (read_text(file) for file in files)
            return StoredSource("usps", train, test, {file.path.name: file.words(None) for file in files})
    arrays = find_files(root, FOLDERS, (NPZ,), (".npz",))
    if arrays is None:
        raise InputError(f"usps is not under {shown(root, 200)}; put zip.train and zip.test (.gz or not) into {root / 'usps'}.")
    file = read_local(arrays[0])
    held = read_npz(file)
    missing = {"x_train", "y_train", "x_test", "y_test"} - set(held)
    if missing:
        raise InputError(f"{shown(file.path, 200)} holds no {', '.join(sorted(missing))}; get the file again.")
    train, test = (_labelled(file, held[f"x_{part}"], held[f"y_{part}"]) for part in ("train", "test"))
    return StoredSource("usps", train, test, {file.path.name: file.words(None)})


def read_text(file: LocalFile) -> Labelled:
    """Returns digits from lines of a class and 256 grey values in [-1, 1]; raises InputError for any other text.

    LIBSVM's lines have ``index:value``, all 256 of them, and classes from 1.
    """
    try:
        rows = [line.split() for line in file.content.decode("ascii").splitlines() if line.strip()]
        libsvm = ":" in rows[0][1]
        table = np.array([[float(word.rpartition(":")[2]) for word in row] for row in rows])
    except (ValueError, IndexError) as error:
        raise InputError(f"{shown(file.path, 200)} is no table of digits ({error}); get the file again.") from None
    if table.ndim != 2 or table.shape[1] != 1 + SIDE**2 or not (np.abs(table[:, 1:]) <= 1).all():
        raise InputError(f"{shown(file.path, 200)} is no table of a class and {SIDE**2} values in [-1, 1]; get the file again.")
    steps = np.rint((table[:, 1:] + 1) * (TOP / 2))
    return _labelled(file, steps.reshape(-1, SIDE, SIDE), table[:, 0] - libsvm)


def _labelled(file: LocalFile, steps: Array, classes: Array) -> Labelled:
    if steps.ndim != 3 or steps.shape[1:] != (SIDE, SIDE) or steps.dtype.kind not in "fiu" or not _within(steps, TOP):
        raise InputError(f"{shown(file.path, 200)} has no {SIDE} x {SIDE} images with values from 0 to {TOP}.")
    if classes.shape != steps.shape[:1] or classes.dtype.kind not in "fiu" or not _within(classes, 9):
        raise InputError(f"{shown(file.path, 200)} has no class from 0 to 9 for every image.")
    return Labelled(steps.astype(np.uint16)[:, None], classes.astype(np.int64), TOP)


def _within(values: Array, most: int) -> bool:
    numbers: NDArray[np.float64] = values.astype(np.float64)
    return bool(((numbers >= 0) & (numbers <= most)).all())
