"""Arrays in .npz files: read without pickles, and taken as images or points by their shapes."""

from __future__ import annotations

import io
import lzma
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wgflow.arithmetic.number import InputError, shown
from wgflow.gan.data.local_file import MOST_BYTES, LocalFile, read_local
from wgflow.gan.data.source import LARGEST
from wgflow.gan.data.stored import Labelled, StoredSource
from wgflow.gan.options import Options

Array = NDArray[np.generic]
# What zipfile, its four ways of packing and NumPy's reader raise for contents that are damaged, encrypted or made to hurt.
DAMAGE = (ValueError, OSError, EOFError, LookupError, ArithmeticError, RuntimeError, MemoryError, SyntaxError,
          zipfile.BadZipFile, zlib.error, lzma.LZMAError, tokenize.TokenError)  # fmt: skip
LAYOUT = "x_train and x_test, (N, n) numbers or (N, height, width[, channels]) bytes, and y_train and y_test if there are classes"


def read_npz(file: LocalFile) -> dict[str, Array]:
    """Returns the arrays of an .npz file by name; raises InputError for what is none, or holds anything but plain arrays."""
    try:
        with zipfile.ZipFile(io.BytesIO(file.content)) as archive:
            total = sum(each.file_size for each in archive.infolist())
        if total > MOST_BYTES:
            raise InputError(f"{shown(file.path, 200)} unpacks to {total} bytes; at most {MOST_BYTES} are read.")
        with np.load(io.BytesIO(file.content), allow_pickle=False) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    except InputError:
        raise
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"{shown(file.path, 200)} cannot be read as .npz ({reason}); get the file again.") from None
    for name, array in found.items():
        if not isinstance(array, np.ndarray):  # NumPy returns the bytes of a member that is no array
            raise InputError(f"{shown(file.path, 200)}: {shown(name)} is no array; write the file with numpy.savez.")
    return found


def stored_arrays(options: Mapping[str, object]) -> StoredSource:
    """Returns the samples of the user's own .npz file, named by the option ``file``: images of bytes, or points.

    Arrays: x_train, x_test, and y_train, y_test where there are classes; (N, n) numbers are points, (N, H, W), (N, H, W, 3)
    and (N, 3, H, W) bytes are images.
    """
    given = Options("data npz", options)
    root, name = given.take("data-root", "."), given.take("file", None)
    given.finish()
    if not isinstance(name, str):
        raise InputError("data 'npz' needs a file; type file = \"samples.npz\" in [data].")
    file = read_local(Path(str(root)).expanduser() / name)
    return StoredSource("npz", *labelled_pair(file, read_npz(file)), {file.path.name: file.words(None)})


def labelled_pair(file: LocalFile, arrays: Mapping[str, Array]) -> tuple[Labelled, Labelled]:
    """Returns the training and the held-out part of the arrays x_train, x_test (and y_train, y_test)."""
    for name in ("x_train", "x_test"):
        if name not in arrays:
            raise InputError(f"{shown(file.path, 200)} holds no {name}; it must hold {LAYOUT}.")
    train, test = (_part(file, arrays[f"x_{part}"], arrays.get(f"y_{part}")) for part in ("train", "test"))
    return train, test


def _part(file: LocalFile, x: Array, y: Array | None) -> Labelled:
    labels = None if y is None else _classes(file, y)
    if 0 in x.shape:
        raise InputError(f"{shown(file.path, 200)} holds an empty array of shape {x.shape}; it must hold {LAYOUT}.")
    if x.ndim == 2 and x.dtype.kind in "fiu" and np.isfinite(x).all():
        if max(float(x.max()), -float(x.min())) > LARGEST:
            raise InputError(f"{shown(file.path, 200)} holds numbers beyond {LARGEST:g} in size; scale them to about 1.")
        return Labelled(x, labels, 0)
    if x.dtype == np.uint8 and x.ndim in (3, 4):
        return Labelled(channels_first(x), labels, 255)
    raise InputError(f"{shown(file.path, 200)} holds {x.dtype} of shape {x.shape}; it must hold {LAYOUT}.")


def channels_first(images: Array) -> Array:
    """Returns images as (N, channels, height, width), from (N, H, W), (N, H, W, 1 or 3) or (N, 1 or 3, H, W).

    >>> channels_first(np.zeros((2, 8, 9, 3))).shape, channels_first(np.zeros((2, 8, 9))).shape
    ((2, 3, 8, 9), (2, 1, 8, 9))
    """
    if images.ndim == 3:
        return images[:, None]
    if images.shape[1] in (1, 3) and images.shape[3] not in (1, 3):
        return images
    return np.ascontiguousarray(np.moveaxis(images, 3, 1))


def _classes(file: LocalFile, labels: Array) -> NDArray[np.int64]:
    flat = labels.reshape(-1)
    if flat.dtype.kind not in "iu" or (len(flat) and flat.min() < 0):
        raise InputError(f"{shown(file.path, 200)} has labels that are no whole numbers >= 0.")
    return flat.astype(np.int64)
